// `GET /assets`: pages, filters and cursors, and what faults make of a page.
//
// Where the contract is silent: query parameters it does not name are refused like unknown body fields; listing a foreign
// workspace is 403; `total_estimate` stands on first pages only; the order is a setting.

import { isOpenTo } from './access.ts';
import { type Answer, ApiFailure, invalid, jsonAnswer } from './answer.ts';
import { authenticate } from './calls.ts';
import { camelised } from './camel.ts';
import type { EmulatorSettings } from './dialects.ts';
import { type EmulatorContext, type Exchange, wireContext } from './exchange.ts';
import { readFields } from './fields.ts';
import { itemWire } from './wire.ts';

const defaultLimit = 20;
const maxLimit = 100;

export async function listAssets(context: EmulatorContext, exchange: Exchange): Promise<Answer> {
  const { pageFault, url } = exchange;
  const caller = authenticate(context, exchange);
  const { limit, cursor, offset, ...wanted } = readListQuery(url.searchParams, context.settings);
  if (wanted.workspaceId !== undefined && !isOpenTo(caller, wanted.workspaceId)) {
    throw new ApiFailure(403, 'forbidden', 'The API key does not open this workspace.');
  }
  const workspaceIds = wanted.workspaceId === undefined ? caller.workspaceIds : [wanted.workspaceId];
  const filter = { workspaceIds, projectId: wanted.projectId, query: wanted.query };
  const isEndless = pageFault === 'endless';
  const first = isEndless ? offset % Math.max(1, context.store.count(filter)) : offset;
  const found = context.store.list(filter, context.settings.listOrder, limit + 1, first);
  const wire = wireContext(context);
  const { listing } = context.settings;
  const items = found.slice(0, limit).map((asset) => inForm(itemWire(asset, wire), listing));
  const next = found.length > limit || isEndless ? encodeCursor(offset + limit) : null;
  const nextCursor = pageFault === 'repeat-cursor' ? (cursor ?? next) : next;
  const meta = {
    ...(listing === 'omit-last' && nextCursor === null ? {} : { next_cursor: nextCursor }),
    ...(offset === 0 ? { total_estimate: context.store.count(filter) } : {}),
  };
  return jsonAnswer(200, {
    assets: pageFault === 'odd-items' ? withOddItems(items) : items,
    ...(listing === 'no-meta' ? {} : { meta: listing === 'camel' ? camelised(meta) : meta }),
  });
}

type Members = Readonly<Record<string, unknown>>;

/** An item as the settings have it; that sizes are not told is settled where GET shares it. */
function inForm(item: Members, listing: EmulatorSettings['listing']): Members {
  switch (listing) {
    case 'documented':
    case 'no-meta':
    case 'omit-last':
    case 'null-sizes':
      return item;
    case 'no-ids':
      return { ...item, asset_id: null };
    case 'camel':
      return camelised(item);
    case 'unreadable':
      return Object.fromEntries(Object.keys(item).map((name) => [name, null]));
    default:
      return listing satisfies never;
  }
}

/** Every member that the contract names is null, and there are some that it does not name. */
const oddItem = {
  ...{ asset_id: 'asset_odd', content_type: null, created_at: null, description: null, height: null, name: null },
  ...{ node_id: null, project_id: null, size_bytes: null, status: null, upload_content_type: null, uploaded_via: null },
  ...{ url: null, width: null, workspace_id: null, surprise: { deep: [null] }, surprises: 1 },
};

/** The page's items among some that the contract hardly allows: without an id, all nulls, the first one again, no item at all. */
function withOddItems<T>(items: readonly T[]): readonly unknown[] {
  const nameless = { ...oddItem, asset_id: null, name: 'nameless.png', status: 'ready', size_bytes: 1 };
  return [nameless, ...items, oddItem, ...items.slice(0, 1), 'not an item'];
}

function readListQuery(params: URLSearchParams, { unknownFields }: EmulatorSettings) {
  const names = [...params.keys()];
  const repeated = names.find((name, at) => names.indexOf(name) !== at);
  if (repeated !== undefined) throw invalid([{ field: repeated, message: 'Given more than once' }]);
  const known = ['cursor', 'limit', 'query', 'workspace_id', 'project_id'];
  const fields = readFields(Object.fromEntries(params), known, unknownFields);
  const limit = fields.string('limit') ?? String(defaultLimit);
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > maxLimit) {
    fields.problem('limit', `Expected an integer from 1 to ${maxLimit}`);
  }
  const cursor = fields.string('cursor');
  const offset = cursor === undefined ? 0 : decodeCursor(cursor);
  if (offset === undefined) fields.problem('cursor', 'Expected a cursor that this API gave');
  const wanted = {
    workspaceId: fields.string('workspace_id', { pattern: /^ws_\S+$/, expected: 'an id that matches ^ws_\\S+$' }),
    projectId: fields.string('project_id', { pattern: /^prj_\S+$/, expected: 'an id that matches ^prj_\\S+$' }),
    query: fields.string('query'),
  };
  fields.check();
  return { ...wanted, cursor, limit: Number(limit), offset: offset ?? 0 };
}

function encodeCursor(offset: number): string {
  return Buffer.from(JSON.stringify({ offset })).toString('base64url');
}

/** The offset in a cursor, or undefined when it was not made by `encodeCursor`. */
function decodeCursor(cursor: string): number | undefined {
  const match = /^\{"offset":(\d{1,15})\}$/.exec(Buffer.from(cursor, 'base64url').toString());
  const offset = Number(match?.[1] ?? Number.NaN);
  return Number.isSafeInteger(offset) && encodeCursor(offset) === cursor ? offset : undefined;
}
