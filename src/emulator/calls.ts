// The calls about assets that exist, and the workspaces: complete, retry, get, list.
//
// Where the contract is silent: query parameters it does not name are refused like unknown body fields; complete and retry
// take no body at all, not even `{}`; listing a foreign workspace is 403; `total_estimate` stands on first pages only.
import { createHash } from 'node:crypto';
import type { Caller } from './access.ts';
import { type Answer, ApiFailure, invalid, jsonAnswer, notFound } from './answer.ts';
import { type EmulatorContext, type Exchange, readBody, wireContext } from './exchange.ts';
import { readFields } from './fields.ts';
import { idempotently } from './idempotency.ts';
import { type Asset, completed, renewed } from './lifecycle.ts';
import { newToken } from './token.ts';
import { assetWire, itemWire, uploadWire } from './wire.ts';

const defaultLimit = 20;
const maxLimit = 100;
const emptyHash = createHash('sha256').digest('hex');

export function authenticate(context: EmulatorContext, exchange: Exchange): Caller {
  return context.access.authenticate(exchange.request.headers.authorization);
}

export async function completeAsset(context: EmulatorContext, exchange: Exchange): Promise<Answer> {
  const caller = authenticate(context, exchange);
  await expectNoBody(exchange);
  return idempotently(context, exchange, caller.keyHash, emptyHash, () => {
    const asset = completed(
      visibleAsset(context, caller, exchange.subject),
      context.clock(),
      context.settings.processingMs,
    );
    context.store.save(asset);
    return jsonAnswer(200, uploadWire(asset, wireContext(context), false));
  });
}

export async function retryAsset(context: EmulatorContext, exchange: Exchange): Promise<Answer> {
  const caller = authenticate(context, exchange);
  await expectNoBody(exchange);
  const answer = await idempotently(context, exchange, caller.keyHash, emptyHash, () => {
    const { uploadStyle: style, reservationTtlMs: ttlMs } = context.settings;
    const before = visibleAsset(context, caller, exchange.subject);
    const asset = renewed(before, context.clock(), { token: newToken(), style, ttlMs });
    context.store.save(asset);
    return jsonAnswer(200, uploadWire(asset, wireContext(context), true));
  });
  // After the commit, so that no row ever names bytes that are gone.
  if (context.store.byId(exchange.subject)?.sha256 === null) context.blobs.remove(exchange.subject);
  return answer;
}

export async function getAsset(context: EmulatorContext, exchange: Exchange): Promise<Answer> {
  const caller = authenticate(context, exchange);
  readFields(Object.fromEntries(exchange.url.searchParams), []).check();
  return jsonAnswer(200, assetWire(visibleAsset(context, caller, exchange.subject), wireContext(context)));
}

export async function listAssets(context: EmulatorContext, exchange: Exchange): Promise<Answer> {
  const caller = authenticate(context, exchange);
  const { limit, offset, ...wanted } = readListQuery(exchange.url.searchParams);
  const open = caller.workspaces.map((one) => one.workspace_id);
  const workspaceIds = wanted.workspaceId === undefined ? open : [wanted.workspaceId];
  if (!workspaceIds.every((id) => open.includes(id))) {
    throw new ApiFailure(403, 'forbidden', 'The API key does not open this workspace.');
  }
  const filter = { workspaceIds, projectId: wanted.projectId, query: wanted.query };
  const found = context.store.list(filter, limit + 1, offset);
  const wire = wireContext(context);
  return jsonAnswer(200, {
    assets: found.slice(0, limit).map((asset) => itemWire(asset, wire)),
    meta: {
      next_cursor: found.length > limit ? encodeCursor(offset + limit) : null,
      ...(offset === 0 ? { total_estimate: context.store.count(filter) } : {}),
    },
  });
}

export async function listWorkspaces(context: EmulatorContext, exchange: Exchange): Promise<Answer> {
  const { workspaces } = authenticate(context, exchange);
  return jsonAnswer(200, {
    workspaces: workspaces.map(({ workspace_id, name }) => ({ workspace_id, name, role: 'owner', created_at: null })),
    meta: { next_cursor: null },
  });
}

/** The asset, unless it is missing, hidden or in a workspace that the key does not open: all three are the same 404. */
function visibleAsset(context: EmulatorContext, caller: Caller, assetId: string): Asset {
  const asset = context.store.byId(assetId);
  const isOpen = caller.workspaces.some((one) => one.workspace_id === asset?.workspace_id);
  if (asset === undefined || asset.hidden === 1 || !isOpen) throw notFound('Asset');
  return asset;
}

async function expectNoBody(exchange: Exchange): Promise<void> {
  const body = await readBody(exchange);
  if (body.length > 0) throw invalid([{ field: '', message: 'Expected no body' }]);
}

function readListQuery(params: URLSearchParams) {
  const names = [...params.keys()];
  const repeated = names.find((name, at) => names.indexOf(name) !== at);
  if (repeated !== undefined) throw invalid([{ field: repeated, message: 'Given more than once' }]);
  const fields = readFields(Object.fromEntries(params), ['cursor', 'limit', 'query', 'workspace_id', 'project_id']);
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
  return { ...wanted, limit: Number(limit), offset: offset ?? 0 };
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
