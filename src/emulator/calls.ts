// The calls about one asset that exists, and the workspaces: complete, retry, get.
//
// Where the contract is silent: query parameters it does not name are refused like unknown body fields. The lifecycle's
// refusals and unknown ids get the status that the settings give them, on complete and retry alone.
import { createHash } from 'node:crypto';
import { type Caller, isOpenTo } from './access.ts';
import { type Answer, ApiFailure, invalid, jsonAnswer, notFound } from './answer.ts';
import type { EmulatorSettings } from './dialects.ts';
import { type EmulatorContext, type Exchange, expectJson, readBody, wireContext } from './exchange.ts';
import { parseJson, readFields } from './fields.ts';
import { idempotently } from './idempotency.ts';
import { type Asset, completed, renewed, withTarget } from './lifecycle.ts';
import { newToken } from './token.ts';
import { assetWire, completedWire, renewedWire } from './wire.ts';

const emptyHash = createHash('sha256').digest('hex');

export function authenticate(context: EmulatorContext, exchange: Exchange): Caller {
  return context.access.authenticate(exchange.request.headers.authorization);
}

export async function completeAsset(context: EmulatorContext, exchange: Exchange): Promise<Answer> {
  return alter(context, exchange, (before) => {
    const asset = completed(before, context.clock(), context.settings);
    context.store.save(asset);
    return completedWire(asset, wireContext(context));
  });
}

export async function retryAsset(context: EmulatorContext, exchange: Exchange): Promise<Answer> {
  const answer = await alter(context, exchange, (before) => {
    const now = context.clock();
    const asset = withTarget(renewed(before, now), context.settings, newToken(), now);
    context.store.save(asset);
    return renewedWire(asset, wireContext(context));
  });
  // After the commit, so that no row ever names bytes that are gone.
  if (context.store.byId(exchange.subject)?.sha256 === null) context.blobs.remove(exchange.subject);
  return answer;
}

export async function getAsset(context: EmulatorContext, exchange: Exchange): Promise<Answer> {
  const caller = authenticate(context, exchange);
  readFields(Object.fromEntries(exchange.url.searchParams), [], context.settings.unknownFields).check();
  const asset = visibleAsset(context, caller, exchange.subject);
  if (isLagging(asset, context.clock(), context.settings)) throw notFound('Asset');
  return jsonAnswer(200, assetWire(asset, wireContext(context)));
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
  if (asset === undefined || asset.hidden === 1 || !isOpenTo(caller, asset.workspace_id)) throw notFound('Asset');
  return asset;
}

/** Complete and retry: one asset, no body worth the name, once for each idempotency key. */
async function alter(
  context: EmulatorContext,
  exchange: Exchange,
  effect: (asset: Asset) => Readonly<Record<string, unknown>>,
): Promise<Answer> {
  const caller = authenticate(context, exchange);
  await readNothing(exchange, context.settings);
  return idempotently(context, exchange, caller.keyHash, emptyHash, () => {
    try {
      return jsonAnswer(200, effect(visibleAsset(context, caller, exchange.subject)));
    } catch (error) {
      throw refusalUnder(context.settings, error);
    }
  });
}

/** No body, an empty one or `{}`, as far as the settings take each. */
async function readNothing(exchange: Exchange, { bodyForm, unknownFields }: EmulatorSettings): Promise<void> {
  const body = await readBody(exchange);
  if (body.length === 0) {
    if (bodyForm === 'json') throw new ApiFailure(400, 'invalid_json', 'The request body is not valid JSON.');
    return;
  }
  if (bodyForm === 'none') throw invalid([{ field: '', message: 'Expected no body' }]);
  expectJson(exchange);
  readFields(parseJson(body), [], unknownFields).check();
}

function refusalUnder({ refusalStatus, unknownIdStatus }: EmulatorSettings, error: unknown): unknown {
  if (!(error instanceof ApiFailure)) return error;
  const status = error.status === 404 ? unknownIdStatus : refusalStatus;
  if (status === error.status) return error;
  return new ApiFailure(status, 'input_validation_error', error.message);
}

function isLagging(asset: Asset, now: number, { createLagMs, getLagMs }: EmulatorSettings): boolean {
  const { created_at: createdAt, completed_at: completedAt } = asset;
  return now < createdAt + createLagMs || (completedAt !== null && now < completedAt + getLagMs);
}
