import type { ClockPort, LedgerPort } from '../ports/ledger.ts';
import type { FolderWatch, IntakeFolder } from '../roots/root-guard.ts';
import type { Examiner } from './examiner.ts';

/** A file that is to be read once more although it may look the same; see `racyUntilMs` in core/settle. */
export interface RacyFile {
  readonly directoryId: number;
  readonly directory: string;
  readonly name: string;
}

export interface RacyFilesPort {
  has(directoryId: number, name: string): boolean;
  /** Those of a folder that are due by now (wall clock), the longest due first. */
  due(folderId: number, nowMs: number, most: number): readonly RacyFile[];
  /** Until the file's row is written anew it is racy, and due from then on. */
  note(directoryId: number, name: string, untilMs: number): void;
}

const mostAtOnce = 256;
/** What was taken but not read by then, because its folder was away, somebody held it open or the daemon died, is due again. */
const takenForMs = 10 * 60_000;

export interface RacyDeps {
  readonly ledger: LedgerPort;
  readonly clock: Pick<ClockPort, 'now'>;
  readonly signal: AbortSignal;
}

/** Has the files of this folder that are due examined, as by a hint; resolves when all of them are in hand. */
export async function lookAtRacy(
  deps: RacyDeps,
  folders: Pick<FolderWatch, 'mayTake'>,
  examiner: Pick<Examiner, 'name'>,
  folder: IntakeFolder,
): Promise<void> {
  for (;;) {
    const taken = await takeRacy(deps, folder.folderId);
    if (taken.length === 0) return;
    for (const { directory, name } of taken) {
      if (deps.signal.aborted || !folders.mayTake(folder)) return;
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
