// The bytes of one upload, wherever they are, for readers that jump about in them.
import { readSync } from 'node:fs';

export interface Bytes {
  readonly sizeBytes: number;
  /** Up to `length` bytes from `offset` on, fewer only where the file ends. Valid until the next call. */
  at(offset: number, length: number): Buffer;
}

export function bytesOfBuffer(buffer: Buffer): Bytes {
  return { sizeBytes: buffer.length, at: (offset, length) => buffer.subarray(offset, offset + length) };
}

const windowBytes = 64 * 1024;

/** Reads through a window, because walks take a few bytes at a time; throws what the file system throws. */
export function bytesOfFile(fd: number, sizeBytes: number): Bytes {
  let start = 0;
  let window: Buffer = Buffer.alloc(0);
  return {
    sizeBytes,
    at(offset, length) {
      const isHeld = offset >= start && offset + length <= start + window.length;
      if (!isHeld) {
        start = offset;
        window = read(fd, offset, Math.max(0, Math.min(Math.max(length, windowBytes), sizeBytes - offset)));
      }
      return window.subarray(offset - start, offset - start + length);
    },
  };
}

function read(fd: number, offset: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const got = readSync(fd, buffer, filled, length - filled, offset + filled);
    if (got === 0) break;
    filled += got;
  }
  return buffer.subarray(0, filled);
}

/** Where `wanted` stands first, from `offset` on and before `end`; -1 where it does not. */
export function find(bytes: Bytes, wanted: Buffer, offset: number, end = bytes.sizeBytes): number {
  for (let at = offset; at < end; at += windowBytes) {
    const found = bytes.at(at, Math.min(windowBytes + wanted.length - 1, end - at)).indexOf(wanted);
    if (found !== -1) return at + found;
  }
  return -1;
}

export function latin1(bytes: Bytes, offset: number, length: number): string {
  return bytes.at(offset, length).toString('latin1');
}
