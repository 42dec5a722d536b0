import { closeSync, constants, lstatSync, openSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isAtOrBelow, joinPath, splitPath } from '../core/entry.ts';
import { decodeName } from '../core/name.ts';
import type { Place, Tree } from '../core/place.ts';
import { foldName } from '../core/spelling.ts';
import { errnoCode } from '../errors.ts';
import { fsPath, realPath } from './fs-path.ts';
import { type Mount, mountsIn, readMountInfo } from './mount-info.ts';
import { openDetours } from './walk/detours.ts';
import { readNames } from './walk/names.ts';

const mostLinks = 40;
/** O_PATH (open(2)) needs no permission to read, and has nothing mounted that mounts itself. Node has no name for it. */
const pathOnly = 0o10000000 | (constants.O_DIRECTORY ?? 0);

/** What is at this absolute path. Never throws for what is found on disk: what cannot be looked at stays as it is spelled. */
export function placeOf(path: string): Place {
  const { existing, rest } = resolvePath(path);
  const spelled = spellAsListed(existing);
  const list = readMountInfo();
  const mounts = list === null ? [] : mountsIn(list);
  const own = treeOf(spelled, rest, mounts);
  const whole = joinPath(spelled, rest);
  const below = mounts.filter((mount) => mount.mountPoint !== whole && isAtOrBelow(mount.mountPoint, whole));
  return {
    path,
    realPath: whole,
    line: lineOf(spelled),
    exists: rest === '',
    trees: own === null ? [] : [own, ...below.filter(isOnTop).map(({ device, root }) => ({ device, path: root }))],
  };
}

/** The real path of what exists, and what would still have to be made below it. */
function resolvePath(path: string): { readonly existing: string; readonly rest: string } {
  let at = path;
  let rest = '';
  for (let links = 0; at !== '/' && links <= mostLinks; ) {
    try {
      return { existing: realPath(at), rest };
    } catch (error) {
      if (errnoCode(error) === undefined) throw error;
    }
    const target = targetOf(at);
    if (target === null) {
      rest = joinPath(splitPath(at).name, rest);
      at = dirname(at);
    } else {
      links += 1;
      at = target;
    }
  }
  return at === '/' ? { existing: '/', rest } : { existing: path, rest: '' };
}

/** Where a link leads to, which nothing has to be at; null when it is no link. */
function targetOf(path: string): string | null {
  try {
    const target = decodeName(readlinkSync(fsPath(path), { encoding: 'buffer' }));
    return resolve(dirname(path), target);
  } catch (error) {
    if (errnoCode(error) === undefined) throw error;
    return null;
  }
}

/** On a file system to which case does not matter, a real path may have any. */
function spellAsListed(path: string): string {
  const detours = openDetours({ now: () => 0 });
  let spelled = path;
  for (let left = path.split('/').length; left > 0 && spelled !== '/'; left -= 1) {
    const wrong = detours.find({ root: '/', ...splitPath(spelled.slice(1)) });
    if (wrong === null) return spelled;
    const { directory, name } = splitPath(wrong);
    const folded = foldName(name);
    const right = namesIn(joinPath('/', directory)).find((each) => foldName(each) === folded);
    if (right === undefined) return spelled;
    spelled = joinPath(joinPath('/', directory), right) + spelled.slice(wrong.length + 1);
  }
  return spelled;
}

function namesIn(directory: string): readonly string[] {
  try {
    return readNames(directory);
  } catch (error) {
    if (errnoCode(error) === undefined) throw error;
    return [];
  }
}

function lineOf(path: string): readonly string[] {
  const line: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    try {
      const { dev, ino } = statSync(fsPath(at));
      line.push(`${dev}:${ino}`);
    } catch (error) {
      if (errnoCode(error) === undefined) throw error;
    }
    if (at === '/') return line;
  }
}

function treeOf(existing: string, rest: string, mounts: readonly Mount[]): Tree | null {
  const id = mountIdOf(existing);
  const mount = mounts.find((each) => each.id === id);
  if (mount === undefined || !isAtOrBelow(existing, mount.mountPoint)) return null;
  const below = existing.slice(mount.mountPoint.length).replace(/^\/+/, '');
  return { device: mount.device, path: joinPath(joinPath(mount.root, below), rest) };
}

/** Whether nothing is mounted over it. */
function isOnTop({ id, mountPoint }: Mount): boolean {
  return mountIdOf(mountPoint) === id;
}

function mountIdOf(path: string): string | null {
  if (process.platform !== 'linux') return null;
  let fd = -1;
  try {
    // A drop folder may be a file by mistake: that is for others to say.
    const directory = lstatSync(fsPath(path)).isDirectory() ? path : dirname(path);
    fd = openSync(fsPath(directory), pathOnly);
    return /^mnt_id:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? null;
  } catch (error) {
    if (errnoCode(error) === undefined) throw error;
    return null;
  } finally {
    if (fd !== -1) closeSync(fd);
  }
}
