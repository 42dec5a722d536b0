// The upload target: how it is told of, and what it takes. Both go by what was settled when it was given out, so that it takes
// exactly what was told, whatever the settings are by then; only the words for it are today's.
import { createHmac } from 'node:crypto';
import { camelised } from './camel.ts';
import type { EmulatorSettings } from './dialects.ts';
import type { Asset } from './lifecycle.ts';

/** Names the origin that serves uploads and assets, e.g. `http://127.0.0.1:4010`. */
export interface WireContext {
  readonly origin: string;
  readonly now: number;
  readonly settings: Readonly<EmulatorSettings>;
}

export function uploadPath(token: string): string {
  return `/upload/${token}`;
}

export function isFormTarget(asset: Asset): boolean {
  return asset.upload_style === 'form';
}

/** The fields that must come back unaltered and first; a number comes back as its decimal text. */
export function expectedFields(asset: Asset): Map<string, string> {
  return new Map(Object.entries(fieldsOf(asset)).map(([name, value]) => [name, String(value)]));
}

/** `upload`, `upload_url` and `expires_at`, as far as there is a target and the settings tell of it. */
export function targetWire(asset: Asset, { origin, now, settings }: WireContext) {
  if (asset.token === null || asset.expires_at === null || asset.upload_style === 'none') return {};
  const url = origin + uploadPath(asset.token);
  const isFull = settings.uploadDetails === 'full';
  const told = {
    form: { upload: formWire(asset, url, settings), ...(isFull ? { upload_url: url } : {}) },
    put: { upload_url: url },
    'put-method': { upload: putWire(asset, url, settings) },
  }[asset.upload_style];
  return { ...(isFull ? expiryWire(asset.expires_at, now, settings) : {}), ...told };
}

function formWire(asset: Asset, url: string, { spelling, uploadDetails, fileField }: WireContext['settings']) {
  const members = {
    ...(uploadDetails === 'full' ? { content_type: 'multipart/form-data' } : {}),
    ...(fileField === 'told' ? { file_field: 'file' } : {}),
    ...(asset.form_fields === 'absent' ? {} : { form_fields: asset.form_fields === 'null' ? null : fieldsOf(asset) }),
    ...(uploadDetails === 'full' ? { method: 'POST' } : {}),
    url,
  };
  return spelling === 'camel' ? camelised(members) : members;
}

/** Without its method it would read as a form, so that stays in the guide's spelling too. */
function putWire(asset: Asset, url: string, { spelling, uploadDetails }: WireContext['settings']) {
  const contentType = asset.upload_content_type ?? 'application/octet-stream';
  const members = { ...(uploadDetails === 'full' ? { content_type: contentType } : {}), method: 'PUT', url };
  return spelling === 'camel' ? camelised(members) : members;
}

const hourMs = 3_600_000;

function expiryWire(expiresAt: number, now: number, { expiry }: WireContext['settings']) {
  switch (expiry) {
    case 'iso':
      return { expires_at: new Date(expiresAt).toISOString() };
    case 'absent':
      return {};
    case 'over':
      return { expires_at: new Date(now - hourMs).toISOString() };
    case 'zoneless':
      return { expires_at: new Date(expiresAt).toISOString().slice(0, -1) };
    default:
      return expiry satisfies never;
  }
}

function fieldsOf(asset: Asset): Readonly<Record<string, string | number>> {
  switch (asset.form_fields) {
    case 'policy':
      return formFieldsOf(asset);
    case 'number':
      return { ...formFieldsOf(asset), expire: Math.trunc((asset.expires_at ?? 0) / 1000) };
    case 'empty':
    case 'null':
    case 'absent':
      return {};
    default:
      return asset.form_fields satisfies never;
  }
}

/** In the manner of a Google Cloud Storage POST policy. */
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
