import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, ftruncateSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type MountSpace, whyNoMounts } from './mounts.ts';
import type { Cleanup } from './process.ts';
import { findProgram } from './programs.ts';
import { until } from './until.ts';

/** A file system on which `a` and `A` are one name, made in a file and mounted through FUSE. */
export interface FoldingFileSystem {
  readonly name: string;
  /** Why it cannot be mounted here, for a test's `skip`; false when it can. */
  readonly whyNot: string | false;
  /** Whether a listing has a name as it was written; lowntfs-3g shows it in lower case. */
  readonly keepsCase: boolean;
  /** Whether its driver takes no file, but only a block device. */
  readonly needsDevice: boolean;
  readonly make: (image: string) => readonly string[];
  readonly mount: (source: string, place: string) => readonly string[];
}

const imageBytes = 64 * 1024 * 1024;

export const foldingFileSystems: readonly FoldingFileSystem[] = [
  {
    name: 'exFAT',
    whyNot: whyNot('mkfs.exfat', 'mount.exfat-fuse', 'losetup'),
    keepsCase: true,
    needsDevice: true,
    make: (image) => ['mkfs.exfat', image],
    // In the foreground, so that it ends with us.
    mount: (source, place) => ['mount.exfat-fuse', '-d', source, place],
  },
  {
    name: 'NTFS',
    whyNot: whyNot('mkntfs', 'lowntfs-3g'),
    keepsCase: false,
    needsDevice: false,
    make: (image) => ['mkntfs', '-F', '-Q', '-q', image],
    mount: (source, place) => ['lowntfs-3g', '-o', 'ignore_case,no_detach', source, place],
  },
];

function whyNot(...programs: readonly string[]): string | false {
  if (whyNoMounts !== false) return whyNoMounts;
  const missing = programs.filter((name) => findProgram(name) === undefined);
  if (missing.length > 0) return `${missing.join(' and ')} are not installed`;
  if (process.getuid?.() !== 0) return 'only root may mount it';
  return existsSync('/dev/fuse') ? false : 'there is no FUSE here';
}

/** Makes the file system in a file in `directory` and mounts it on `place`, until the test ends. */
export async function mountFolding(
  t: Cleanup,
  space: MountSpace,
  fileSystem: FoldingFileSystem,
  directory: string,
  place: string,
): Promise<void> {
  const image = join(directory, `${fileSystem.name}.img`);
  const file = openSync(image, 'w');
  ftruncateSync(file, imageBytes);
  closeSync(file);
  execute(fileSystem.make(image));
  const source = fileSystem.needsDevice ? execute(['losetup', '--find', '--show', image]).trim() : image;
  try {
    const before = statSync(space.inside(place)).dev;
    const [nsenter = '', ...under] = space.under;
    const [driver = '', ...how] = fileSystem.mount(source, place);
    const child = spawn(nsenter, [...under, findProgram(driver) ?? driver, ...how], { stdio: 'ignore' });
    t.after(() => end(child));
    const isMounted = () => child.exitCode !== null || statSync(space.inside(place)).dev !== before;
    await until(`${fileSystem.name} is mounted`, isMounted, 30_000);
    if (child.exitCode !== null) throw new Error(`${driver} ended with ${child.exitCode}`);
  } finally {
    // The kernel does it once nothing uses the device any more.
    if (fileSystem.needsDevice) execute(['losetup', '--detach', source]);
  }
}

function execute([program = '', ...words]: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(findProgram(program) ?? program, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${stderr}`);
  return stdout;
}

/** The kernel lets go of what it served. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await ended;
}
