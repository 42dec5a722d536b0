import assert from 'node:assert/strict';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { bytesOfBuffer, bytesOfFile } from '../../../src/emulator/formats/bytes.ts';
import { type Sniffed, sniff } from '../../../src/emulator/sniff.ts';
import { plantTemporary } from '../../support/tree.ts';
import * as whole from '../../support/whole-media.ts';
import { wholeMedia } from '../../support/whole-media.ts';

const sniffed = (bytes: Buffer): Sniffed => sniff(bytesOfBuffer(bytes));
const typeOf = (bytes: Buffer) => sniffed(bytes).contentType;
const join2 = (...parts: readonly Buffer[]) => Buffer.concat(parts);

function pngWithSize(width: number, height: number): Buffer {
  const bytes = Buffer.from(wholeMedia['image/png'] ?? assert.fail());
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return bytes;
}

describe('what a reader can open', () => {
  for (const [type, bytes] of Object.entries(wholeMedia)) {
    it(`is ${type} when it is whole`, () => {
      assert.deepEqual(
        { ...sniffed(bytes), width: 0, height: 0 },
        { contentType: type, width: 0, height: 0, fault: null },
      );
    });
  }

  const sizes: readonly (readonly [string, Buffer, number, number])[] = [
    ['a PNG', pngWithSize(15_000, 10_001), 15_000, 10_001],
    ['a JPEG', whole.jpeg(20_000, 9_000), 20_000, 9_000],
    [
      'a JPEG behind 600 KB of profile',
      whole.jpeg(300, 200, ...Array.from({ length: 9 }, whole.profileSegment)),
      300,
      200,
    ],
    ['a GIF', whole.gif(), 64, 64],
    ['a WebP', whole.webp(), 1, 1],
    ['an AVIF', whole.isoPicture('avif', ['av01'], 4_000, 3_000), 4_000, 3_000],
    ['a HEIC of tiles', whole.isoPicture('heic', ['hvc1', 'hvc1', 'grid'], 512, 512), 512, 512],
  ];
  for (const [what, bytes, width, height] of sizes) {
    it(`has its size: ${what}`, () => {
      const { contentType, ...size } = sniffed(bytes);
      assert.notEqual(contentType, null);
      assert.deepEqual(size, { width, height, fault: null });
    });
  }

  const picture = whole.isoPicture('avif', ['av01']);
  const others: readonly (readonly [string, Buffer, string | null])[] = [
    ['pictures go by their items, not their brand: AVIF', whole.isoPicture('miaf', ['av01']), 'image/avif'],
    ['pictures go by their items, not their brand: HEIC', whole.isoPicture('mp42', ['hvc1']), 'image/heic'],
    ['pictures of another coding are HEIF', whole.isoPicture('avci', ['avc1']), 'image/heif'],
    ['a picture behind a free box', join2(whole.box('free', Buffer.alloc(40)), picture), 'image/avif'],
    [
      'a film without ftyp is QuickTime',
      join2(whole.movie('vide'), whole.box('mdat', Buffer.alloc(9))),
      'video/quicktime',
    ],
    ['a film of Sony’s', whole.film('mqt ', ['vide'], []), 'video/quicktime'],
    ['a film behind wide', join2(whole.box('wide'), whole.film('mp42')), 'video/mp4'],
    ['sound alone is no film', whole.film('isom', ['soun']), null],
    ['sound alone in QuickTime, which has one name for all', whole.film('qt  ', ['soun'], ['qt  ']), 'video/quicktime'],
    ['Apple’s sound with a cover track is no film', whole.film('M4A ', ['soun', 'vide']), null],
    ['a raw picture of Canon’s is no film', whole.film('crx ', ['vide'], []), null],
    ['a film for phones that players of MP4 play', whole.film('3gp5', ['vide'], ['mp42']), 'video/mp4'],
    ['a film for phones alone', whole.film('3gp5', ['vide'], ['3gp5']), null],
    ['Matroska', whole.ebml('matroska'), null],
    ['Ogg with a film', whole.ogg('\x80theora', '\x01vorbis'), null],
    ['Ogg with text', whole.ogg('\x80kate'), null],
    ['WAV above 4 GB', replaced('audio/wav', 'RIFF', 'RF64'), 'audio/wav'],
    ['WAV by broadcasters above 4 GB', replaced('audio/wav', 'RIFF', 'BW64'), 'audio/wav'],
    ['AVI', replaced('audio/wav', 'WAVE', 'AVI '), null],
    ['MP3 behind 300 KB of ID3', join2(whole.id3(300_000), whole.mp3(3)), 'audio/mpeg'],
    ['MP3 behind two tags', join2(whole.id3(10), whole.id3(5_000), whole.mp3(3)), 'audio/mpeg'],
    ['text behind ID3', join2(whole.id3(10), Buffer.from('words '.repeat(500))), null],
    ['FLAC behind ID3', join2(whole.id3(9_000), Buffer.from('fLaC'), Buffer.alloc(900)), null],
    ['UTF-16', Buffer.from('\ufeffwords and words', 'utf16le'), null],
    ['one MP3 frame and then words', join2(whole.mp3(1), Buffer.from('words '.repeat(500))), null],
    [
      'PDF behind a BOM',
      join2(Buffer.from([0xef, 0xbb, 0xbf]), wholeMedia['application/pdf'] ?? assert.fail()),
      'application/pdf',
    ],
    ['zeros', Buffer.alloc(100_000), null],
    ['words', Buffer.from('words '.repeat(500)), null],
  ];
  for (const [what, bytes, type] of others) {
    it(`is told from what is beside it: ${what}`, () =>
      assert.deepEqual([typeOf(bytes), sniffed(bytes).fault], [type, null]));
  }
});

