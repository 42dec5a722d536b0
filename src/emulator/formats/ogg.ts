// Ogg (RFC 3533): pages that begin the streams, each with the first packet of a codec, and then others.
import { type Bytes, latin1 } from './bytes.ts';
import { another, fault, type Opened } from './opened.ts';

const sounds = ['\x01vorbis', 'OpusHead', 'Speex   ', '\x7fFLAC', 'fLaC', 'PCM     ', 'CELT    '];
const pictures = ['\x80theora', 'BBCD\0', '\x01video', 'OVP80', '\x80daala', 'YUV4MPEG'];

export function isOgg(bytes: Bytes): boolean {
  return latin1(bytes, 0, 5) === 'OggS\0';
}

/** Sound alone: with moving pictures it is video/ogg, which FLORA does not take. */
export function openOgg(bytes: Bytes): Opened | typeof another {
  const packets: string[] = [];
  for (let at = 0; ; ) {
    const head = bytes.at(at, 27 + 255);
    if (head.length < 27) return fault('ends before its streams begin');
    if (head.toString('latin1', 0, 5) !== 'OggS\0') return fault('has no page where one must be');
    const segments = head.subarray(27, 27 + (head[26] ?? 0));
    const begin = at + 27 + (head[26] ?? 0);
    const length = segments.reduce((sum, segment) => sum + segment, 0);
    const isFirst = ((head[5] ?? 0) & 0x02) !== 0;
    if (begin + length > bytes.sizeBytes) return fault('ends inside a page');
    if (!isFirst) break;
    packets.push(latin1(bytes, begin, Math.min(length, 16)));
    at = begin + length;
  }
  const has = (codecs: readonly string[]) => packets.some((packet) => codecs.some((codec) => packet.startsWith(codec)));
  if (packets.length === 0) return fault('does not begin with the beginning of a stream');
  return has(sounds) && !has(pictures) ? { contentType: 'audio/ogg' } : another;
}
