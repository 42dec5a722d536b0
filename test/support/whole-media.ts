// Small files that are whole: from beginning to end there is what a reader looks for before it shows or plays anything.
import { demoSamples, pdf, png, wav } from '../../src/cli/demo-media.ts';

type Part = Buffer | string;

const join = (...parts: readonly Part[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));

function uint(value: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(value, 0, length);
  return bytes;
}

/** Baseline, grey, without tables: its markers stand where they should. */
export function jpeg(width: number, height: number, ...segments: readonly Buffer[]): Buffer {
  const frame = join('\xff\xc0', uint(11, 2), '\x08', uint(height, 2), uint(width, 2), '\x01\x01\x11\0');
  const scan = join('\xff\xda', uint(8, 2), '\x01\x01\0\0\x3f\0', Buffer.alloc(40, 0x55));
  return join('\xff\xd8', ...segments, frame, scan, '\xff\xd9');
}

/** An APP2 segment of 64 KiB, as those of a large colour profile are. */
export function profileSegment(): Buffer {
  return join('\xff\xe2\xff\xffICC_PROFILE\0', Buffer.alloc(65_521));
}

export function webp(): Buffer {
  return Buffer.from('UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==', 'base64');
}

export function box(type: string, ...parts: readonly Part[]): Buffer {
  const body = join(...parts);
  return join(uint(body.length + 8, 4), type, body);
}

export function ftyp(major: string, ...compatible: readonly string[]): Buffer {
  return box('ftyp', major, uint(0, 4), ...compatible);
}

function handler(type: string): Buffer {
  return box('hdlr', Buffer.alloc(8), type, Buffer.alloc(13));
}

/** A `moov` box with a track for each handler: `vide`, `soun`. */
export function movie(...handlers: readonly string[]): Buffer {
  const tracks = handlers.map((type) => box('trak', box('tkhd', Buffer.alloc(84)), box('mdia', handler(type))));
  return box('moov', box('mvhd', Buffer.alloc(100)), ...tracks);
}

/** A film whose tracks are told behind its media, as recorders write it. */
export function film(brand: string, handlers: readonly string[] = ['vide', 'soun'], compatible = ['isom']): Buffer {
  return join(ftyp(brand, ...compatible), box('mdat', Buffer.alloc(200, 0x11)), movie(...handlers));
}

/** A picture with items of these types. */
export function isoPicture(brand: string, items: readonly string[], width = 8, height = 6): Buffer {
  const entries = items.map((type, index) =>
    box('infe', uint(0x02000000, 4), uint(index + 1, 2), uint(0, 2), type, '\0'),
  );
  const info = box('iinf', uint(0, 4), uint(items.length, 2), ...entries);
  const extents = box('ispe', uint(0, 4), uint(width, 4), uint(height, 4));
  const meta = box('meta', uint(0, 4), handler('pict'), info, box('iprp', box('ipco', extents)));
  return join(ftyp(brand, 'mif1', brand), meta, box('mdat', Buffer.alloc(100, 0x22)));
}

/** An EBML element; `length` for what claims another than it has. */
function element(id: string, body: Buffer): Buffer {
  return join(Buffer.from(id, 'hex'), uint(0x4000 + body.length, 2), body);
}

export function ebml(docType: string): Buffer {
  const tracks = element('1654ae6b', element('ae', element('d7', uint(1, 1))));
  const info = element('1549a966', element('2ad7b1', uint(1_000_000, 3)));
  const cluster = element('1f43b675', element('e7', uint(0, 1)));
  return join(
    element('1a45dfa3', element('4282', Buffer.from(docType))),
    element('18538067', join(info, tracks, cluster)),
  );
}

function oggPage(flags: number, packet: Buffer): Buffer {
  return join('OggS\0', uint(flags, 1), Buffer.alloc(20), '\x01', uint(packet.length, 1), packet);
}

/** A stream for each packet that begins one, then a page of each. */
export function ogg(...packets: readonly string[]): Buffer {
  const begin = packets.map((packet) => oggPage(2, join(packet, Buffer.alloc(12))));
  return join(...begin, ...packets.map(() => oggPage(0, Buffer.alloc(50, 0x33))));
}

export function id3(length: number): Buffer {
  const size = [21, 14, 7, 0].map((shift) => (length >> shift) & 0x7f);
  return join('ID3\x04\0\0', Buffer.from(size), Buffer.alloc(length));
}

/** MPEG-1 layer 3, 128 kbit/s, 44.1 kHz. */
export function mp3(frames: number): Buffer {
  return join(...Array.from({ length: frames }, () => join('\xff\xfb\x90\xc4', Buffer.alloc(413))));
}

export function gif(): Buffer {
  return demoSamples().find(({ name }) => name.endsWith('.gif'))?.bytes ?? Buffer.alloc(0);
}

/** One of each type that FLORA takes. */
export const wholeMedia: Readonly<Record<string, Buffer>> = {
  'image/png': png(16, 32, (x, y) => [x, y, 0]),
  'image/jpeg': jpeg(20, 10),
  'image/gif': gif(),
  'image/webp': webp(),
  'image/avif': isoPicture('avif', ['av01']),
  'image/heic': isoPicture('heic', ['hvc1', 'Exif']),
  'image/heif': isoPicture('mif1', ['jpeg']),
  'video/mp4': film('isom'),
  'video/quicktime': film('qt  ', ['vide'], ['qt  ']),
  'video/webm': ebml('webm'),
  'audio/wav': wav(0.1, [440]),
  'audio/mpeg': mp3(4),
  'audio/ogg': ogg('OpusHead'),
  'application/pdf': pdf('Whole'),
};
