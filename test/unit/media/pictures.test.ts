import assert from 'node:assert/strict';
import { it } from 'node:test';
import { gifDimensions, pngDimensions, webpDimensions } from '../../../src/media/pictures.ts';
import { bytes, gif, png, webp } from '../../support/media.ts';

const size = { width: 15_000, height: 10_001 };
const riff = (chunk: string, ...rest: readonly (readonly number[])[]) =>
  bytes('RIFF', [40, 0, 0, 0], 'WEBP', chunk, [10, 0, 0, 0], ...rest);

it('pictures say how large they are', () => {
  assert.deepEqual(pngDimensions(png(15_000, 10_001)), size);
  assert.deepEqual(gifDimensions(gif(15_000, 10_001)), size);
  assert.deepEqual(webpDimensions(webp(15_000, 10_001)), size);
});

it('a PNG of Apple’s has a chunk before its header', () => {
  const plain = png(15_000, 10_001);
  const chunk = bytes([0, 0, 0, 4], 'CgBI', [0x50, 0, 0x20, 2, 0, 0, 0, 0]);
  assert.deepEqual(pngDimensions(bytes(plain.subarray(0, 8), chunk, plain.subarray(8))), size);
});

it('a WebP may have reserved bits, and is measured without its extended header too', () => {
  const extended = webp(15_000, 10_001);
  for (const flags of [0xc1, 0x01, 0xff]) {
    extended[20] = flags;
    extended[21] = flags;
    assert.deepEqual(webpDimensions(extended), size);
  }
  const lossless = (14_999 | (10_000 << 14)) >>> 0;
  const packed = [0, 8, 16, 24].map((shift) => (lossless >>> shift) & 0xff);
  assert.deepEqual(webpDimensions(riff('VP8L', [0x2f], packed)), size);
  assert.deepEqual(webpDimensions(riff('VP8 ', [0, 0, 0, 0x9d, 1, 0x2a], [0x98, 0x3a, 0x11, 0x27])), size);
});

it('what is cut off has no size', () => {
  assert.equal(pngDimensions(png(3, 2).subarray(0, 18)), null);
  assert.equal(gifDimensions(gif(3, 2).subarray(0, 8)), null);
  assert.equal(webpDimensions(webp(3, 2).subarray(0, 26)), null);
  assert.equal(webpDimensions(riff('ALPH')), null);
});
