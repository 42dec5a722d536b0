import type { Destination } from '../../core/entry.ts';
import type { ListedAsset } from '../../core/event.ts';
import { SyncError } from '../../errors.ts';
import type { ListedPage, ListQuery, RemotePort } from '../ports/flora.ts';
import type { ClockPort } from '../ports/runtime.ts';
import type { Gate } from './gate.ts';
import { askFlora } from './request.ts';

export interface ListingDeps {
  readonly gate: Gate;
  readonly remote: RemotePort;
  readonly clock: ClockPort;
  /** How long to leave the API to the uploads before each page. */
  readonly paceMs?: () => number;
}

/** Where assets of ours are listed: a workspace, or one project of it. */
export interface Place {
  readonly workspaceId: string;
  readonly projectId: string | null;
}

/** No listing is believed to have more pages than this. */
const mostPages = 200_000;
/** A listing that grows while it is read repeats some assets; one that shows nothing new for this long goes round. */
const mostStalePages = 50;
/**
 * undici writes a request two turns of the event loop after the answer before it. Until then nothing holds the loop up, so that
 * FLORA works on the next page while this one is sifted and looked at.
 */
const turnsToSend = 3;

/** Each place that these destinations are in, once. */
export function placesOf(destinations: readonly Destination[]): readonly Place[] {
  const places = destinations.map(({ workspaceId, projectId }): Place => ({ workspaceId, projectId }));
  return [...new Map(places.map((place) => [keyOf(place), place])).values()];
}

export function keyOf({ workspaceId, projectId }: Place): string {
  return `${workspaceId}|${projectId ?? ''}`;
}

/** A page as a walk gives it out: what no page before it had. */
interface WalkedPage extends Pick<ListedPage, 'anonymous' | 'unreadable'> {
  readonly assets: readonly ListedAsset[];
}

interface WalkOptions {
  /** The next page is asked for while one is looked at: for walks that read to the end. */
  readonly readsAhead: boolean;
}

/**
 * The pages of a listing, each without the assets that an earlier one had: one request at a time, behind the uploads at the
 * gate. Ends early, without an error, when the signal is aborted. Trouble with the service is waited out.
 *
 * @throws SyncError `cursor_loop` for a listing without an end, and what a page that cannot be read throws
 */
export async function* walkListing(
  deps: ListingDeps,
  query: ListQuery,
  signal: AbortSignal,
  { readsAhead }: WalkOptions = { readsAhead: false },
): AsyncGenerator<WalkedPage> {
  const cursors = new Set<string>();
  const ids = new Set<string>();
  let stalePages = 0;
  // Whoever leaves the walk does not wait for the page that was asked for ahead.
  const left = new AbortController();
  const stopping = AbortSignal.any([signal, left.signal]);
  const ask = (cursor: string | null): Promise<ListedPage | null> => {
    const page = nextPage(deps, query, cursor, stopping);
    // Its failure is told when its turn comes.
    page.catch(() => {});
    return page;
  };
  let asked = ask(null);
  try {
    for (;;) {
      const page = await asked;
      if (page === null) return;
      const { nextCursor } = page;
      const fault = nextCursor === null ? null : faultOf(nextCursor, cursors, stalePages);
      const isAhead = readsAhead && nextCursor !== null && fault === null;
      if (isAhead) {
        asked = ask(nextCursor);
        for (let turn = 0; turn < turnsToSend; turn += 1) await deps.clock.turn();
      }
      const fresh = page.assets.filter(({ assetId }) => ids.size < ids.add(assetId).size);
      const { anonymous, unreadable } = page;
      stalePages = fresh.length + anonymous.length === 0 ? stalePages + 1 : 0;
      yield { assets: fresh, anonymous, unreadable };
      if (nextCursor === null || signal.aborted) return;
      if (fault !== null) throw endless(fault);
      cursors.add(nextCursor);
      if (!isAhead) asked = ask(nextCursor);
    }
  } finally {
    left.abort();
  }
}

/** Why a listing that goes on from this cursor has no end, as far as it shows; null where it may have one. */
export function faultOf(
  cursor: string,
  former: Pick<ReadonlySet<string>, 'has' | 'size'>,
  stalePages: number,
): string | null {
  if (former.has(cursor)) return 'its cursor repeats';
  if (stalePages > mostStalePages) return `${mostStalePages} pages in a row show nothing new`;
  return former.size >= mostPages ? `there are more than ${mostPages} pages` : null;
}

async function nextPage(
  deps: ListingDeps,
  query: ListQuery,
  cursor: string | null,
  signal: AbortSignal,
): Promise<ListedPage | null> {
  for (;;) {
    const paceMs = deps.paceMs?.() ?? 0;
    if (paceMs > 0) await deps.clock.sleep(paceMs, signal);
    const request = () => deps.remote.list(query, cursor, signal);
    const asked = await askFlora(deps.gate, { stopping: signal, abort: signal }, { op: 'list', file: null }, request);
    if (asked === null) return null;
    if (asked.kind === 'answer') return asked.value.value;
    if (asked.error.scope !== 'service') throw asked.error;
  }
}

function endless(why: string): SyncError {
  return new SyncError(`FLORA's listing of assets has no end: ${why}`, {
    code: 'cursor_loop',
    op: 'list',
    hint: 'Nothing is concluded from it; it is read again later.',
  });
}
