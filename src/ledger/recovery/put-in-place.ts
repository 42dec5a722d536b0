import { closeSync, fsyncSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoCode } from '../../errors.ts';

/** Gives a file that was written under another name in the same directory its own: after a power cut it is there whole, or not at all. */
export function putInPlace(written: string, path: string): void {
  sync(written);
  renameSync(written, path);
  syncDirectory(dirname(path));
}

/** Makes what was renamed and removed in a directory durable, on file systems that can. */
export function syncDirectory(path: string): void {
  try {
    sync(path);
  } catch (error) {
    if (errnoCode(error) !== 'EINVAL') throw error;
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
