import { lstatSync } from 'node:fs';
import { type FilePath, joinPath, splitPath } from '../../core/entry.ts';
import { sidecarOwner, sidecarsOf } from '../../core/skip.ts';
import { fsPath } from '../fs-path.ts';
import { systemErrno } from '../local-problem.ts';

/**
 * Whether a transfer tool keeps its state beside this file, or beside a directory on the way to it: then it is not finished,
 * however still it keeps. What cannot be looked at does not say so.
 */
export function isUnfinished({ root, directory, name }: FilePath): boolean {
  if (isHeldBack(name, 'file', besideOnDisk(joinPath(root, directory)))) return true;
  let at = directory;
  while (at !== '') {
    const { directory: above, name: last } = splitPath(at);
    if (isHeldBack(last, 'directory', besideOnDisk(joinPath(root, above)))) return true;
    at = above;
  }
  return false;
}

/** Whether an entry of that name is in the directory; null where nothing is that anybody would ask for. */
export type Beside = ((name: string) => boolean) | null;

export function besideAmong(names: readonly string[]): Beside {
  if (!names.some((name) => sidecarOwner(name) !== null)) return null;
  const all = new Set(names);
  return (name) => all.has(name);
}

export function besideOnDisk(directory: string): Beside {
  return (name) => {
    try {
      return lstatSync(fsPath(joinPath(directory, name)), { throwIfNoEntry: false }) !== undefined;
    } catch (error) {
      systemErrno(error);
      return false;
    }
  };
}

export function isHeldBack(name: string, kind: 'file' | 'directory', beside: Beside): boolean {
  return beside !== null && sidecarsOf(name, kind).some(beside);
}
