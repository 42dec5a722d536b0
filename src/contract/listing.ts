import type { Found, SurveyDeps } from './asking.ts';
import * as judge from './judge-listing.ts';
import { notAsked } from './row.ts';
import type { Said } from './shapes.ts';

const mostPages = 5;

/** What the listing of the workspace shows; `assetId` is one of ours. */
export async function* listingFindings(deps: SurveyDeps, assetId: string | null): AsyncGenerator<Found> {
  const said = await list(deps, 1, null);
  const page = judge.readPage(said);
  yield ['10a', judge.judgePage(said, page)];
  if (page === null) {
    const why = notAsked('there is no page that could be understood');
    for (const id of ['10b', '10c', '10d', '10e', '10f', '10g'] as const) yield [id, why];
    return;
  }
  yield ['10b', judge.judgeItem(page)];
  yield ['10c', judge.judgeCursor(page)];
  const cursor = cursorOf(page);
  yield ['10d', cursor === null ? notAsked('no cursor') : judge.judgeNext(page, await list(deps, 1, cursor))];
  const search = await find(deps, assetId);
  yield ['10e', assetId === null ? notAsked('there is no asset of ours') : judge.judgeSearch(search)];
  const items = search.pages.flatMap((each) => each.items);
  yield ['10f', judge.judgeListedTime(items.find((item) => item['asset_id'] === assetId) ?? items[0])];
  yield ['10g', judge.judgeOrder(items)];
}

async function find(deps: SurveyDeps, assetId: string | null): Promise<judge.Search> {
  const pages: judge.Page[] = [];
  let cursor: string | null = null;
  while (pages.length < mostPages) {
    const said: Said = await list(deps, 100, cursor);
    const page = judge.readPage(said);
    if (page === null) return { pages, foundOn: null, isAtEnd: false, strange: said };
    pages.push(page);
    const isFound = assetId !== null && page.items.some((item) => item['asset_id'] === assetId);
    cursor = cursorOf(page);
    // Without an asset to look for, one page shows all that is asked.
    if (isFound || cursor === null || assetId === null) {
      return { pages, foundOn: isFound ? pages.length : null, isAtEnd: cursor === null, strange: null };
    }
  }
  return { pages, foundOn: null, isAtEnd: false, strange: null };
}

function cursorOf({ cursor }: judge.Page): string | null {
  return typeof cursor === 'string' && cursor !== '' ? cursor : null;
}

async function list({ raw, workspaceId, signal }: SurveyDeps, limit: number, cursor: string | null): Promise<Said> {
  const query = new URLSearchParams({ limit: String(limit), workspace_id: workspaceId });
  if (cursor !== null) query.set('cursor', cursor);
  return await raw.ask({ method: 'GET', path: `/assets?${query}` }, signal);
}
