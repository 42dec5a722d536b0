// Files from code alone: what is none of FLORA's types but looks like one at a first glance, and what is one but does not.
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { demoSamples, pdf, png, wav } from '../../src/cli/demo-media.ts';
import { seeded } from '../support/pictures.ts';

export interface Crafted {
  readonly name: string;
  readonly bytes: Buffer;
  /** The type as which it is sent; null where it is not; absent where readers do not agree. */
  readonly type?: string | null;
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const join = (...parts: readonly (Buffer | string)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? latin1(part) : part)));
const zeros = (length: number) => Buffer.alloc(length);
const repeated = (part: Buffer, count: number) => Buffer.concat(Array.from({ length: count }, () => part));

export function random(seed: number, length: number): Buffer {
  const next = seeded(seed);
  return Buffer.from(Array.from({ length }, () => Math.floor(next() * 256)));
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function box(type: string, ...parts: readonly (Buffer | string)[]): Buffer {
  const body = join(...parts);
  return join(uint32(body.length + 8), type, body);
}

/** An ID3v2.3 tag of one padded comment, with so many bytes behind its header. */
export function id3(length: number): Buffer {
  const size = [21, 14, 7, 0].map((shift) => (length >> shift) & 0x7f);
  return join('ID3\x03\0\0', Buffer.from(size), 'TIT2', uint32(7), '\0\0', '\0corpus', zeros(length - 17));
}

const sentence = 'The quick brown fox jumps over the lazy dog, and writes a line of it into a file that others read.\n';
const text = sentence.repeat(30);
const page = `<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><p>${sentence.repeat(20)}</p></body></html>\n`;
const picture = png(40, 30, (x, y) => [x * 6, y * 8, (x * y) & 0xff]);
const document = pdf('A page of the corpus');
const tone = wav(0.2, [440]);
const moving = demoSamples().find(({ name }) => name.endsWith('.gif'))?.bytes ?? Buffer.alloc(0);

/** One frame after the other, each with a header and silence: 128 kbit/s, 44.1 kHz. */
export const mp3Frames = repeated(join(Buffer.from([0xff, 0xfb, 0x90, 0xc4]), zeros(413)), 40);
/** AAC in ADTS: frames of 64 bytes. */
const adtsFrames = repeated(join(Buffer.from([0xff, 0xf1, 0x50, 0x80, 0x08, 0x1f, 0xfc]), zeros(57)), 60);
const transportStream = repeated(join(Buffer.from([0x47, 0x1f, 0xff, 0x10]), Buffer.alloc(184, 0xff)), 100);

function zip(): Buffer {
  const data = deflateRawSync(text);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(20, 4);
  local.writeUInt16LE(8, 8);
  local.writeUInt32LE(data.length, 18);
  local.writeUInt32LE(text.length, 22);
  local.writeUInt16LE(5, 26);
  return join(local, 'a.txt', data);
}

function bmp(): Buffer {
  const header = Buffer.alloc(54);
  header.write('BM', 'latin1');
  header.writeUInt32LE(54 + 48, 2);
  header.writeUInt32LE(54, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(4, 18);
  header.writeInt32LE(4, 22);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(24, 28);
  return join(header, Buffer.alloc(48, 0x80));
}

function exe(): Buffer {
  const bytes = Buffer.alloc(1024);
  bytes.write('MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff', 'latin1');
  bytes.writeUInt32LE(0x80, 0x3c);
  bytes.write('PE\0\0\x4c\x01', 0x80, 'latin1');
  return bytes;
}

function hugePng(): Buffer {
  const bytes = Buffer.from(picture);
  bytes.writeUInt32BE(15_000, 16);
  bytes.writeUInt32BE(10_001, 20);
  return bytes;
}

/** What begins as it should and holds zeros from there on, as when a copy was preallocated. */
function preallocated(bytes: Buffer): Buffer {
  const half = bytes.subarray(0, bytes.length >> 1);
  return join(half, zeros(bytes.length - half.length));
}

const half = (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1);

const textual: readonly (readonly [string, string | Buffer])[] = [
  ['ascii.txt', text],
  ['utf8-bom.txt', join('\xef\xbb\xbf', text)],
  ['utf16le-bom.txt', Buffer.from(`\ufeff${text}`, 'utf16le')],
  ['utf16be-bom.txt', Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
  ['utf16le.txt', Buffer.from(text, 'utf16le')],
  [
    'utf32le-bom.txt',
    Buffer.from([...`\ufeff${sentence}`].flatMap((char) => [char.charCodeAt(0) & 0xff, char.charCodeAt(0) >> 8, 0, 0])),
  ],
  ['page.html', page],
  ['latin1.html', latin1(page.replace('Sign', 'Zugang f\xfcr G\xe4ste'))],
  ['utf16.html', Buffer.from(`\ufeff${page}`, 'utf16le')],
  ['blank-first.html', `\n\n  \t${page}`],
  ['lfs-pointer.txt', `version https://git-lfs.github.com/spec/v1\noid sha256:${'4d7a'.repeat(16)}\nsize 12345\n`],
  ['drawing.svg', '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>\n'],
  ['error.json', `{"error":{"code":"not_found","message":"${sentence.trim()}"}}\n`],
  ['list.m3u8', '#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:6.0,\nsegment-0.ts\n#EXT-X-ENDLIST\n'],
  ['table.csv', 'a;b;c\n1;2;3\n'.repeat(200)],
  ['drawing.ps', '%!PS-Adobe-3.0\n%%Pages: 1\nshowpage\n%%EOF\n'],
  ['letter.rtf', '{\\rtf1\\ansi A letter.\\par}\n'],
  ['of-gif.txt', `GIF is an old format. ${text}`],
  ['of-id3.txt', `ID3 tags stand before the sound. ${text}`],
  ['of-riff.txt', `RIFF is a container. ${text}`],
  ['of-bitmaps.txt', `BMP is no GIF. ${text}`],
  ['of-modes.txt', `MZ was his name. ${text}`],
  ['of-pages.txt', `OggS begins a page. ${text}`],
  ['of-documents.txt', `${text}Files of PDF begin with %PDF-1.7 at their start.\n${text}`],
  ['of-streams.txt', `Great. ${text}`],
];

const foreign: readonly (readonly [string, Buffer])[] = [
  ['zeros-short.bin', zeros(64)],
  ['zeros.bin', zeros(300_000)],
  ['ones.bin', Buffer.alloc(4096, 0xff)],
  ['spaces.bin', Buffer.alloc(4096, 0x20)],
  ...[1, 2, 3, 4, 5, 6].map((seed) => [`random-${seed}.bin`, random(seed, 20_000)] as const),
  ['random-large.bin', random(7, 1_500_000)],
  ['sync-random.bin', join(Buffer.from([0xff, 0xfb, 0x90, 0x64]), random(8, 5_000))],
  ['zip.zip', zip()],
  ['gzip.gz', gzipSync(text)],
  ['deflate.zz', deflateSync(text)],
  ['picture.bmp', bmp()],
  ['program.exe', exe()],
  ['program.elf', join('\x7fELF\x02\x01\x01', zeros(9), Buffer.from([2, 0, 62, 0, 1, 0, 0, 0]), random(9, 500))],
  [
    'icon.ico',
    join(Buffer.from([0, 0, 1, 0, 1, 0, 16, 16, 0, 0, 1, 0, 32, 0]), uint32(0x28000000), uint32(0x16000000), zeros(64)),
  ],
  ['stream.ts', transportStream],
  ['stream.aac', adtsFrames],
  ['film.avi', join('RIFF', Buffer.from([0, 1, 0, 0]), 'AVI LIST', Buffer.from([4, 0, 0, 0]), 'hdrl', zeros(240))],
  [
    'song.mid',
    join('MThd', uint32(6), Buffer.from([0, 0, 0, 1, 0, 96]), 'MTrk', uint32(4), Buffer.from([0, 0xff, 0x2f, 0])),
  ],
  [
    'layers.psd',
    join('8BPS', Buffer.from([0, 1]), zeros(6), Buffer.from([0, 3, 0, 0, 0, 4, 0, 0, 0, 4, 0, 8, 0, 3]), zeros(200)),
  ],
  ['raw.tif', join('II*\0', Buffer.from([8, 0, 0, 0, 0, 0]), zeros(100))],
  ['database.sqlite', join('SQLite format 3\0', Buffer.from([16, 0, 1, 1, 0, 64, 32, 32]), zeros(4072))],
  ['id3-text.mp3', join(id3(100), text)],
  ['id3-large-text.mp3', join(id3(100_000), text)],
  ['id3-aac.mp3', join(id3(5_000), adtsFrames)],
  ['id3-alone.mp3', id3(2_000)],
  ['pdf-far-behind.pdf', join(Buffer.alloc(5_000, 0x2e), document)],
  ['huge.png', hugePng()],
  [
    'segment-alone.mp4',
    join(box('styp', 'msdh\0\0\0\0msdhmsix'), box('moof', box('mfhd', zeros(8))), box('mdat', random(10, 500))),
  ],
];

const good: readonly (readonly [string, Buffer, string])[] = [
  ['picture.png', picture, 'image/png'],
  ['picture-and-more.png', join(picture, random(11, 700)), 'image/png'],
  ['moving.gif', moving, 'image/gif'],
  ['document.pdf', document, 'application/pdf'],
  ['document-bom.pdf', join('\xef\xbb\xbf', document), 'application/pdf'],
  ['tone.wav', tone, 'audio/wav'],
  ['frames.mp3', mp3Frames, 'audio/mpeg'],
  ['tagged.mp3', join(id3(100), mp3Frames), 'audio/mpeg'],
  ['tagged-large.mp3', join(id3(100_000), mp3Frames), 'audio/mpeg'],
];

/** What a copy leaves that was broken off, or has not ended, and what readers do not agree on: no type is told. */
const broken: readonly (readonly [string, Buffer])[] = [
  // Readers look that far for its header, but none of the judges is one.
  ['document-after-junk.pdf', join(Buffer.alloc(900, 0x2e), '\n', document)],
  // ExifTool and `file` take both for films: they look no further.
  ['ftyp-alone.mp4', box('ftyp', 'isom\0\0\x02\0isomiso2mp41')],
  ['of-brands.txt', latin1(`The ftyp box comes first. ${text}`)],
  ['half.png', half(picture)],
  ['half.gif', half(moving)],
  ['half.pdf', half(document)],
  ['half.wav', half(tone)],
  ['preallocated.png', preallocated(picture)],
  ['preallocated.gif', preallocated(moving)],
  ['preallocated.pdf', preallocated(document)],
];

export const crafted: readonly Crafted[] = [
  ...textual.map(([name, what]) => ({ name, bytes: Buffer.from(what as string), type: null })),
  ...foreign.map(([name, bytes]) => ({ name, bytes, type: null })),
  ...good.map(([name, bytes, type]) => ({ name, bytes, type })),
  ...broken.map(([name, bytes]) => ({ name, bytes })),
];
