import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { png } from '../../src/cli/demo-media.ts';

/** A small valid PNG of which every number has one of its own. */
export function picture(number: number, side = 4): Buffer {
  return png(side, side, (x, y) => {
    const at = y * side + x;
    return at === 0
      ? [number & 0xff, (number >> 8) & 0xff, (number >> 16) & 0xff]
      : [(at * 37) & 0xff, at & 0xff, y * 16];
  });
}

/** A PNG that does not compress, of about 3 * side² bytes. */
export function noise(number: number, side: number): Buffer {
  const random = seeded(number + 1);
  return png(side, side, () => [random() * 256, random() * 256, random() * 256]);
}

/** Writes that many pictures, from `first` on, and returns their paths. */
export function writePictures(directory: string, count: number, first = 0): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const path = join(directory, `picture-${first + index}.png`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, picture(first + index));
    return path;
  });
}

/** mulberry32: the same numbers in [0, 1) for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