function replaced(type: string, what: string, by: string): Buffer {
  const bytes = Buffer.from(wholeMedia[type] ?? assert.fail());
  bytes.write(by, bytes.indexOf(what), 'latin1');
  return bytes;
}

// Of sound and streams a reader plays what there is.
const played = ['audio/wav', 'audio/mpeg', 'audio/ogg', 'video/webm'];
// Whose codings tell nothing of themselves: zeros in them are seen by who decodes.
const opaque = ['image/webp', 'image/avif', 'image/heic', 'image/heif'];

describe('what no reader can open', () => {
  for (const [type, bytes] of Object.entries(wholeMedia)) {
    if (!played.includes(type)) {
      it(`has a fault when its second half is missing, or was never written: ${type}`, () => {
        const half = bytes.subarray(0, bytes.length >> 1);
        const preallocated = join2(half, Buffer.alloc(bytes.length - half.length));
        for (const broken of opaque.includes(type) ? [half] : [half, preallocated]) {
          const { contentType, fault } = sniffed(broken);
          assert.equal(contentType, null);
          assert.match(fault ?? '', /^The [\w ]+ file (ends|has no) .*\.$/);
        }
      });
    }
    it(`is a head alone: ${type}`, () => assert.equal(typeOf(bytes.subarray(0, 24)), null));
  }

  const faults: readonly (readonly [string, Buffer, RegExp])[] = [
    [
      'a film without its tracks',
      join2(whole.ftyp('isom'), whole.box('mdat', Buffer.alloc(500))),
      /neither a moov box/,
    ],
    ['a film without tracks', whole.film('isom', []), /no tracks/],
    ['a picture without items', whole.isoPicture('heic', []), /no items/],
    ['a film that is cut in its media', whole.film('isom').subarray(0, 100), /inside its mdat box/],
    ['a WebM file that does not say its tracks', whole.ebml('webm').subarray(0, 30), /which tracks/],
    [
      'a PNG without pixels',
      join2(pngWithSize(1, 1).subarray(0, 33), Buffer.from('0000000049454e44ae426082', 'hex')),
      /IDAT/,
    ],
    ['a PNG without a size', pngWithSize(0, 1), /size/],
    [
      'a JPEG without a scan',
      Buffer.from('ffd8ffe000104a46494600010100000100010000ffd9', 'hex'),
      /before its picture begins/,
    ],
    ['an ID3 tag that is cut', whole.id3(500).subarray(0, 100), /inside its ID3 tag/],
  ];
  for (const [what, bytes, wanted] of faults) {
    it(`is told with its fault: ${what}`, () => {
      assert.equal(typeOf(bytes), null);
      assert.match(sniffed(bytes).fault ?? '', wanted);
    });
  }
});

describe('sniffing', () => {
  it('says the same of a file as of bytes in memory, however large', (t) => {
    const large = whole.jpeg(30, 20, ...Array.from({ length: 40 }, whole.profileSegment));
    for (const bytes of [...Object.values(wholeMedia), large])
      assert.deepEqual(sniffedOnDisk(t, bytes), sniffed(bytes));
  });

  it('comes to an end without an error, whatever the bytes are', () => {
    const seeds = Object.values(wholeMedia);
    const mutated = fc
      .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 8 }), fc.nat(3_000))
      .map(([seed, changes, length]) => {
        const bytes = Buffer.from(seed.subarray(0, length));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        return bytes;
      });
    fc.assert(
      fc.property(mutated, (bytes) => {
        const { contentType, fault } = sniffed(bytes);
        assert.ok(contentType === null || fault === null);
      }),
      { numRuns: 3_000 },
    );
  });
});

function sniffedOnDisk(t: TestContext, bytes: Buffer): Sniffed {
  const path = join(plantTemporary(t, {}), 'file');
  writeFileSync(path, bytes);
  const fd = openSync(path, 'r');
  try {
    return sniff(bytesOfFile(fd, bytes.length));
  } finally {
    closeSync(fd);
  }
}
