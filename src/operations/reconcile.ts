import { displayName } from '../core/name.ts';
import type { ReconcileSummary } from '../core/records.ts';
import { flag, nullable, number, objectWith, optional, requestWith, type Shaped, text } from '../core/shape.ts';
import type { FloraClient } from '../remote/client.ts';
import type { Gate } from '../sync/flora/gate.ts';
import type { Drift, ReconcileOptions } from '../sync/flora/reconcile-options.ts';
import { reachFlora, withPatience } from './patience.ts';

/** Walks FLORA's listing, and brings into the ledger what it shows; a dry run only tells what that would be. */
export const reconcile = {
  path: '/reconcile',
  request: requestWith({ full: optional(flag), dry_run: optional(flag) }),
  /** What a dry run tells of each change. */
  item: objectWith({
    path: text,
    asset_id: text,
    state: text,
    becomes: text,
    listed: objectWith({ status: text, size: nullable(number), url: nullable(text) }),
  }),
  /** The summary as `reconcile --json` and `status --json` show it. */
  result: objectWith({
    at: text,
    is_full: flag,
    pages: number,
    assets: number,
    ours: number,
    unknown: number,
    unreadable: number,
    drift: number,
    asked: number,
    missing: number,
    seconds: number,
    error: nullable(text),
  }),
} as const;

export type ReconcileRequest = Shaped<typeof reconcile.request>;
export type ReconcileItem = Shaped<typeof reconcile.item>;
export type ReconcileResult = Shaped<typeof reconcile.result>;

export interface ReconcileWork {
  readonly remote: Pick<FloraClient, 'workspaceIds'>;
  readonly gate: Pick<Gate, 'trouble' | 'listeners' | 'hurry'>;
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
  { remote, gate, pathOf, run }: ReconcileWork,
  { full: isFull = false, dry_run: isDryRun = false }: ReconcileRequest,
  tell: (item: ReconcileItem) => Promise<void>,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  await reachFlora(remote, signal);
  signal.throwIfAborted();
  gate.hurry();
  const onDrift = (drift: Drift) => tell(driftLine(drift, pathOf(drift.content.id)));
  const summary = await withPatience(gate, signal, (cut) => run({ isFull, isDryRun, onDrift }, cut));
  return summaryLine(summary);
}

export function summaryLine({ atMs, isFull, ...rest }: ReconcileSummary): ReconcileResult {
  return { at: new Date(atMs).toISOString(), is_full: isFull, ...rest };
}

function driftLine({ content, after, listed }: Drift, path: string | null): ReconcileItem {
  const { status, sizeBytes, url } = listed;
  return {
    path: displayName(path ?? content.fileName),
    asset_id: listed.assetId,
    state: content.state,
    becomes: after.state,
    listed: { status, size: sizeBytes, url },
  };
}
