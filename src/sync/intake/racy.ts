import type { DropFolder } from '../../core/drop-folder.ts';
import type { LedgerPort, RacyFile } from '../ports/ledger.ts';
import type { ClockPort } from '../ports/runtime.ts';
import type { RootGuard } from '../roots/root-guard.ts';
import type { Examiner } from './examiner.ts';

const mostAtOnce = 256;
/** What was taken but not read by then, because its folder was away, somebody held it open or the daemon died, is due again. */
const takenForMs = 10 * 60_000;

export interface RacyDeps {
  readonly ledger: LedgerPort;
  readonly clock: Pick<ClockPort, 'now'>;
  readonly roots: Pick<RootGuard, 'mayTake'>;
  readonly signal: AbortSignal;
}

/** Has the files of this folder that are due examined, as by a hint; resolves when all of them are in hand. */
export async function lookAtRacy(deps: RacyDeps, examiner: Pick<Examiner, 'name'>, folder: DropFolder): Promise<void> {
  for (;;) {
    const taken = await takeRacy(deps, folder.folderId);
    if (taken.length === 0) return;
    for (const { directory, name } of taken) {
      if (deps.signal.aborted || !deps.roots.mayTake(folder)) return;
      await examiner.name(folder, directory, name);
    }
  }
}

/** Takes some of them; nobody else gets them meanwhile. */
async function takeRacy({ ledger, clock }: RacyDeps, folderId: number): Promise<readonly RacyFile[]> {
  const nowMs = clock.now();
  // Mostly there is none, and then nothing is written.
  if (ledger.racyFiles.due(folderId, nowMs, 1).length === 0) return [];
  return await ledger.write(({ racyFiles }) => {
    const due = racyFiles.due(folderId, nowMs, mostAtOnce);
    for (const { directoryId, name } of due) racyFiles.note(directoryId, name, nowMs + takenForMs);
    return due;
  });
}
