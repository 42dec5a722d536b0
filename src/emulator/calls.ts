// The calls about one asset that exists, and the workspaces: complete, retry, get.
//
// Where the contract is silent: query parameters it does not name are refused like unknown body fields; complete and retry
// take no body at all, not even `{}`.
import { createHash } from 'node:crypto';
import type { Caller } from './access.ts';
import { type Answer, invalid, jsonAnswer, notFound } from './answer.ts';
import { type EmulatorContext, type Exchange, readBody, wireContext } from './exchange.ts';
import { readFields } from './fields.ts';
import { idempotently } from './idempotency.ts';
import { type Asset, completed, renewed } from './lifecycle.ts';
import { newToken } from './token.ts';
import { assetWire, uploadWire } from './wire.ts';

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
