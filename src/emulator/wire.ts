// Assets as the API spells them. Where the contract is silent: `url` is null in listings, GET and complete until the asset is
// ready (create always names it: there it is not nullable), and so are size, width and height; `content_type` is then
// the declared type or application/octet-stream. The seeds give GET no project_id and no node_id, so it has none.
import { storedContentType, storedSizeBytes } from './conversion.ts';
import { type Asset, type AssetStatus, isProcessing, statusAt } from './lifecycle.ts';
import { targetWire, type WireContext } from './target.ts';

export function assetPath(assetId: string): string {
  return `/files/${assetId}`;
}

/** The answer to `POST /assets`. */
export function createdWire(asset: Asset, context: WireContext) {
  return {
    asset_id: asset.asset_id,
    status: wordOf(asset, context),
    uploaded_via: asset.uploaded_via,
    url: context.origin + assetPath(asset.asset_id),
    visibility: 'workspace',
    workspace_id: asset.workspace_id,
    ...targetWire(asset, context),
  };
}

/** The answer to complete: what the asset is, or what the settings make complete say. */
export function completedWire(asset: Asset, context: WireContext) {
  const { completeAnswer } = context.settings;
  switch (completeAnswer) {
    case 'final':
      return outcomeWire(asset, statusAt(asset, context.now), wordOf(asset, context), context);
    case 'pending':
      return outcomeWire(asset, 'pending_upload', 'pending_upload', context);
    case 'ready-lag': {
      const settled = { ...asset, status: asset.settled_status ?? asset.status, settled_status: null };
      return outcomeWire(settled, settled.status, wordOf(settled, context), context);
    }
    default:
      return completeAnswer satisfies never;
  }
}

/** The answer to retry: the asset with its fresh target. */
export function renewedWire(asset: Asset, context: WireContext) {
  const status = statusAt(asset, context.now);
  return { ...outcomeWire(asset, status, wordOf(asset, context), context), ...targetWire(asset, context) };
}

/** An item of `GET /assets`: `created_at` in integer milliseconds. */
export function itemWire(asset: Asset, context: WireContext) {
  return { ...commonWire(asset, context), created_at: asset.created_at, node_id: null, project_id: asset.project_id };
}

/** The answer to `GET /assets/{id}`: `created_at` in ISO 8601. */
export function assetWire(asset: Asset, context: WireContext) {
  const failed = statusAt(asset, context.now) === 'failed';
  return {
    ...commonWire(asset, context),
    created_at: new Date(asset.created_at).toISOString(),
    failure_message: failed ? asset.failure_message : null,
  };
}

function outcomeWire(asset: Asset, status: AssetStatus, word: string, context: WireContext) {
  return {
    asset_id: asset.asset_id,
    status: word,
    url: status === 'ready' ? context.origin + assetPath(asset.asset_id) : null,
    visibility: 'workspace',
    workspace_id: asset.workspace_id,
    failure_message: status === 'failed' ? asset.failure_message : null,
  };
}

function commonWire(asset: Asset, context: WireContext) {
  const status = statusAt(asset, context.now);
  const isSettled = status !== 'pending_upload';
  const isSizeTold = isSettled && context.settings.listing !== 'null-sizes';
  return {
    asset_id: asset.asset_id,
    content_type:
      (isSettled ? storedContentType(asset) : null) ?? asset.upload_content_type ?? 'application/octet-stream',
    description: null,
    height: isSettled ? asset.height : null,
    name: asset.name,
    size_bytes: isSizeTold ? storedSizeBytes(asset) : null,
    status: wordOf(asset, context),
    upload_content_type: asset.upload_content_type,
    uploaded_via: asset.uploaded_via,
    url: status === 'ready' ? context.origin + assetPath(asset.asset_id) : null,
    width: isSettled ? asset.width : null,
    workspace_id: asset.workspace_id,
  };
}

/** The status in the words of the settings. */
function wordOf(asset: Asset, { now, settings }: WireContext): string {
  const status = statusAt(asset, now);
  if (settings.statusWords === 'processing' && isProcessing(asset, now)) return 'processing';
  return settings.statusWords === 'other' && status === 'ready' ? 'available' : status;
}
