import { spawn, spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cleanup } from './process.ts';
import { findProgram } from './programs.ts';

const unshare = findProgram('unshare') ?? 'unshare';
const nsenter = findProgram('nsenter') ?? 'nsenter';
// Who is not root becomes it in a user namespace, where the kernel lets him.
const isRoot = process.getuid?.() === 0;
const namespaces = isRoot ? ['-m'] : ['-Urm'];

/** Makers of file systems are often not on a user's path. */
const programs = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };

/** Why nothing can be mounted here, for a test's `skip`; false when it can. */
export const whyNoMounts: string | false = findWhy();

function findWhy(): string | false {
  if (findProgram('unshare') === undefined || findProgram('nsenter') === undefined)
    return 'unshare and nsenter are not installed';
  const words = [...namespaces, '/bin/sh', '-c', 'mount -t tmpfs tmpfs /tmp'];
  const { status, stderr } = spawnSync(unshare, words, { encoding: 'utf8', timeout: 300_000 });
  return status === 0 ? false : `nothing can be mounted here: ${stderr.trim()}`;
}

/** Mounts that only processes started under `under` see. */
export interface MountSpace {
  /** The command under which a process sees them; it leaves the process its pid. */
  readonly under: readonly string[];
  mount(...words: readonly string[]): void;
  umount(...words: readonly string[]): void;
  /** Mounts a new file system of this kind, which must be possible (`whyNoDisk`), on a directory. */
  disk(kind: DiskKind, at: string): void;
  /** Mounts a file system over this directory as one that other hosts write to: what is written in it raises no event above. */
  shareOf(lower: string, at: string): void;
  /** The path by which this process sees what is mounted there. */
  inside(path: string): string;
}

/** A space for mounts, which goes after the test with all that is mounted in it. */
export async function openMountSpace(t: Cleanup): Promise<MountSpace> {
  // Only its pid is needed, as the name of the namespaces.
  const words = [...namespaces, '/bin/sh', '-c', 'echo ready && exec sleep 86400'];
  const holder = spawn(unshare, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => holder.once('close', () => resolve()));
  const images = mkdtempSync(join(tmpdir(), 'fs-images-'));
  const mounted: string[] = [];
  t.after(async () => {
    // A file system in user space has a process of its own, which ends with its mount only.
    for (const at of mounted.reverse()) spawnSync(nsenter, [...under.slice(1), 'umount', '-l', at]);
    holder.kill('SIGKILL');
    await ended;
    rmSync(images, { recursive: true, force: true });
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
    const words = [...under.slice(1), program, ...args];
    const { status, stderr } = spawnSync(nsenter, words, { encoding: 'utf8', env: programs });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr.trim()}`);
  };
  const steps = (all: readonly Step[], at: string): void => {
    for (const [program, ...args] of all) run(program, args);
    mounted.push(at);
  };
  return {
    under,
    mount: (...args) => run('mount', args),
    umount: (...args) => run('umount', args),
    disk: (kind, at) => steps(stepsOf(kind, mkdtempSync(join(images, `${kind}-`)), at), at),
    shareOf: (lower, at) => steps([['bindfs', lower, at]], at),
    inside: (path) => `/proc/${holder.pid}/root${path}`,
  };
}

/** File systems as they are in the field: `ext4-128` keeps whole seconds, as ext3 does; exFAT and NTFS are in user space. */
export const diskKinds = ['ext4-128', 'exfat', 'ntfs', 'tmpfs', 'overlay'] as const;
export type DiskKind = (typeof diskKinds)[number];

type Step = readonly [program: string, ...words: string[]];

const programsOf: Readonly<Record<DiskKind | 'share', readonly string[]>> = {
  'ext4-128': ['mkfs.ext4', 'losetup'],
  exfat: ['mkfs.exfat', 'mount.exfat-fuse', 'losetup'],
  ntfs: ['mkntfs', 'ntfs-3g'],
  tmpfs: [],
  overlay: [],
  share: ['bindfs'],
};

const imageBytes = 64 * 1024 * 1024;

/** exFAT wants a block device, which goes with its mount, once it is said that nobody else needs it. */
const onLoopDevice =
  'device=$(losetup -f --show "$1") && mount.exfat-fuse "$device" "$2"; code=$?; losetup -d "$device"; exit $code';

/** How a disk is made and mounted; what it needs lies in a directory of its own. */
function stepsOf(kind: DiskKind, own: string, at: string): readonly Step[] {
  const image = join(own, 'image');
  const file = openSync(image, 'w');
  ftruncateSync(file, imageBytes);
  closeSync(file);
  switch (kind) {
    case 'ext4-128':
      return [
        ['mkfs.ext4', '-q', '-F', '-I', '128', image],
        ['mount', '-o', 'loop', image, at],
      ];
    case 'exfat':
      return [
        ['mkfs.exfat', image],
        ['sh', '-c', onLoopDevice, 'sh', image, at],
      ];
    case 'ntfs':
      return [
        ['mkntfs', '-F', '-Q', '-q', image],
        ['ntfs-3g', image, at],
      ];
    case 'tmpfs':
      return [['mount', '-t', 'tmpfs', 'tmpfs', at]];
    case 'overlay': {
      const [lower, upper, work] = ['lower', 'upper', 'work'].map((name) => join(own, name));
      for (const directory of [lower, upper, work]) if (directory !== undefined) mkdirSync(directory);
      return [['mount', '-t', 'overlay', '-o', `lowerdir=${lower},upperdir=${upper},workdir=${work}`, 'overlay', at]];
    }
    default: {
      const never: never = kind;
      throw new Error(`Unknown kind ${String(never)}`);
    }
  }
}

const reasons = new Map<string, string | false>();

/** Why this kind of disk, or a share (see `shareOf`), cannot be mounted here, for a test's `skip`; false when it can. */
export function whyNoDisk(kind: DiskKind | 'share'): string | false {
  const known = reasons.get(kind);
  if (known !== undefined) return known;
  const reason = findWhyNoDisk(kind);
  reasons.set(kind, reason);
  return reason;
}

function findWhyNoDisk(kind: DiskKind | 'share'): string | false {
  if (whyNoMounts !== false) return whyNoMounts;
  const missing = programsOf[kind].filter((program) => findProgram(program) === undefined);
  if (missing.length > 0) return `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not installed`;
  const base = mkdtempSync(join(tmpdir(), 'fs-why-'));
  const [own, at] = [join(base, 'own'), join(base, 'at')];
  try {
    for (const directory of [own, at]) mkdirSync(directory);
    const steps = kind === 'share' ? [['bindfs', own, at]] : stepsOf(kind, own, at);
    const quoted = [...steps, ['umount', at]].map((step) => step.map((word) => `'${word}'`).join(' '));
    const words = [...namespaces, '/bin/sh', '-c', quoted.join(' && ')];
    const { status, stderr } = spawnSync(unshare, words, { encoding: 'utf8', timeout: 300_000, env: programs });
    return status === 0 ? false : `${kind} cannot be mounted here: ${stderr.trim()}`;
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}
