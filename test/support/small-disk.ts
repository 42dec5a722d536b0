import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Cleanup } from './process.ts';
import { findProgram } from './programs.ts';

const unshare = findProgram('unshare');
// Who is not root becomes it in a user namespace, where the kernel lets him.
const isRoot = process.getuid?.() === 0;
const namespaces = isRoot ? ['-m'] : ['-Urm'];

/** Why no disk of a few MiB can be had here, for a test's `skip`; false when it can. */
export const whyNoSmallDisk: string | false = findWhy();

function findWhy(): string | false {
  if (unshare === undefined || findProgram('nsenter') === undefined) return 'unshare and nsenter are not installed';
  const words = [...namespaces, '/bin/sh', '-c', 'mount -t tmpfs tmpfs /tmp'];
  const { status, stderr } = spawnSync(unshare, words, { encoding: 'utf8', timeout: 10_000 });
  return status === 0 ? false : `nothing can be mounted here: ${stderr.trim()}`;
}

export interface SmallDisk {
  /** The command under which a process sees the disk. */
  readonly under: readonly string[];
  /** Leaves no byte free. */
  fill(): void;
  makeRoom(): void;
}

/** Mounts a tmpfs over the directory, for processes started under `under` only. */
export async function mountSmallDisk(t: Cleanup, directory: string, sizeBytes: number): Promise<SmallDisk> {
  // Only its pid is needed, as the name of the namespaces. Killed after the test, and with it the disk goes.
  const script = 'mount -t tmpfs -o "size=$2,mode=700" tmpfs "$1" && echo mounted && exec sleep 600';
  const words = [...namespaces, '/bin/sh', '-c', script, 'sh', directory, String(sizeBytes)];
  const holder = spawn(unshare ?? 'unshare', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => holder.once('close', () => resolve()));
  t.after(async () => {
    holder.kill('SIGKILL');
    await ended;
  });
  await Promise.race([
    new Promise((resolve) => holder.stdout.once('data', resolve)),
    ended.then(() => {
      throw new Error('The disk could not be mounted');
    }),
  ]);
  const filler = join(`/proc/${holder.pid}/root`, directory, 'filler');
  const user = isRoot ? [] : ['-U', '--preserve-credentials'];
  return {
    under: [findProgram('nsenter') ?? 'nsenter', '-t', String(holder.pid), '-m', ...user],
    fill: () => fill(filler),
    makeRoom: () => rmSync(filler),
  };
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
