// `GET|HEAD /files/{asset_id}`: what `url` of a ready asset points to. Public, stable for the asset's life, never a redirect.
import { statSync } from 'node:fs';
import { type Answer, StorageFailure } from './answer.ts';
import type { EmulatorContext, Exchange } from './exchange.ts';
import { statusAt } from './lifecycle.ts';

export async function downloadAsset(context: EmulatorContext, exchange: Exchange): Promise<Answer> {
  const asset = context.store.byId(exchange.subject);
  exchange.entry.asset_id = asset?.asset_id ?? null;
  if (asset === undefined || asset.hidden === 1 || statusAt(asset, context.clock()) !== 'ready') throw noSuchKey();
  const path = context.blobs.pathOf(asset.asset_id);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw noSuchKey();
  return {
    status: 200,
    headers: { 'content-type': asset.content_type ?? 'application/octet-stream', 'cache-control': 'no-store' },
    body: Buffer.alloc(0),
    file: { path, sizeBytes: stat.size },
  };
}

function noSuchKey(): StorageFailure {
  return new StorageFailure(404, 'NoSuchKey', 'The specified key does not exist.');
}
