import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import {
  brotliDecompress,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  gunzip,
  inflate,
  inflateRaw,
} from 'node:zlib';
import { errnoCode } from '../errors.ts';

// We ask for `identity`; what stands between may encode all the same.

const decoders = {
  gzip: promisify(gunzip),
  deflate: promisify(inflateEither),
  br: promisify(brotliDecompress),
} as const;
const streams = { gzip: createGunzip, deflate: createInflate, br: createBrotliDecompress } as const;
type Coding = keyof typeof decoders;

/** More than one over the other is nothing that anybody sends for good reasons. */
const mostCodings = 3;

/** The codings of `content-encoding` in the order in which they are to be undone; null where one of them is unknown. */
export function codingsOf(header: string | null): readonly Coding[] | null {
  const names = (header ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim().replace(/^x-(?=gzip$)/, ''))
    .filter((name) => name !== '' && name !== 'identity')
    .reverse();
  return names.length <= mostCodings && names.every(isCoding) ? names : null;
}

function isCoding(name: string): name is Coding {
  return Object.hasOwn(decoders, name);
}

/** The body without its codings; null when it is not what they say, or `too-long` when more than that would come of it. */
export async function decode(
  body: Buffer,
  codings: readonly Coding[],
  maxOutputLength: number,
): Promise<Buffer | 'too-long' | null> {
  let bytes = body;
  for (const coding of codings) {
    if (bytes.length === 0) break;
    try {
      bytes = await decoders[coding](bytes, { maxOutputLength });
    } catch (error) {
      const code = errnoCode(error);
      if (code === 'ERR_BUFFER_TOO_LARGE') return 'too-long';
      if (code === undefined) throw error;
      return null;
    }
  }
  return bytes;
}

/** One for each coding, to be put behind the body in this order. */
export function decodingStreams(codings: readonly Coding[]): readonly Transform[] {
  return codings.map((coding) => streams[coding]());
}

/** The low half of the first byte of zlib's format (RFC 1950). */
const deflateMethod = 8;

type Callback = (error: Error | null, bytes: Buffer) => void;

/** `deflate` is zlib's format by RFC 9110; some send the bare stream. Never called for nothing. */
function inflateEither(bytes: Buffer, options: { maxOutputLength: number }, callback: Callback): void {
  const hasHeader = ((bytes[0] as number) & 0x0f) === deflateMethod;
  (hasHeader ? inflate : inflateRaw)(bytes, options, callback);
}
