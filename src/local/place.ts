import { closeSync, lstatSync, openSync, readFileSync, readlinkSync, statSync } from 'node:fs';
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
const pathOnly = 0o10000000;

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
  if (at === '/') return { existing: at, rest };
  // Links that lead back to themselves lead nowhere, so nothing is there.
  const above = resolvePath(dirname(path));
  return { existing: above.existing, rest: joinPath(above.rest, splitPath(path).name) };
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
  let spelled = '/';
  for (const name of path.split('/')) {
    const isListed = detours.find({ root: spelled, directory: '', name }) === null;
    const folded = foldName(name);
    const listed = isListed ? name : namesIn(spelled).find((each) => foldName(each) === folded);
    spelled = joinPath(spelled, listed ?? name);
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

function mountIdOf(path: string): string | undefined {
  try {
    // A drop folder may be a file by mistake: that is for others to say.
    const directory = lstatSync(fsPath(path)).isDirectory() ? path : dirname(path);
    const fd = openSync(fsPath(directory), pathOnly);
    try {
      return /^mnt_id:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`).toString())?.[1];
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (errnoCode(error) === undefined) throw error;
    return undefined;
  }
}
