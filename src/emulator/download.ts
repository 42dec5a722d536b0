// `GET|HEAD /files/{asset_id}`: what `url` of a ready asset points to. Public and stable for the asset's life. What is behind it
// is a setting: the stored bytes, what ImageKit makes of a picture (`?tr=orig-true` gets those stored, and is unknown to
// every other host), a redirect to `/moved/{asset_id}`, or a page.
import { statSync } from 'node:fs';
import { type Answer, StorageFailure, signInPage } from './answer.ts';
import { convertedBytes, optimisedBytes, storedContentType, storedSizeBytes } from './conversion.ts';
import type { EmulatorContext, Exchange } from './exchange.ts';
import { type Asset, statusAt } from './lifecycle.ts';

export async function downloadAsset(context: EmulatorContext, exchange: Exchange): Promise<Answer> {
  const asset = context.store.byId(exchange.subject);
  exchange.entry.asset_id = asset?.asset_id ?? null;
  if (asset === undefined || asset.hidden === 1 || statusAt(asset, context.clock()) !== 'ready') throw noSuchKey();
  const path = context.blobs.pathOf(asset.asset_id);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw noSuchKey();
  const stored = () => storedAnswer({ ...asset, size_bytes: stat.size }, path);
  const { urlHost } = context.settings;
  const isOriginalWanted = exchange.url.searchParams.get('tr') === 'orig-true';
  if (isOriginalWanted && urlHost !== 'optimised') throw noSuchKey();
  switch (urlHost) {
    case 'bytes':
      return stored();
    case 'optimised':
      return isOriginalWanted ? stored() : bytesAnswer('image/webp', optimisedBytes(asset));
    case 'redirect':
      return exchange.url.pathname.startsWith('/moved/') ? stored() : movedAnswer(asset);
    case 'page':
      return signInPage('see this file');
    default:
      return urlHost satisfies never;
  }
}

function storedAnswer(asset: Asset, path: string): Answer {
  const contentType = storedContentType(asset) ?? 'application/octet-stream';
  const converted = convertedBytes(asset);
  if (converted !== undefined) return bytesAnswer(contentType, converted);
  const file = { path, sizeBytes: storedSizeBytes(asset) ?? 0 };
  return { ...bytesAnswer(contentType, Buffer.alloc(0)), file };
}

function bytesAnswer(contentType: string, body: Buffer): Answer {
  return { status: 200, headers: { 'content-type': contentType, 'cache-control': 'no-store' }, body };
}

function movedAnswer(asset: Asset): Answer {
  return { status: 302, headers: { location: `/moved/${asset.asset_id}` }, body: Buffer.alloc(0) };
}

function noSuchKey(): StorageFailure {
  return new StorageFailure(404, 'NoSuchKey', 'The specified key does not exist.');
}
