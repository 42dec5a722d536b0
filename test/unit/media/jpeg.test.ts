import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jpegDimensions } from '../../../src/media/jpeg.ts';
import { HEAD_BYTES, mediaSource } from '../../../src/media/source.ts';
import { bytes, jpeg } from '../../support/media.ts';

const size = { width: 20_000, height: 10_000 };
const frame = (marker: number, fill = 0) =>
  bytes(new Uint8Array(fill).fill(0xff), [0xff, marker, 0, 11, 8, 0x27, 0x10, 0x4e, 0x20, 1, 1, 0x11, 0]);
const segment = (marker: number, length: number) =>
  bytes([0xff, marker, (length + 2) >> 8, (length + 2) & 0xff], new Uint8Array(length));

function measure(content: Uint8Array, reads: number[] = []) {
  const readFile = async (position: number, length: number) => {
    reads.push(position);
    return content.slice(position, position + length);
  };
  return jpegDimensions(mediaSource(content.length, content.subarray(0, HEAD_BYTES), readFile));
}

describe('the size of a JPEG', () => {
  for (const marker of [0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf, 0xde]) {
    it(`is in its frame header: ${marker.toString(16)}`, async () =>
      assert.deepEqual(await measure(bytes([0xff, 0xd8], frame(marker))), size));
  }

  it('is in none of the tables whose markers stand among those of frames', async () => {
    for (const marker of [0xc4, 0xc8, 0xcc]) {
      assert.deepEqual(await measure(bytes([0xff, 0xd8], frame(marker), frame(0xc0))), size);
      assert.equal(await measure(bytes([0xff, 0xd8], frame(marker), [0xff, 0xda], frame(0xc0))), null);
    }
  });

  for (const fill of [1, 2, 50, 70_000]) {
    it(`is found behind ${fill} fill bytes`, async () =>
      assert.deepEqual(await measure(bytes([0xff, 0xd8], segment(0xe1, 30), frame(0xc0, fill))), size));
  }

  it('is found behind bytes that belong to nothing, as decoders find it', async () => {
    assert.deepEqual(await measure(bytes([0xff, 0xd8], segment(0xe1, 30), [1, 2, 3, 0, 0], frame(0xc0))), size);
  });

  it('is found wherever the end of what was read falls', async () => {
    for (let before = HEAD_BYTES - 20; before < HEAD_BYTES + 3; before += 1) {
      const content = new Uint8Array(before + 40);
      content.set([0xff, 0xd8]);
      let at = 2;
      while (before - at > 60_000) {
        content.set([0xff, 0xe2, 0xc3, 0x50], at);
        at += 0xc352;
      }
      content.set([0xff, 0xe2, (before - at - 2) >> 8, (before - at - 2) & 0xff], at);
      content.set(frame(0xc2), before);
      assert.deepEqual(await measure(content), size, `${before}`);
    }
  });

  it('is found behind megabytes of profiles with a few looks', async () => {
    const reads: number[] = [];
    assert.deepEqual(await measure(jpeg(20_000, 10_000, 60), reads), size);
    assert.ok(reads.length > 10 && reads.length <= 60, `${reads.length}`);
  });

  it('is left open where there is no frame header before the picture, or the file ends', async () => {
    for (const content of [
      [0xff, 0xd8],
      [0xff, 0xd8, 0xff],
      [0xff, 0xd8, 0xff, 0xd9],
      [0xff, 0xd8, 0xff, 0xc0, 0, 11, 8],
      [0xff, 0xd8, ...Array.from({ length: 3_000 }, () => 0xff)],
      [0xff, 0xd8, ...Array.from({ length: 3_000 }, () => 0)],
    ]) {
      assert.equal(await measure(Uint8Array.from(content)), null);
    }
    assert.equal(await measure(new Uint8Array(3 * HEAD_BYTES).fill(0xff)), null);
    assert.equal(await measure(jpeg(3, 2, 400).subarray(0, -20)), null, 'nor where it is too far down');
  });
});
