import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openMountSpace, whyNoMounts } from './mounts.ts';
import type { Cleanup } from './process.ts';

/** Why no disk of a few MiB can be had here, for a test's `skip`; false when it can. */
export const whyNoSmallDisk: string | false = whyNoMounts;

export interface SmallDisk {
  /** The command under which a process sees the disk. */
  readonly under: readonly string[];
  /** Leaves no byte free. */
  fill(): void;
  makeRoom(): void;
}

/** Mounts a tmpfs over the directory, for processes started under `under` only. */
export async function mountSmallDisk(t: Cleanup, directory: string, sizeBytes: number): Promise<SmallDisk> {
  const space = await openMountSpace(t);
  space.mount('-t', 'tmpfs', '-o', `size=${sizeBytes},mode=700`, 'tmpfs', directory);
  const filler = join(space.inside(directory), 'filler');
  return { under: space.under, fill: () => fill(filler), makeRoom: () => rmSync(filler) };
}

function fill(path: string): void {
  const descriptor = openSync(path, 'w');
  try {
    for (;;) writeSync(descriptor, Buffer.alloc(65_536));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    closeSync(descriptor);
  }
}
