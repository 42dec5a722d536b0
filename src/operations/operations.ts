import { locate } from '../core/locate.ts';
import { displayName } from '../core/name.ts';
import type { ReconcileSummary } from '../core/records.ts';
import { SyncError } from '../errors.ts';
import type { Inventory, InventoryFolder } from '../ledger/inventory.ts';
import type { FloraClient } from '../remote/client.ts';
import { reopenCreation } from '../sync/flora/creating.ts';
import type { Gate } from '../sync/flora/gate.ts';
import type { Drift, ReconcileOptions } from '../sync/flora/reconcile-options.ts';
import { type Retried, type RetryDeps, type RetryFile, retryFile } from '../sync/upload/retry.ts';
import { reachFlora, withPatience } from './patience.ts';

// What a person asks for, with a daemon and without one. The lines are the ones that the commands show.

/** What one wants tried again: these absolute paths, or everything that failed. */
export type RetryWish = { readonly paths: readonly string[] } | { readonly failed: true };

/** How many rows are read at a time. */
const batch = 500;

/** Tries files again and tells what came of each. Returns how many came to what. */
export async function retryFiles(
  deps: RetryDeps & { readonly inventory: Inventory },
  wish: RetryWish,
  tell: (line: object) => Promise<void>,
  signal: AbortSignal,
): Promise<Readonly<Record<Retried['outcome'], number>>> {
  const counts = { retried: 0, looked_at: 0, unchanged: 0, unknown: 0 };
  await deps.ledger.write(reopenCreation);
  deps.creating?.changed();
  const folders = deps.inventory.folders();
  const one = async (retried: Retried) => {
    counts[retried.outcome] += 1;
    await tell({ ...retried, path: displayName(retried.path) });
  };
  if ('paths' in wish) {
    for (const path of wish.paths) {
      if (signal.aborted) break;
      const file = fileAt(folders, path);
      await one(file === null ? unknown(path) : await retryFile(deps, file));
    }
    return counts;
  }
  const ids = new Map(folders.map(({ root, folderId }) => [root, folderId]));
  let after: Parameters<Inventory['failed']>[0] = null;
  while (!signal.aborted) {
    const files = deps.inventory.failed(after, batch);
    for (const file of files) {
      if (signal.aborted) break;
      await one(await retryFile(deps, { ...file, folderId: ids.get(file.root) ?? 0 }));
    }
    after = files.at(-1) ?? null;
    if (after === null) break;
  }
  return counts;
}

function fileAt(folders: readonly InventoryFolder[], path: string): RetryFile | null {
  for (const { root, folderId } of folders) {
    const file = locate(root, path);
    if (file !== null) return { ...file, folderId };
  }
  return null;
}

function unknown(path: string): Retried {
  return { path, outcome: 'unknown', state: null, message: 'it is in no drop folder that the ledger knows' };
}

export interface ReconcileWish {
  readonly isFull: boolean;
  readonly isDryRun: boolean;
}

export interface Reconciling {
  readonly remote: Pick<FloraClient, 'workspaceIds'>;
  readonly gate: Gate;
  /** The path that stands for a content. */
  readonly pathOf: (contentId: number) => string | null;
  readonly run: (options: ReconcileOptions, signal: AbortSignal) => Promise<ReconcileSummary>;
}

/**
 * Walks FLORA's listing for somebody who waits, and tells what a dry run would change.
 *
 * @throws SyncError of scope `service` when FLORA cannot be reached or refuses the key; the signal's reason
 */
export async function reconcileAsked(
  { remote, gate, pathOf, run }: Reconciling,
  wish: ReconcileWish,
  tell: (line: object) => Promise<void>,
  signal: AbortSignal,
): Promise<ReturnType<typeof summaryLine>> {
  await reachFlora(remote, signal);
  signal.throwIfAborted();
  gate.hurry();
  const onDrift = (drift: Drift) => tell(driftLine(drift, pathOf(drift.content.id)));
  const summary = await withPatience(gate, signal, (cut) => run({ ...wish, onDrift }, cut));
  return summaryLine(summary);
}

/** The summary as `reconcile --json` and `status --json` show it. */
export function summaryLine({ atMs, isFull, ...rest }: ReconcileSummary) {
  return { at: new Date(atMs).toISOString(), is_full: isFull, ...rest };
}

function driftLine({ content, after, listed }: Drift, path: string | null) {
  const { status, sizeBytes, url } = listed;
  return {
    path: displayName(path ?? content.fileName),
    asset_id: listed.assetId,
    state: content.state,
    becomes: after.state,
    listed: { status, size: sizeBytes, url },
  };
}

/** What came of accepting a folder's root as it is. */
export interface Accepted {
  readonly folder: string;
  readonly outcome: 'accepted' | 'unchanged' | 'halted';
  readonly message: string;
}

/** Names the folder that is meant; the others, if it is none of them. */
export function folderAt<F extends { readonly root: string }>(folders: readonly F[], path: string): F {
  const folder = folders.find(({ root }) => root === path);
  if (folder !== undefined) return folder;
  const others = folders.map(({ root }) => displayName(root)).join(', ');
  throw new SyncError(`${displayName(path)} is not a drop folder that the ledger knows`, {
    code: 'usage',
    scope: 'file',
    disposition: 'reject',
    op: 'resume',
    hint: others === '' ? 'It knows none: it begins with the first `run` or `sync`.' : `It knows ${others}.`,
  });
}
