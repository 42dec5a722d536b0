import { closeSync, fsyncSync, mkdirSync, openSync, renameSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errnoCode } from '../../errors.ts';

// A file's name is in its directory: after a power cut it may be the old one, or none, until the directory was synced. So
// whatever gives files names that have to last does it here.

/** Gives a file that was written under another name in the same directory its own: after a power cut it is there whole, or not at all. */
export function putInPlace(written: string, path: string): void {
  sync(written);
  moveTo(written, path);
}

/** Renames within a directory, for good. What was renamed and removed there before is durable then, too. */
export function moveTo(from: string, to: string): void {
  renameSync(from, to);
  syncDirectory(dirname(to));
}

/** Makes a directory with those above it, private and for good, where it is not there. Throws what `mkdir` throws. */
export function makeDirectory(path: string): void {
  const whole = resolve(path);
  const first = mkdirSync(whole, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = whole; made.length >= first.length; made = dirname(made)) syncDirectory(dirname(made));
}

/** Makes what was renamed and removed in a directory durable: on file systems that can, where we may read it. */
export function syncDirectory(path: string): void {
  try {
    sync(path);
  } catch (error) {
    const code = errnoCode(error);
    if (code !== 'EINVAL' && code !== 'EACCES') throw error;
  }
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
