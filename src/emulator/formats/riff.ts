// RIFF: WebP (RFC 9649), and WAV with its forms for large files, RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088).
import { type Bytes, latin1 } from './bytes.ts';
import { fault, type Opened } from './opened.ts';

interface Chunk {
  readonly type: string;
  readonly at: number;
  readonly length: number;
}

export function isWebp(bytes: Bytes): boolean {
  return latin1(bytes, 0, 4) === 'RIFF' && latin1(bytes, 8, 4) === 'WEBP';
}

export function isWav(bytes: Bytes): boolean {
  return ['RIFF', 'RF64', 'BW64'].includes(latin1(bytes, 0, 4)) && latin1(bytes, 8, 4) === 'WAVE';
}

export function openWebp(bytes: Bytes): Opened {
  let canvas: ReturnType<typeof sizeOf>;
  for (const chunk of chunksOf(bytes)) {
    if (chunk.at + chunk.length > bytes.sizeBytes) return fault(`ends inside its ${chunk.type.trim()} chunk`);
    const size = sizeOf(bytes, chunk);
    if (chunk.type === 'VP8X') canvas = size;
    else if (size !== undefined || (chunk.type === 'ANMF' && canvas !== undefined))
      return { contentType: 'image/webp', ...(canvas ?? size) };
  }
  return fault('has no picture');
}

/** Players play what there is: how long the samples should be does not matter, and streams never say. */
export function openWav(bytes: Bytes): Opened {
  let hasFormat = false;
  for (const { type, length } of chunksOf(bytes)) {
    if (type === 'fmt ' && length >= 14) hasFormat = true;
    if (type === 'data') return hasFormat ? { contentType: 'audio/wav' } : fault('has samples without a format');
  }
  return fault('has no samples');
}

function* chunksOf(bytes: Bytes): Generator<Chunk> {
  for (let at = 12; ; ) {
    const head = bytes.at(at, 8);
    if (head.length < 8) return;
    const chunk = { type: head.toString('latin1', 0, 4), at: at + 8, length: head.readUInt32LE(4) };
    if (!/^[\x20-\x7e]{4}$/.test(chunk.type)) return;
    yield chunk;
    at = chunk.at + chunk.length + (chunk.length % 2);
  }
}

function sizeOf(bytes: Bytes, { type, at }: Chunk): { readonly width: number; readonly height: number } | undefined {
  const head = bytes.at(at, 10);
  if (head.length < 10) return undefined;
  if (type === 'VP8 ' && head.readUIntBE(3, 3) === 0x9d012a)
    return { width: head.readUInt16LE(6) & 0x3fff, height: head.readUInt16LE(8) & 0x3fff };
  if (type === 'VP8L' && head[0] === 0x2f) {
    const bits = head.readUInt32LE(1);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (type === 'VP8X') return { width: head.readUIntLE(4, 3) + 1, height: head.readUIntLE(7, 3) + 1 };
  return undefined;
}
