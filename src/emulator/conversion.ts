// What FLORA keeps of the bytes that it received, where it keeps something else (whether it does is not known). On disk are
// always the bytes as received: what is stored instead is made of them when it is asked for.
//
// `type`: a picture becomes another kind of picture, a video another kind of video, and so on; its bytes are a head and the
// digest of the original. `size`: the last byte is gone, as if metadata had been stripped.
import type { Asset } from './lifecycle.ts';

const kinds: Readonly<Record<string, readonly [string, string]>> = {
  audio: ['audio/mpeg', 'audio/ogg'],
  video: ['video/mp4', 'video/webm'],
};
const pictures = ['image/webp', 'image/png'] as const;

type Received = Pick<Asset, 'conversion' | 'content_type' | 'size_bytes' | 'sha256'>;

export function storedContentType({ conversion, content_type: received }: Received): string | null {
  if (conversion !== 'type' || received === null) return received;
  const [usual, other] = kinds[received.split('/')[0] ?? ''] ?? pictures;
  return received === usual ? other : usual;
}

export function storedSizeBytes(asset: Received): number | null {
  if (asset.size_bytes === null || asset.conversion === 'none') return asset.size_bytes;
  return asset.conversion === 'size' ? asset.size_bytes - 1 : made('VP8 ', asset.sha256, asset.size_bytes).length;
}

/** What is stored in place of the received bytes; undefined where it is those, or the first `storedSizeBytes` of them. */
export function convertedBytes(asset: Received): Buffer | undefined {
  return asset.conversion === 'type' ? made('VP8 ', asset.sha256, asset.size_bytes) : undefined;
}

/** What a host makes of the stored bytes that optimises what it delivers: another picture, of another length. */
export function optimisedBytes(asset: Received): Buffer {
  return made('VP8L', asset.sha256, storedSizeBytes(asset));
}

function made(chunk: string, sha256: string | null, otherThanBytes: number | null): Buffer {
  const bytes = Buffer.from(`RIFF\0\0\0\0WEBP${chunk}${sha256}`, 'latin1');
  return bytes.length === otherThanBytes ? Buffer.concat([bytes, Buffer.alloc(1)]) : bytes;
}
