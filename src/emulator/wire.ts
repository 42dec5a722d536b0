// Assets as the API spells them. Where the contract is silent: `url` is null in listings, GET and complete until the asset is
// ready (create always names it: there it is not nullable), and so are size, width and height; `content_type` is then
// the declared type or application/octet-stream. The seeds give GET no project_id and no node_id, so it has none.
import { createHmac } from 'node:crypto';
import { type Asset, statusAt } from './lifecycle.ts';

/** Names the origin that serves uploads and assets, e.g. `http://127.0.0.1:4010`. */
export interface WireContext {
  readonly origin: string;
  readonly now: number;
}

export function assetPath(assetId: string): string {
  return `/files/${assetId}`;
}

export function uploadPath(token: string): string {
  return `/upload/${token}`;
}

/** The answer to `POST /assets`. */
export function createdWire(asset: Asset, context: WireContext) {
  return {
    asset_id: asset.asset_id,
    status: statusAt(asset, context.now),
    uploaded_via: asset.uploaded_via,
    url: context.origin + assetPath(asset.asset_id),
    visibility: 'workspace',
    workspace_id: asset.workspace_id,
    ...reservationWire(asset, context),
  };
}

/** The answer to complete and retry; the reservation is part of it only while the asset waits for bytes. */
export function uploadWire(asset: Asset, context: WireContext, withReservation: boolean) {
  const status = statusAt(asset, context.now);
  return {
    asset_id: asset.asset_id,
    status,
    url: status === 'ready' ? context.origin + assetPath(asset.asset_id) : null,
    visibility: 'workspace',
    workspace_id: asset.workspace_id,
    failure_message: status === 'failed' ? asset.failure_message : null,
    ...(withReservation ? reservationWire(asset, context) : {}),
  };
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

/** The fields that must come back unaltered and first, in the manner of a Google Cloud Storage POST policy. */
export function formFieldsOf(asset: Asset): Readonly<Record<string, string>> {
  const key = `uploads/${asset.workspace_id}/${asset.asset_id}`;
  const date = new Date(asset.expires_at ?? 0).toISOString().replace(/[-:]|\.\d+/g, '');
  const policy = Buffer.from(JSON.stringify({ conditions: [{ key }], expiration: date })).toString('base64');
  return {
    key,
    ...(asset.upload_content_type === null ? {} : { 'Content-Type': asset.upload_content_type }),
    // Names reach storage as metadata, so any character may stand in a field; line breaks cannot pass a form unaltered.
    ...(asset.name === null ? {} : { 'x-goog-meta-name': asset.name.replace(/[\r\n]/g, '_') }),
    'x-goog-algorithm': 'GOOG4-RSA-SHA256',
    'x-goog-credential': `emulator@flora.invalid/${date.slice(0, 8)}/auto/storage/goog4_request`,
    'x-goog-date': date,
    policy,
    'x-goog-signature': createHmac('sha256', asset.token ?? '')
      .update(policy)
      .digest('hex'),
  };
}

function reservationWire(asset: Asset, context: WireContext) {
  if (asset.token === null || asset.expires_at === null) return {};
  const url = context.origin + uploadPath(asset.token);
  const upload = {
    content_type: 'multipart/form-data',
    file_field: 'file',
    form_fields: formFieldsOf(asset),
    method: 'POST',
    url,
  };
  return {
    expires_at: new Date(asset.expires_at).toISOString(),
    ...(asset.upload_style === 'form' ? { upload } : {}),
    upload_url: url,
  };
}

function commonWire(asset: Asset, context: WireContext) {
  const status = statusAt(asset, context.now);
  const isSettled = status !== 'pending_upload';
  return {
    asset_id: asset.asset_id,
    content_type: (isSettled ? asset.content_type : null) ?? asset.upload_content_type ?? 'application/octet-stream',
    description: null,
    height: isSettled ? asset.height : null,
    name: asset.name,
    size_bytes: isSettled ? asset.size_bytes : null,
    status,
    upload_content_type: asset.upload_content_type,
    uploaded_via: asset.uploaded_via,
    url: status === 'ready' ? context.origin + assetPath(asset.asset_id) : null,
    width: isSettled ? asset.width : null,
    workspace_id: asset.workspace_id,
  };
}
