import type { Destination } from '../core/entry.ts';
import type { ListedAsset } from '../core/event.ts';
import { SyncError } from '../errors.ts';
import { askFlora } from './asking.ts';
import type { Gate } from './gate.ts';
import type { ClockPort, ListedPage, ListQuery, RemotePort } from './ports.ts';

export interface ListingDeps {
  readonly gate: Gate;
  readonly remote: RemotePort;
  readonly clock: ClockPort;
  /** How long to leave the API to the uploads before each page; 0 when FLORA has room for both. */
  readonly paceMs: () => number;
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

/** Each place that these destinations are in, once. */
export function placesOf(destinations: readonly Destination[]): readonly Place[] {
  const places = destinations.map(({ workspaceId, projectId }): Place => ({ workspaceId, projectId }));
  return [...new Map(places.map((place) => [keyOf(place), place])).values()];
}

export function keyOf({ workspaceId, projectId }: Place): string {
  return `${workspaceId}|${projectId ?? ''}`;
}

/**
 * The pages of a listing, each without the assets that an earlier one had: one request a page, behind the uploads at the gate. Ends early, without an error, when the signal is
 * aborted. Trouble with the service is waited out.
 *
 * @throws SyncError `cursor_loop` for a listing without an end, and what a page that cannot be read throws
 */
export async function* walkListing(
  deps: ListingDeps,
  query: ListQuery,
  signal: AbortSignal,
): AsyncGenerator<readonly ListedAsset[]> {
  const cursors = new Set<string>();
  const ids = new Set<string>();
  let stalePages = 0;
  let cursor: string | null = null;
  do {
    const page = await nextPage(deps, query, cursor, signal);
    if (page === null) return;
    const fresh = page.assets.filter(({ assetId }) => ids.size < ids.add(assetId).size);
    stalePages = fresh.length === 0 ? stalePages + 1 : 0;
    yield fresh;
    cursor = page.nextCursor;
    if (cursor === null) return;
    if (cursors.has(cursor)) throw endless('its cursor repeats');
    if (stalePages > mostStalePages) throw endless(`${mostStalePages} pages in a row show nothing new`);
    if (cursors.size >= mostPages) throw endless(`there are more than ${mostPages} pages`);
    cursors.add(cursor);
  } while (!signal.aborted);
}

async function nextPage(
  deps: ListingDeps,
  query: ListQuery,
  cursor: string | null,
  signal: AbortSignal,
): Promise<ListedPage | null> {
  for (;;) {
    const paceMs = deps.paceMs();
    if (paceMs > 0) await deps.clock.sleep(paceMs, signal);
    const request = () => deps.remote.list(query, cursor, signal);
    const asked = await askFlora(deps.gate, { stopping: signal, abort: signal }, request, 'background');
    if (asked === null) return null;
    if (asked.kind === 'answer') return asked.value.value;
    if (asked.error.scope !== 'service') throw asked.error;
  }
}

function endless(why: string): SyncError {
  return new SyncError(`FLORA's listing of assets has no end: ${why}`, {
    code: 'cursor_loop',
    scope: 'file',
    disposition: 'retry',
    op: 'list',
    hint: 'Nothing is concluded from it; it is read again later.',
  });
}
