// The emulator's own controls under `/__admin`: not part of FLORA, no authentication (the emulator listens on loopback), JSON in
// and out, and the API's error envelope for what is malformed. Faults, keys and settings live in memory until the emulator ends.
//
// POST, GET, DELETE /faults             one rule or several (faults.ts, serve.ts); those set, with their hits; none any more
// POST, GET, DELETE /limit              one rate limit for all API calls (limit.ts); that one, with what it let through and refused
//                                       since it was set; none any more
// GET /requests?since=seq, /counters    what was asked (journal.ts)
// GET /assets                           every asset with its digest and place on disk, hidden ones too
// POST /assets/{id}                     {hide?, status?, failure_message?, expire?, name?}: a hidden asset is lost to the API
// POST /assets                          {count, prefix, workspace_id?, project_id?, size_bytes?, status?} makes assets without
//                                       bytes, for long listings (seed.ts) -> {count, asset_ids}
// DELETE /assets?prefix=x&count=n       removes the first n of those in the listing's order -> {count, asset_ids}
// POST /keys                            {apiKeys, workspace_id?}: from now on these only
// GET, POST /settings                   any of those in the table of dialects.ts, and {dialect?} to begin from; both answer all
import { type Answer, ApiFailure, failureAnswer, invalid, jsonAnswer, notFound } from './answer.ts';
import { storedSizeBytes } from './conversion.ts';
import type { EmulatorContext } from './exchange.ts';
import { type Faults, parseFaults } from './faults.ts';
import { parseJson, readFields } from './fields.ts';
import type { Journal } from './journal.ts';
import { type Asset, statusAt } from './lifecycle.ts';
import { type Limiter, parseLimit } from './limit.ts';
import { removeSeeded, seedAssets } from './seed.ts';
import { changedSettings } from './settings.ts';

export const adminPath = '/__admin';

export interface AdminDeps {
  readonly context: EmulatorContext;
  readonly faults: Faults;
  readonly journal: Journal;
  readonly limiter: Limiter;
}

/** Answers one admin call; never throws for what the caller did wrong. */
export function administer(deps: AdminDeps, method: string, url: URL, body: Buffer): Answer {
  try {
    return dispatch(deps, method, url, body);
  } catch (error) {
    if (error instanceof ApiFailure) return failureAnswer(error, 'envelope');
    throw error;
  }
}

function dispatch({ context, faults, journal, limiter }: AdminDeps, method: string, url: URL, body: Buffer): Answer {
  const path = url.pathname.slice(adminPath.length);
  const assetId = /^\/assets\/([^/]+)$/.exec(path)?.[1];
  if (method === 'POST' && assetId !== undefined) {
    return jsonAnswer(200, adminWire(context, alterAsset(context, assetId, parseJson(body))));
  }
  switch (`${method} ${path}`) {
    case 'POST /faults':
      faults.add(parseFaults(parseJson(body)));
      return jsonAnswer(201, { faults: faults.report() });
    case 'GET /faults':
      return jsonAnswer(200, { faults: faults.report() });
    case 'DELETE /faults':
      faults.clear();
      return jsonAnswer(200, { faults: [] });
    case 'POST /limit':
      limiter.set(parseLimit(parseJson(body)));
      return jsonAnswer(200, limiter.report());
    case 'GET /limit':
      return jsonAnswer(200, limiter.report());
    case 'DELETE /limit':
      limiter.set(null);
      return jsonAnswer(200, limiter.report());
    case 'GET /requests':
      return jsonAnswer(200, { requests: journal.since(readSince(url)) });
    case 'GET /counters':
      return jsonAnswer(200, journal.counters());
    case 'GET /assets':
      return jsonAnswer(200, { assets: context.store.all().map((asset) => adminWire(context, asset)) });
    case 'POST /assets':
      return jsonAnswer(201, seedAssets(context, parseJson(body)));
    case 'DELETE /assets':
      return jsonAnswer(200, removeSeeded(context, url.searchParams));
    case 'POST /keys':
      replaceKeys(context, parseJson(body));
      return jsonAnswer(200, {});
    case 'GET /settings':
      return jsonAnswer(200, context.settings);
    case 'POST /settings':
      Object.assign(context.settings, changedSettings(context.settings, parseJson(body)));
      return jsonAnswer(200, context.settings);
    default:
      throw notFound('Admin endpoint');
  }
}

function alterAsset(context: EmulatorContext, assetId: string, value: unknown): Asset {
  const asset = context.store.byId(assetId);
  if (asset === undefined) throw notFound('Asset');
  const fields = readFields(value, ['hide', 'status', 'failure_message', 'expire', 'name']);
  const hide = fields.boolean('hide');
  const status = fields.oneOf('status', ['pending_upload', 'ready', 'failed']);
  const failureMessage = fields.string('failure_message');
  const expire = fields.boolean('expire');
  const name = fields.string('name');
  fields.check();
  const altered: Asset = {
    ...asset,
    ...(hide === undefined ? {} : { hidden: hide ? 1 : 0 }),
    ...(status === undefined ? {} : { status, settled_status: null, settles_at: null }),
    ...(failureMessage === undefined ? {} : { failure_message: failureMessage }),
    ...(expire === true ? { expires_at: context.clock() } : {}),
    ...(name === undefined ? {} : { name }),
  };
  context.store.save(altered);
  return altered;
}

function replaceKeys(context: EmulatorContext, value: unknown): void {
  const fields = readFields(value, ['apiKeys', 'workspace_id']);
  const apiKeys = fields.strings('apiKeys');
  const workspaceId = fields.string('workspace_id');
  fields.check();
  if (apiKeys === undefined) throw invalid([{ field: 'apiKeys', message: 'Required' }]);
  context.access.replaceKeys(apiKeys, workspaceId);
}

function readSince(url: URL): number {
  const since = url.searchParams.get('since') ?? '0';
  if (!/^\d{1,15}$/.test(since)) throw invalid([{ field: 'since', message: 'Expected an integer' }]);
  return Number(since);
}

/**
 * Everything about an asset, digest and place on disk included: what FLORA itself never tells. Size, type, digest and path are
 * those of the bytes as received, `stored_size_bytes` is what FLORA has made of them.
 */
function adminWire(context: EmulatorContext, asset: Asset) {
  return {
    asset_id: asset.asset_id,
    status: statusAt(asset, context.clock()),
    failure_message: asset.failure_message,
    name: asset.name,
    folder: asset.folder,
    workspace_id: asset.workspace_id,
    project_id: asset.project_id,
    uploaded_via: asset.uploaded_via,
    content_type: asset.content_type,
    upload_content_type: asset.upload_content_type,
    size_bytes: asset.size_bytes,
    stored_size_bytes: storedSizeBytes(asset),
    sha256: asset.sha256,
    path: asset.sha256 === null ? null : context.blobs.pathOf(asset.asset_id),
    created_at: asset.created_at,
    expires_at: asset.expires_at,
    hidden: asset.hidden === 1,
  };
}
