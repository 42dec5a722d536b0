import type { Content } from '../core/content.ts';
import { reconcileListed } from '../core/reconcile.ts';
import type { ReconcileSummary } from '../core/records.ts';
import { SyncError } from '../errors.ts';
import { askFlora, isKnown } from './asking.ts';
import { type CommitDeps, commitOutcome } from './commit.ts';
import type { Gate } from './gate.ts';
import type { ListedPage, RemotePort } from './ports.ts';

export interface ReconcilerDeps extends CommitDeps {
  readonly gate: Gate;
  readonly remote: RemotePort;
  readonly workspaceIds: readonly string[];
  /** Contents that a worker has in hand are left to it. */
  readonly inHand: () => ReadonlySet<number>;
  readonly onWork: () => void;
}

/** No workspace is believed to have more pages than this: a listing that goes on and on is a fault of its own. */
const mostPages = 100_000;

/**
 * Walks the cursor listing of each workspace once and brings what it says about our assets into the ledger. Trouble ends
 * the walk early and is in the summary; nothing is ever concluded from what a listing lacks.
 */
export async function reconcile(deps: ReconcilerDeps, signal: AbortSignal): Promise<ReconcileSummary> {
  const startedMs = deps.clock.monotonic();
  const counts = { isFull: true, pages: 0, assets: 0, ours: 0, unknown: 0, drift: 0, asked: 0, missing: 0 };
  let trouble: string | null = null;
  for (const workspaceId of deps.workspaceIds) {
    try {
      await walkListing(deps, workspaceId, counts, signal);
    } catch (error) {
      if (signal.aborted) trouble = 'interrupted';
      else if (isKnown(error)) trouble = error.message;
      else throw error;
    }
  }
  const seconds = Math.round(deps.clock.monotonic() - startedMs) / 1000;
  const summary: ReconcileSummary = { atMs: deps.clock.now(), ...counts, seconds, error: trouble };
  if (!signal.aborted) await deps.ledger.write((tables) => tables.facts.setLastReconcile(summary));
  if (trouble === null) deps.log.info(summary, 'reconciled with the listing of FLORA');
  else deps.log.warn(summary, 'the listing of FLORA could not be read to its end; the next interval tries again');
  return summary;
}

async function walkListing(
  deps: ReconcilerDeps,
  workspaceId: string,
  counts: { pages: number; assets: number; ours: number; drift: number },
  signal: AbortSignal,
): Promise<void> {
  const seen = new Set<string>();
  let cursor: string | null = null;
  do {
    const page = await nextPage(deps, workspaceId, cursor, signal);
    if (page === null) throw signal.reason;
    counts.pages += 1;
    counts.assets += page.assets.length + page.nameless;
    // All of a page in one group of the ledger.
    const news = page.assets.map(async (listed) => {
      const content = deps.ledger.contents.findByAsset(listed.assetId);
      if (content === undefined) return;
      counts.ours += 1;
      if (await bringIn(deps, content, listed)) counts.drift += 1;
    });
    await Promise.all(news);
    cursor = page.nextCursor;
    if (cursor !== null && (seen.has(cursor) || seen.size >= mostPages)) {
      throw new SyncError('The listing repeats itself', {
        code: 'cursor_loop',
        scope: 'file',
        disposition: 'retry',
        op: 'list',
      });
    }
    if (cursor !== null) seen.add(cursor);
  } while (cursor !== null);
}

/** Null when the signal came first. Trouble with the service is waited out at the gate. */
async function nextPage(
  deps: ReconcilerDeps,
  workspaceId: string,
  cursor: string | null,
  signal: AbortSignal,
): Promise<ListedPage | null> {
  for (;;) {
    const request = () => deps.remote.list({ workspaceId, projectId: null, limit: 100 }, cursor, signal);
    const asked = await askFlora(deps.gate, { stopping: signal, abort: signal }, request);
    if (asked === null) return null;
    if (asked.kind === 'answer') return asked.value.value;
    if (asked.error.scope !== 'service') throw asked.error;
  }
}

async function bringIn(
  deps: ReconcilerDeps,
  content: Content,
  listed: Parameters<typeof reconcileListed>[1],
): Promise<boolean> {
  const event = reconcileListed(content, listed);
  if (event === null || deps.inHand().has(content.id)) return false;
  const after = await commitOutcome(deps, content, { event, requestId: null, doubted: [] });
  if (after === null || after.state === content.state) return false;
  deps.onWork();
  return true;
}
