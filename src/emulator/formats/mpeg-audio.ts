// MPEG audio, layers 1 to 3 (ISO/IEC 11172-3, 13818-3): frames that follow each other, behind ID3v2 tags if there are any. There is no
// signature: it is what the frames say of the next one that tells.
import { type Bytes, latin1 } from './bytes.ts';
import { another, fault, type Opened } from './opened.ts';

const kbit = {
  v1: [
    [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  ],
  v2: [
    [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  ],
} as const;
const hertz = [44_100, 48_000, 32_000] as const;

/** How far behind the tags the first frame may stand: taggers leave room, rippers leave zeros. As many in a row are no chance. */
const behindRoom = { bytes: 128 * 1024, frames: 4 };
/** Behind the rest of a frame, where a stream was cut, or whatever else it is. */
const behindJunk = { bytes: 4 * 1024, frames: 10 };

/** Null: there are no frames at the place where they would be. */
export function openMpegAudio(bytes: Bytes): Opened | typeof another {
  const begin = afterTags(bytes);
  if (begin > bytes.sizeBytes) return fault('ends inside its ID3 tag');
  // A frame that begins where it should need not be followed by many: whole files of two or three are known.
  if (isFrameRow(bytes, begin, 2)) return { contentType: 'audio/mpeg' };
  const room = Buffer.from(bytes.at(begin, behindRoom.bytes));
  const first = room.findIndex((byte) => byte !== 0);
  const isRoom = first !== -1 && room[first] === 0xff;
  const { frames, bytes: reach } = isRoom ? behindRoom : behindJunk;
  const near = room.subarray(0, reach);
  for (let at = near.indexOf(0xff); at !== -1; at = near.indexOf(0xff, at + 1))
    if (isFrameRow(bytes, begin + at, frames)) return { contentType: 'audio/mpeg' };
  return another;
}

function afterTags(bytes: Bytes): number {
  let at = 0;
  for (;;) {
    const head = bytes.at(at, 10);
    if (head.length < 10 || head.toString('latin1', 0, 3) !== 'ID3') return at;
    const length = head.subarray(6, 10).reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0);
    const footer = ((head[5] ?? 0) & 0x10) === 0 ? 0 : 10;
    at += 10 + length + footer;
  }
}

/** Whether so many frames of one kind stand there, or no fewer than two that are followed by the end or by a tag. */
function isFrameRow(bytes: Bytes, offset: number, wanted: number): boolean {
  let kind: string | undefined;
  let at = offset;
  for (let count = 0; count < wanted; count += 1) {
    const isEnd = count > 1 && (at === bytes.sizeBytes || ['TAG', 'APE', 'LYR'].includes(latin1(bytes, at, 3)));
    if (isEnd) return true;
    const frame = frameAt(bytes, at);
    if (frame === undefined || (kind !== undefined && frame.kind !== kind)) return false;
    kind = frame.kind;
    at += frame.length;
  }
  return true;
}

function frameAt(bytes: Bytes, offset: number): { readonly kind: string; readonly length: number } | undefined {
  const head = bytes.at(offset, 4);
  if (head.length < 4) return undefined;
  const bits = head.readUInt32BE(0);
  const version = (bits >>> 19) & 3;
  const layer = 4 - ((bits >>> 17) & 3);
  const rate = hertz[(bits >>> 10) & 3];
  if (bits >>> 21 !== 0x7ff || version === 1 || layer === 4 || rate === undefined) return undefined;
  const bitrate = kbit[version === 3 ? 'v1' : 'v2'][layer - 1]?.[((bits >>> 12) & 15) - 1];
  if (bitrate === undefined) return undefined;
  const sampleRate = rate / { 3: 1, 2: 2, 0: 4 }[version as 0 | 2 | 3];
  const padding = (bits >>> 9) & 1;
  const length =
    layer === 1
      ? (Math.floor((12_000 * bitrate) / sampleRate) + padding) * 4
      : Math.floor(((layer === 3 && version !== 3 ? 72_000 : 144_000) * bitrate) / sampleRate) + padding;
  return { kind: `${version} ${layer} ${sampleRate}`, length };
}
