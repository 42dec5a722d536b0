import { spawn, spawnSync } from 'node:child_process';
import type { Cleanup } from './process.ts';
import { findProgram } from './programs.ts';

const unshare = findProgram('unshare') ?? 'unshare';
const nsenter = findProgram('nsenter') ?? 'nsenter';
// Who is not root becomes it in a user namespace, where the kernel lets him.
const isRoot = process.getuid?.() === 0;
const namespaces = isRoot ? ['-m'] : ['-Urm'];

/** Why nothing can be mounted here, for a test's `skip`; false when it can. */
export const whyNoMounts: string | false = findWhy();

function findWhy(): string | false {
  if (findProgram('unshare') === undefined || findProgram('nsenter') === undefined)
    return 'unshare and nsenter are not installed';
  const words = [...namespaces, '/bin/sh', '-c', 'mount -t tmpfs tmpfs /tmp'];
  const { status, stderr } = spawnSync(unshare, words, { encoding: 'utf8', timeout: 10_000 });
  return status === 0 ? false : `nothing can be mounted here: ${stderr.trim()}`;
}

/** Mounts that only processes started under `under` see. */
export interface MountSpace {
  /** The command under which a process sees them; it leaves the process its pid. */
  readonly under: readonly string[];
  mount(...words: readonly string[]): void;
  umount(...words: readonly string[]): void;
  /** The path by which this process sees what is mounted there. */
  inside(path: string): string;
}

/** A space for mounts, which goes after the test with all that is mounted in it. */
export async function openMountSpace(t: Cleanup): Promise<MountSpace> {
  // Only its pid is needed, as the name of the namespaces.
  const words = [...namespaces, '/bin/sh', '-c', 'echo ready && exec sleep 600'];
  const holder = spawn(unshare, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => holder.once('close', () => resolve()));
  t.after(async () => {
    holder.kill('SIGKILL');
    await ended;
  });
  await Promise.race([
    new Promise((resolve) => holder.stdout.once('data', resolve)),
    ended.then(() => {
      throw new Error('The namespaces could not be made');
    }),
  ]);
  const user = isRoot ? [] : ['-U', '--preserve-credentials'];
  const under = [nsenter, '-t', String(holder.pid), '-m', ...user];
  const run = (program: string, args: readonly string[]): void => {
    const { status, stderr } = spawnSync(nsenter, [...under.slice(1), program, ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr.trim()}`);
  };
  return {
    under,
    mount: (...args) => run('mount', args),
    umount: (...args) => run('umount', args),
    inside: (path) => `/proc/${holder.pid}/root${path}`,
  };
}
