import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_ACCEPT } from '../../src/core/content-type.ts';
import { judgeMedia } from '../../src/local/read/media.ts';
import { HEAD_BYTES, mediaSource } from '../../src/media/source.ts';
import * as media from '../support/media.ts';
import { wholeSource } from '../support/whole-source.ts';

const { box, bytes } = media;
const beginnings: readonly Uint8Array[] = [
  new Uint8Array(0),
  media.jpeg(3, 2),
  media.png(3, 2, 'acTL'),
  media.gif(3, 2),
  media.webp(3, 2),
  media.isoImage('heic', 3, 2),
  media.isoImage('avif', 3, 2),
  bytes(media.ftyp('mif1', 'heic'), media.pictureMeta(3, 2)),
  bytes(media.ftyp('isom', 'mp41'), media.moov('vide', 'soun')),
  media.moov('soun'),
  media.wideBox('mdat', bytes([1, 2, 3])),
  media.oggPage('\x01vorbis'),
  media.ebml('webm'),
  media.riff('WAVE'),
  media.riff('WAVE', 'RF64'),
  media.id3(20),
  media.mp3Frames(),
  media.ac3Frame(),
  media.adtsFrame(),
  media.bmp(),
  media.ico(),
  media.windowsProgram(),
  media.transportStream(188),
  media.utf8('<svg width="'),
  media.utf8('%PDF-1.7'),
  ...[
    'PK\x03\x04',
    '\x1f\x8b\x08',
    'II*\0',
    'MM\0*',
    '\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9',
    '\xef\xbb\xbf',
    '\xff\xfe',
    '8BPS',
    '\0\0\0\x0cjP  ',
  ].map((magic) => bytes(magic)),
];

/** The start of a real file, cut somewhere, some of its bytes replaced, and anything behind it. */
const hostile = fc
  .tuple(
    fc.constantFrom(...beginnings),
    fc.nat({ max: 500 }),
    fc.array(fc.tuple(fc.nat({ max: 499 }), fc.nat({ max: 255 })), { maxLength: 6 }),
    fc.uint8Array({ maxLength: 600 }),
  )
  .map(([start, length, replaced, rest]) => {
    const head = start.slice(0, length);
    for (const [at, value] of replaced) if (at < head.length) head[at] = value;
    return bytes(head, rest);
  });
const names = [
  'jpg',
  'png',
  'webp',
  'gif',
  'avif',
  'heic',
  'mp4',
  'mov',
  'webm',
  'mp3',
  'wav',
  'ogg',
  'pdf',
  'svg',
  'tif',
];
const name = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a', ...names.map((each) => `a.${each}`)));

describe('judging hostile bytes', () => {
  it('gives a canonical type and a verdict, and never throws', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, name, async (head, called) => {
        // Inside a larger buffer, as a read into a pool gives it.
        const pooled = bytes(new Uint8Array(7), head, [1, 2, 3]).subarray(7, 7 + head.length);
        for (const accept of [DEFAULT_ACCEPT, ['image/*'], ['*']]) {
          const verdict = await judgeMedia(wholeSource(pooled), called, accept);
          assert.deepEqual(await judgeMedia(wholeSource(head), called, accept), verdict);
          assert.match(verdict.contentType, /^[a-z]+\/[a-z0-9.+-]+$/);
          assert.ok(verdict.problem === null || verdict.problem.reason.endsWith('.'));
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('sends nothing that no reader of ours has recognised, under whatever name', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 5_000 }), name, async (content, called) => {
        // Chance makes up a signature of 24 bits or more less often than this is tried.
        assert.notEqual((await judgeMedia(wholeSource(content), called, DEFAULT_ACCEPT)).problem, null);
      }),
      { numRuns: 3_000 },
    );
  });
});

/** Repeated to fill all that is read at once. */
function filled(start: Uint8Array, unit: Uint8Array): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES);
  head.set(start.subarray(0, HEAD_BYTES));
  for (let at = start.length; at < HEAD_BYTES; at += unit.length) head.set(unit.subarray(0, HEAD_BYTES - at), at);
  return head;
}

