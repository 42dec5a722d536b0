import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_ACCEPT } from '../../src/core/content-type.ts';
import { identifyMedia, judgeMedia } from '../../src/local/media.ts';
import * as media from '../support/media.ts';

const beginnings: readonly Uint8Array[] = [
  new Uint8Array(0),
  media.jpeg(3, 2),
  media.png(3, 2, 'acTL'),
  media.gif(3, 2),
  media.webp(3, 2),
  media.isoImage('heic', 3, 2),
  media.isoImage('avif', 3, 2),
  media.oggPage('\x01vorbis'),
  media.ebml('webm'),
  media.riff('WAVE'),
  media.id3(20),
  media.mp3Frames(),
  media.utf8('<svg width="'),
  media.utf8('%PDF-1.7'),
  ...[
    'PK\x03\x04',
    '\x1f\x8b\x08',
    'II*\0',
    'MM\0*',
    '\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9',
    '\xef\xbb\xbf',
    '8BPS',
    '\0\0\0\x0cjP  ',
  ].map((magic) => media.bytes(magic)),
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
    return media.bytes(head, rest);
  });
const name = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a.jpg', 'a.png', 'a.svg', 'a.tif', 'a.ogg', 'a'));

describe('judging hostile bytes', () => {
  it('gives a canonical type and a verdict, and never throws', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, name, async (head, called) => {
        // Inside a larger buffer, as a read into a pool gives it.
        const pooled = media.bytes(new Uint8Array(7), head, [1, 2, 3]).subarray(7, 7 + head.length);
        const contentType = await identifyMedia(pooled, called);
        assert.match(contentType, /^[a-z]+\/[a-z0-9.+-]+$/);
        assert.equal(await identifyMedia(head, called), contentType);
        for (const accept of [DEFAULT_ACCEPT, ['image/*'], ['*']]) {
          const problem = judgeMedia({ contentType, sizeBytes: head.length, head: pooled, accept });
          assert.ok(problem === null || problem.reason.endsWith('.'));
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('measures whatever claims to be an image without throwing', () => {
    const types = fc.constantFrom(
      'image/jpeg',
      'image/png',
      'image/heic',
      'image/webp',
      'image/svg+xml',
      'image/x-unknown',
    );
    fc.assert(
      fc.property(hostile, types, (head, contentType) => {
        const problem = judgeMedia({ contentType, sizeBytes: 1, head, accept: ['image/*'] });
        assert.ok(problem === null || ['too_many_megapixels', 'unsupported_type'].includes(problem.code));
      }),
      { numRuns: 3_000 },
    );
  });
});
