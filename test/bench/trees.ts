import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { seeded } from '../support/pictures.ts';

/** Files of that size whose bytes all differ, in directories of `perDirectory`. They begin like a PNG. */
export function plantFiles(root: string, count: number, sizeBytes: number, perDirectory: number, prefix = 'f'): void {
  const bytes = pngLike(sizeBytes);
  for (let at = 0; at < count; at += 1) {
    const directory = join(root, `${prefix}d${Math.floor(at / perDirectory)}`);
    if (at % perDirectory === 0) mkdirSync(directory, { recursive: true });
    // Before the name in its own bytes: the same for all, so that no digest can be guessed from the size.
    bytes.writeUInt32BE(at, Math.max(0, sizeBytes - 8));
    bytes.write(prefix.slice(0, 4), Math.max(0, sizeBytes - 4), 'latin1');
    writeFileSync(join(directory, `${prefix}${at}.png`), bytes);
  }
}

/** One file that begins like a PNG, of which every number has bytes of its own. */
export function plantOne(path: string, sizeBytes: number, number: number): void {
  writeFileSync(path, pngLike(sizeBytes, number + 1));
}

/** One large file, written in pieces that do not repeat. */
export function plantLarge(path: string, sizeBytes: number, seed: number): void {
  const piece = pngLike(1 << 20, seed);
  const descriptor = openSync(path, 'w');
  for (let written = 0; written < sizeBytes; written += piece.length) {
    piece.writeUInt32BE(written / piece.length, 64);
    writeSync(descriptor, piece, 0, Math.min(piece.length, sizeBytes - written));
  }
  closeSync(descriptor);
}

/** A PNG's signature and header of a 16 x 16 picture, then noise: enough for whoever judges by the head. */
function pngLike(sizeBytes: number, seed = 1): Buffer {
  const random = seeded(seed);
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0; at + 4 <= sizeBytes; at += 4) bytes.writeUInt32LE((random() * 2 ** 32) >>> 0, at);
  const head = '89504e470d0a1a0a0000000d4948445200000010000000100802000000909168360000000049444154';
  bytes.write(head.slice(0, sizeBytes * 2), 'hex');
  return bytes;
}