/** Heads that make a reader walk, seek or search for as long as it is allowed to. */
const heavy: Readonly<Record<string, Uint8Array>> = {
  'a JPEG of empty segments': filled(bytes([0xff, 0xd8]), bytes([0xff, 0xe0, 0, 2])),
  'a JPEG of fill bytes': filled(bytes([0xff, 0xd8]), bytes([0xff])),
  'a JPEG of markers alone': filled(bytes([0xff, 0xd8]), bytes([0xff, 0xd0])),
  'a PNG of empty chunks': filled(media.png(1, 1).subarray(0, 33), bytes([0, 0, 0, 0], 'teXt', [0, 0, 0, 0])),
  'an MP4 of empty boxes': filled(media.ftyp('isom'), box('free')),
  'an MP4 of empty tracks': filled(bytes(media.ftyp('isom'), [0, 0xf, 0xff, 0], 'moov'), box('trak')),
  'an MP4 of tracks with everything': filled(
    bytes(media.ftyp('isom'), [0, 0xf, 0xff, 0], 'moov'),
    media.moov('soun').subarray(8 + 108),
  ),
  'a HEIC of properties': filled(
    bytes(
      media.ftyp('heic'),
      [0, 0xf, 0xff, 0],
      'meta',
      [0, 0, 0, 0, 0, 0xf, 0xfe, 0],
      'iprp',
      [0, 0xf, 0xfd, 0],
      'ipco',
    ),
    box('ispe', [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0]),
  ),
  'a HEIC of associations': filled(
    bytes(
      media.ftyp('heic'),
      [0, 0xf, 0xff, 0],
      'meta',
      [0, 0, 0, 0],
      box('pitm', [0, 0, 0, 0, 0, 9]),
      [0, 0xf, 0xfd, 0],
      'iprp',
      box('ipco', box('ispe', [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0])),
    ),
    box('ipma', [0, 0, 0, 0, 0, 0xf, 0, 0], new Uint8Array(3_000)),
  ),
  'a HEIC of items': filled(
    bytes(
      media.ftyp('mif1'),
      [0, 0xf, 0xff, 0],
      'meta',
      [0, 0, 0, 0, 0, 0xf, 0xfe, 0],
      'iinf',
      [0, 0, 0, 0, 0xff, 0xff],
    ),
    box('infe', [2, 0, 0, 0, 0, 1, 0, 0], 'grid'),
  ),
  'an MP3 of almost frames': filled(bytes(), bytes([0xff, 0xfb, 0x90, 0])),
  'an MP3 of set bits': filled(bytes(), bytes([0xff])),
  'an MP3 of tags': filled(bytes(), media.id3(0)),
  'a tag, then almost frames': filled(media.id3(900_000), bytes([0xff, 0xfb, 0x90, 0])),
  'a WebM of small elements': filled(
    bytes([0x1a, 0x45, 0xdf, 0xa3, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    bytes([0xec, 0x80]),
  ),
  'an Ogg of beginnings': filled(bytes(), media.oggPage('whatever')),
  'a TIFF of entries': filled(bytes('II*\0', [8, 0, 0, 0, 0xff, 0xff]), bytes([0, 1, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0])),
  'an ASF of objects': filled(
    bytes(
      '\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c',
      [0, 0, 0xf, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 2],
    ),
    bytes(new Uint8Array(16).fill(9), [24, 0, 0, 0, 0, 0, 0, 0]),
  ),
  'byte order marks': filled(bytes(), bytes([0xef, 0xbb, 0xbf])),
  'a ZIP of empty entries': filled(bytes(), bytes('PK\x03\x04', new Uint8Array(26))),
  'a drawing of nothing': filled(media.utf8('<svg '), media.utf8('width="')),
  spaces: filled(bytes(), media.utf8(' ')),
  zeros: new Uint8Array(HEAD_BYTES),
  noise: media.noiseBytes(HEAD_BYTES, 3),
};

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** What it takes to look at each byte of a head once. */
function onePass(head: Uint8Array): number {
  const beganMs = cpuMs();
  let sum = 0;
  for (let at = 0; at < head.length; at += 1) sum += head[at] ?? 0;
  assert.ok(sum > 0);
  return cpuMs() - beganMs;
}

describe('the work that a head can make', () => {
  const onePassMs = Math.min(...[1, 2, 3].map(() => onePass(media.noiseBytes(HEAD_BYTES))));
  const mostMs = Math.max(10, 10 * onePassMs);
  for (const [what, head] of Object.entries(heavy)) {
    for (const sizeBytes of [HEAD_BYTES, 4 * 2 ** 30]) {
      it(`is bounded: ${what}, of a file of ${sizeBytes} bytes`, async () => {
        for (const called of ['a', 'a.mp3', 'a.mp4', 'a.svg', 'a.tif', 'a.pdf']) {
          let shortestMs = Number.POSITIVE_INFINITY;
          // Until it is compiled, the same code takes several times as long: it may have a few more tries than it mostly needs.
          for (let run = 0; run < 6 || (run < 40 && shortestMs >= mostMs); run += 1) {
            let reads = 0;
            let bytesRead = 0;
            const source = mediaSource(sizeBytes, head, async (position, length) => {
              reads += 1;
              bytesRead += length;
              // The rest of the file goes on as it began.
              const from = position % (head.length - length);
              return head.slice(from, from + length);
            });
            const beganMs = cpuMs();
            await judgeMedia(source, called, ['image/*', ...DEFAULT_ACCEPT]);
            shortestMs = Math.min(shortestMs, cpuMs() - beganMs);
            assert.ok(reads <= 200 && bytesRead <= 4 * HEAD_BYTES, `${called}: ${reads} reads of ${bytesRead} bytes`);
          }
          // CPU time at the best, not the wall's: what others do on this machine does not count, nor how slow it is.
          assert.ok(shortestMs < mostMs, `${called}: ${shortestMs} ms, one pass ${onePassMs} ms`);
        }
      });
    }
  }
});
