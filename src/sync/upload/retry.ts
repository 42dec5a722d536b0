import type { ContentState } from '../../core/content.ts';
import { unknownStat } from '../../core/diff.ts';
import { absolutePath, type FilePath } from '../../core/entry.ts';
import { type CommitDeps, commitOutcome } from '../commit/commit.ts';

export interface RetryDeps extends CommitDeps {
  /** Look at this name again, however it looks. */
  readonly onLook: (file: RetryFile) => void;
  /** There may be new work in the ledger. */
  readonly onWork: () => void;
}

/** A file by its row in the ledger. */
export type RetryFile = FilePath & { readonly folderId: number; readonly directoryId: number };

/** What came of one file. */
export interface Retried {
  readonly path: string;
  /** `retried`: on its way again; `looked_at`: the file itself is looked at anew; `unchanged`: nothing to do. */
  readonly outcome: 'retried' | 'looked_at' | 'unchanged' | 'unknown';
  readonly state: ContentState | null;
  /** What was done, or why nothing was. */
  readonly message: string;
}

/**
 * A person wants another try with this file. What is on its way or in FLORA is left alone; the row is changed by
 * compare-and-set like every other, so that a worker that has it in hand finds its own result stale.
 */
export async function retryFile(deps: RetryDeps, file: RetryFile): Promise<Retried> {
  const { ledger } = deps;
  const path = absolutePath(file);
  const known = ledger.files.get(file.directoryId, file.name);
  if (known === undefined) return { path, outcome: 'unknown', state: null, message: 'the ledger has never seen it' };
  if (known.isGone) {
    return { path, outcome: 'unchanged', state: 'gone', message: 'the file is not there any more' };
  }
  if (known.problem !== null) return await lookAnew(deps, file, known.problem.reason);
  const content = known.contentId === null ? undefined : ledger.contents.get(known.contentId);
  if (content === undefined) throw new Error(`${path} has neither a content nor a problem`);
  switch (content.state) {
    case 'ready':
      return { path, outcome: 'unchanged', state: 'ready', message: 'is ready' };
    case 'queued':
    case 'reserved':
    case 'uploaded':
    case 'checking':
    case 'renewing': {
      const message = `is on its way${content.reason === null ? '' : `: ${content.reason}`}`;
      return { path, outcome: 'unchanged', state: content.state, message };
    }
    case 'gone': {
      // Its bytes were not there when they were to be sent: only a look tells which are.
      const { id } = content;
      await ledger.write((tables) => tables.files.doubt(file.directoryId, file.name, id));
      deps.onLook(file);
      return { path, outcome: 'looked_at', state: 'gone', message: 'is looked at anew' };
    }
    case 'rejected':
    case 'missing':
    case 'matching': {
      // Who waits for a comparison is sent without it; what the ledger may have forgotten is looked for first.
      const needsMatching = content.state !== 'matching' && ledger.directories.toMatch().length > 0;
      const event = { type: 'wanted', by: 'operator', needsMatching } as const;
      const after = await commitOutcome(deps, content, { event, requestId: null, doubted: [] });
      if (after === null) {
        const state = ledger.contents.get(content.id)?.state ?? null;
        return { path, outcome: 'unchanged', state, message: `has changed meanwhile: it is ${state}` };
      }
      deps.onWork();
      const why = content.reason === null ? '' : ` (${content.reason})`;
      return { path, outcome: 'retried', state: after.state, message: `was ${content.state}${why}, is tried again` };
    }
    default: {
      const never: never = content.state;
      throw new Error(`Unknown content state ${String(never)}`);
    }
  }
}

/** Settings or permissions may be others now: the row forgets how the file looked, so that the next look sees a change. */
async function lookAnew(deps: RetryDeps, file: RetryFile, reason: string): Promise<Retried> {
  const nowMs = deps.clock.now();
  await deps.ledger.write((tables) => {
    const known = tables.files.get(file.directoryId, file.name);
    // The intake may have taken it in meanwhile.
    if (known === undefined || known.problem === null || known.isGone) return;
    tables.files.saveProblem(file.directoryId, file.name, unknownStat, known.problem, nowMs);
  });
  deps.onLook(file);
  const message = `was rejected (${reason}), is looked at anew`;
  return { path: absolutePath(file), outcome: 'looked_at', state: 'rejected', message };
}
