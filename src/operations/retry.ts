import { absolutePath } from '../core/entry.ts';
import { failureCodes } from '../core/failure.ts';
import { displayName } from '../core/name.ts';
import {
  absolute,
  list,
  nullable,
  number,
  objectWith,
  oneOf,
  requestOneOf,
  requestWith,
  type Shaped,
  text,
  yes,
} from '../core/shape.ts';
import type { Inventory } from '../ledger/inventory.ts';
import { reopenCreation } from '../sync/flora/creating.ts';
import { type RetryDeps, type RetryFile, retryFile } from '../sync/upload/retry.ts';
import { requireKnown } from './known-files.ts';

/** Tries files again: those that are named, or everything that failed. */
export const retry = {
  path: '/retry',
  request: requestOneOf(
    'Give either `paths`, an array of absolute paths, or `failed: true`',
    requestWith({ paths: list(absolute, 'absolute paths', 1) }),
    requestWith({ failed: yes }),
  ),
  /** What came of one file, as `retry --json` shows it. */
  item: objectWith({
    path: text,
    outcome: oneOf('retried', 'looked_at', 'unchanged', 'unknown'),
    state: nullable(text),
    message: text,
  }),
  /** How many files came to what. */
  result: objectWith({ retried: number, looked_at: number, unchanged: number, unknown: number }),
} as const;

export type RetryRequest = Shaped<typeof retry.request>;
export type RetryItem = Shaped<typeof retry.item>;
export type RetryResult = Shaped<typeof retry.result>;

export interface RetryWork extends RetryDeps {
  readonly inventory: Inventory;
}

/** How many rows are read at a time. */
const batch = 500;

/**
 * Tries files again and tells what came of each.
 *
 * @throws SyncError `usage` where a path is no file that the ledger knows; nothing is done then, by halves neither
 */
export async function retryFiles(
  deps: RetryWork,
  request: RetryRequest,
  tell: (item: RetryItem) => Promise<void>,
  signal: AbortSignal,
): Promise<RetryResult> {
  const files = 'paths' in request ? await namedFiles(deps, request.paths, signal) : failedFiles(deps.inventory);
  await deps.ledger.write(reopenCreation);
  deps.creating?.changed();
  const counts = { retried: 0, looked_at: 0, unchanged: 0, unknown: 0 };
  for (const file of files) {
    if (signal.aborted) break;
    const { path, ...retried } = await retryFile(deps, file);
    counts[retried.outcome] += 1;
    await tell({ path: displayName(path), ...retried });
  }
  return counts;
}

/** Each file once, however often and in whatever spelling it is named. */
async function namedFiles(
  { inventory, clock }: RetryWork,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<Iterable<RetryFile>> {
  const folders = inventory.folders();
  const files = new Map<string, RetryFile>();
  for (const [at, named] of paths.entries()) {
    // A daemon has other things to do, too.
    if (at % batch === batch - 1) await clock.turn();
    if (signal.aborted) break;
    const { folder, path, file } = requireKnown(inventory, named, folders);
    files.set(absolutePath(path), { ...path, folderId: folder.folderId, directoryId: file.directoryId });
  }
  return files.values();
}

function* failedFiles(inventory: Inventory): Generator<RetryFile> {
  for (let after: RetryFile | null = null; ; ) {
    const files: readonly RetryFile[] = inventory.failed(after, failureCodes, batch);
    yield* files;
    after = files.at(-1) ?? null;
    if (after === null) return;
  }
}
