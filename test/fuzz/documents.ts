import { isRecord } from '../../src/remote/fields.ts';
import type { Asset } from '../simulation/asset.ts';
import type { Said } from '../simulation/flora.ts';
import type { World } from '../simulation/world.ts';
import type { Json } from './mutations.ts';
import type { Call } from './scenes.ts';

const epochMs = 1_800_000_000_000;
const workspaceId = 'ws_1';

/** The model FLORA's answer with every field that the contract documents for that call. */
export function documented(world: World, call: Call, { status, json }: Said): Said {
  if (!isRecord(json) || status >= 300) return { status, json };
  if (call === 'list') return { status, json: pageOf(world, json) };
  const asset = assetOf(world, json['asset_id']);
  if (asset === undefined) return { status, json };
  if (call === 'get')
    return { status, json: { ...itemOf(asset, json), created_at: iso(asset), failure_message: told(json) } };
  if (call === 'complete') return { status, json: { ...outcomeOf(asset, json), failure_message: told(json) } };
  return { status, json: reservationOf(asset, json) };
}

export const workspaces: Json = {
  workspaces: [{ workspace_id: workspaceId, name: 'Ours', role: 'owner', created_at: epochMs }],
  meta: { next_cursor: null },
};

/** With the fields that a refusal may have. */
export function refusalOf(code: string): Json {
  return { error: { code, message: 'Not so.', fields: [{ field: 'file_name', message: 'Not so either.' }] } };
}

/** What a target of this URL demands of a form that is sent to it. */
export function formOf(url: string): Readonly<Record<string, string>> {
  return {
    'Content-Type': 'image/png',
    key: `uploads${new URL(url).pathname}`,
    policy: 'cG9saWN5',
    'x-goog-date': '1',
  };
}

function reservationOf(asset: Asset, { upload, ...json }: Json): Json {
  const common = { ...outcomeOf(asset, json), uploaded_via: 'signed_url', expires_at: json['expires_at'] };
  if (!isRecord(upload)) return { ...common, upload_url: json['upload_url'] };
  const url = String(upload['url']);
  const form = {
    url,
    method: 'POST',
    content_type: 'multipart/form-data',
    file_field: 'file',
    form_fields: formOf(url),
  };
  return { ...common, upload: form };
}

function outcomeOf({ id, url }: Asset, { status }: Json): Json {
  return { asset_id: id, status, url, visibility: 'workspace', workspace_id: workspaceId };
}

function itemOf(asset: Asset, { status }: Json): Json {
  const isReady = status === 'ready';
  return {
    asset_id: asset.id,
    name: asset.name,
    description: 'A picture',
    status,
    url: isReady ? asset.url : null,
    size_bytes: isReady ? asset.bytes?.length : null,
    width: 8,
    height: 8,
    content_type: 'image/png',
    upload_content_type: 'image/png',
    uploaded_via: 'signed_url',
    workspace_id: workspaceId,
    node_id: 'node_1',
    project_id: 'prj_9',
  };
}

function pageOf(world: World, json: Json): Json {
  const items = Array.isArray(json['assets']) ? json['assets'].filter(isRecord) : [];
  const assets = items.flatMap((item) => {
    const asset = assetOf(world, item['asset_id']);
    return asset === undefined ? [] : [{ ...itemOf(asset, item), created_at: epochMs + asset.createdMs }];
  });
  const { meta } = json;
  return { assets, meta: { ...(isRecord(meta) ? meta : {}), total_estimate: world.flora.assets.length } };
}

function assetOf(world: World, id: unknown): Asset | undefined {
  return world.flora.assets.find((each) => each.id === id);
}

function iso({ createdMs }: Asset): string {
  return new Date(epochMs + createdMs).toISOString();
}

function told({ failure_message: message }: Json): unknown {
  return message ?? null;
}
