// Assets by the thousand without an upload each, so that tests can have listings of any length, and let them grow and shrink
// while somebody reads them. They have a size but no bytes on disk: their `url` is 404, like that of an object that was lost.
import { createHash } from 'node:crypto';
import type { EmulatorContext } from './exchange.ts';
import { type FieldReader, readFields } from './fields.ts';
import { blankAsset } from './lifecycle.ts';

export interface Seeded {
  readonly count: number;
  readonly asset_ids: readonly string[];
}

const maxCount = 1_000_000;

/** Makes `count` assets named `<prefix>-<seq>.png` in one transaction; their ids in the order of their making. */
export function seedAssets({ access, store, clock, settings }: EmulatorContext, value: unknown): Seeded {
  const fields = readFields(value, ['count', 'prefix', 'workspace_id', 'project_id', 'size_bytes', 'status']);
  const prefix = readPrefix(fields);
  if (fields.raw('count') === undefined) fields.problem('count', 'Required');
  const length = fields.integer('count', { min: 1, max: maxCount }) ?? 0;
  const workspaceId = fields.oneOf('workspace_id', access.workspaceIds) ?? access.workspaceIds[0];
  const status = fields.oneOf('status', ['pending_upload', 'ready', 'failed']) ?? 'ready';
  const failureMessage = status === 'failed' ? 'Made as a failed asset.' : null;
  const projectId = fields.string('project_id', { pattern: /^prj_\S+$/, expected: 'an id that matches ^prj_\\S+$' });
  const sizeBytes = fields.integer('size_bytes', { min: 0, max: Number.MAX_SAFE_INTEGER }) ?? 1024;
  fields.check();
  const assetIds = store.atomically(() => {
    const first = store.lastSeq() + 1;
    return Array.from({ length }, (_, at) => {
      const seq = first + at;
      const assetId = seededId(prefix, seq);
      const blank = blankAsset(settings, {
        asset_id: assetId,
        workspace_id: workspaceId ?? '',
        project_id: projectId ?? null,
        name: `${prefix}-${seq}.png`,
        folder: null,
        upload_content_type: 'image/png',
        uploaded_via: 'signed_url',
        created_at: clock(),
      });
      store.insert({
        ...blank,
        status,
        failure_message: failureMessage,
        size_bytes: sizeBytes,
        content_type: 'image/png',
      });
      return assetId;
    });
  });
  return { count: assetIds.length, asset_ids: assetIds };
}

/**
 * Removes the first `count` (all, without one) of the assets made with this prefix, in the listing's order: at its front,
 * where whatever follows moves up past a reader's offset.
 */
export function removeSeeded({ store, settings }: EmulatorContext, params: URLSearchParams): Seeded {
  const fields = readFields(Object.fromEntries(params), ['prefix', 'count']);
  const prefix = readPrefix(fields);
  const count = fields.string('count', { pattern: /^\d{1,9}$/, expected: 'an integer' });
  fields.check();
  return store.atomically(() => {
    const made = store.withoutBytes(settings.listOrder).filter((one) => one.asset_id === seededId(prefix, one.seq));
    const removed = made.slice(0, count === undefined ? undefined : Number(count));
    for (const asset of removed) store.remove(asset);
    return { count: removed.length, asset_ids: removed.map((asset) => asset.asset_id) };
  });
}

/** Looks like any other id and tells what it was made from: the same calls make the same ids, in every run. */
function seededId(prefix: string, seq: number): string {
  return `asset_${createHash('sha256').update(`${prefix}\0${seq}`).digest('hex').slice(0, 24)}`;
}

function readPrefix(fields: FieldReader): string {
  if (fields.raw('prefix') === undefined) fields.problem('prefix', 'Required');
  return fields.string('prefix', { pattern: /^[^\0]+$/, expected: 'the beginning of a file name' }) ?? '';
}
