import { ascii, byteAt, u16, u32le } from './bytes.ts';
import type { MediaSource } from './source.ts';

// Sound that is a row of frames without a header of the file: one sync word proves nothing, the next frame in its place does.

interface Frame {
  readonly lengthBytes: number;
  /** What all frames of a stream have in common. */
  readonly stream: number;
}

type FrameReader = (bytes: Uint8Array, at: number) => Frame | null;

/** ISO/IEC 11172-3, 2.4.2.3 and 13818-3, 2.4.2.3; kbit/s by index, for [MPEG-1 layer I, II, III, MPEG-2 layer I, II and III]. */
const bitrates = [
  [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
] as const;
const sampleRates = [44_100, 48_000, 32_000];

/** A frame of MPEG audio of any layer. Free bit rates have no length and are none here, as for ffprobe. */
function mpegFrame(bytes: Uint8Array, at: number): Frame | null {
  const second = byteAt(bytes, at + 1);
  if (bytes[at] !== 0xff || !(second >= 0xe0)) return null;
  const third = byteAt(bytes, at + 2);
  const version = (second >> 3) & 3;
  const layer = 4 - ((second >> 1) & 3);
  const rate = sampleRates[(third >> 2) & 3];
  // 1 is no version, 4 no layer; and two bits of emphasis have three meanings.
  if (version === 1 || layer === 4 || rate === undefined || (byteAt(bytes, at + 3) & 3) === 2) return null;
  const isFirst = version === 3;
  const kilobits = bitrates[isFirst ? layer - 1 : layer === 1 ? 3 : 4]?.[(third >> 4) - 1];
  if (kilobits === undefined || at + 4 > bytes.length) return null;
  const perSecond = (kilobits * 1_000) / (rate / (isFirst ? 1 : version === 2 ? 2 : 4));
  const padding = (third >> 1) & 1;
  const samplesPerByte = layer === 3 && !isFirst ? 72 : 144;
  const lengthBytes =
    layer === 1 ? (Math.floor(12 * perSecond) + padding) * 4 : Math.floor(samplesPerByte * perSecond) + padding;
  return { lengthBytes, stream: (second & 0xfe) * 4 + ((third >> 2) & 3) };
}

/** ADTS (ISO/IEC 13818-7, 6.2): the sync of MPEG audio with the layer that is none. */
function adtsFrame(bytes: Uint8Array, at: number): Frame | null {
  const second = byteAt(bytes, at + 1);
  const third = byteAt(bytes, at + 2);
  if (bytes[at] !== 0xff || (second & 0xf6) !== 0xf0 || ((third >> 2) & 15) > 12) return null;
  const lengthBytes = (byteAt(bytes, at + 3) & 3) * 0x800 + byteAt(bytes, at + 4) * 8 + (byteAt(bytes, at + 5) >> 5);
  return lengthBytes >= 7 ? { lengthBytes, stream: second * 0x100 + (third & 0xfc) } : null;
}

/** kbit/s of AC-3 by half the frame size code (ETSI TS 102 366, table 4.13). */
const ac3Bitrates = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];

/** AC-3 and E-AC-3 (ETSI TS 102 366, 4.3 and E.1.2). */
function ac3Frame(bytes: Uint8Array, at: number): Frame | null {
  if (u16(bytes, at) !== 0x0b77) return null;
  const codes = byteAt(bytes, at + 4);
  const version = byteAt(bytes, at + 5) >> 3;
  const rate = codes >> 6;
  if (version > 10 && version <= 16) {
    return { lengthBytes: ((u16(bytes, at + 2) & 0x7ff) + 1) * 2, stream: version * 4 + rate };
  }
  const kilobits = ac3Bitrates[(codes & 63) >> 1];
  if (version > 10 || kilobits === undefined || rate === 3) return null;
  const words =
    rate === 0 ? kilobits * 2 : rate === 1 ? Math.floor((kilobits * 320) / 147) + (codes & 1) : kilobits * 3;
  return { lengthBytes: words * 2, stream: version * 4 + rate };
}

/** Whether so many frames stand one behind the other, or one fewer that fill the file to its last byte (or to a tag there). */
function hasFrames(read: FrameReader, bytes: Uint8Array, from: number, wanted: number, isAll: boolean): boolean {
  let stream: number | null = null;
  let at = from;
  for (let count = 0; count < wanted; count += 1) {
    const frame = read(bytes, at);
    if (frame === null || (stream !== null && frame.stream !== stream)) {
      return (
        count === wanted - 1 && isAll && (at === bytes.length || ['TAG', 'APE'].includes(ascii(bytes, at, at + 3)))
      );
    }
    stream = frame.stream;
    at += frame.lengthBytes;
  }
  return true;
}

/**
 * The type of a file of frames, or null. Two in a row, because eleven set bits begin many a file: UTF-16 text, for one.
 *
 * @param isAll the bytes are the file to its end
 */
export function framesType(bytes: Uint8Array, isAll: boolean): string | null {
  if (hasFrames(mpegFrame, bytes, 0, 2, isAll)) return 'audio/mpeg';
  if (hasFrames(adtsFrame, bytes, 0, 2, isAll)) return 'audio/aac';
  return hasFrames(ac3Frame, bytes, 0, 2, isAll) ? 'audio/vnd.dolby.dd-raw' : null;
}

/** As far as players look for the first frame of what is called an MP3 (so does ffmpeg's demuxer). */
const searchedBytes = 64 * 1024;

/** A tenth of a second. What is made of patterns, pictures and samples of sound among it, makes up three of them. */
const framesBehindJunk = 5;

/** Whether MPEG audio begins somewhere behind what does not belong to it. */
export function hasMpegAudioBehindJunk(bytes: Uint8Array, isAll: boolean): boolean {
  const end = Math.min(searchedBytes, bytes.length);
  for (let at = bytes.indexOf(0xff); at !== -1 && at < end; at = bytes.indexOf(0xff, at + 1)) {
    if (hasFrames(mpegFrame, bytes, at, framesBehindJunk, isAll)) return true;
  }
  return false;
}

const mostTags = 16;

/**
 * Where a file's content begins behind its ID3v2 tags (id3.org, "ID3v2.4 structure", 3.1 and 3.4) and APEv2 tags, which may be of
 * any size; 0 where there are none.
 */
export async function behindTags(source: MediaSource): Promise<number> {
  let at = 0;
  for (let tags = 0; tags < mostTags; tags += 1) {
    const length = tagLength(await source.read(at, 32));
    if (length === null) break;
    at += length;
  }
  return at;
}

function tagLength(bytes: Uint8Array): number | null {
  if (ascii(bytes, 0, 8) === 'APETAGEX') return bytes.length < 32 ? null : 32 + u32le(bytes, 12);
  const size = [6, 7, 8, 9].map((at) => byteAt(bytes, at));
  const version = byteAt(bytes, 3);
  if (ascii(bytes, 0, 3) !== 'ID3' || !(version >= 2 && version <= 4) || !size.every((part) => part < 0x80))
    return null;
  const footer = (byteAt(bytes, 5) & 0x10) === 0 ? 0 : 10;
  return 10 + size.reduce((sum, part) => sum * 0x80 + part, 0) + footer;
}
