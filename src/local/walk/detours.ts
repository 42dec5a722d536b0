import { lstatSync, type Stats, statSync } from 'node:fs';
import { type FilePath, joinPath } from '../../core/entry.ts';
import { otherSpellings } from '../../core/spelling.ts';
import { fsPath } from '../fs-path.ts';
import { isGone, systemErrno } from '../local-problem.ts';
import { readNames } from './names.ts';

interface DetoursOptions {
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
}

interface Detours {
  /**
   * The first name on the way to this path, as a path from the root, that its directory does not list in this spelling, or
   * that is on the way and no directory; null when every name is what the path says. A name that cannot be looked at
   * counts as right. What is found is as old as this turn of the event loop.
   *
   * @param mayBeOld a listing that has the name will do even if it is a little older: for whoever asks about each file
   */
  find(path: FilePath, mayBeOld?: boolean): string | null;
}

interface Listing {
  readonly names: ReadonlySet<string>;
  readonly untilMs: number;
}

/** An older listing serves for so many times the time that it took: reading them takes at most 2 % of it all. */
const restsPerRead = 50;
const mostListings = 64;
const mostKnown = 10_000;

/**
 * Finds paths that open but are not called so. exFAT, NTFS, SMB and APFS open a file under any case of its name, some under
 * NFC and NFD alike, and a link on the way leads to the files of another directory: all of them answer `lstat`, and only the
 * listing of a directory says which names are in it. It is read only where another spelling opens as well.
 */
export function openDetours({ now }: DetoursOptions): Detours {
  const listings = new Map<string, Listing>();
  /** Directories that tell cases apart, with what they were (device, inode, birth time) when that was seen. */
  const exact = new Map<string, string>();
  /** Those that were read in this turn of the event loop. */
  const fresh = new Set<Listing>();

  const tellsCasesApart = (directory: string, name: string, cased: string): boolean => {
    const identity = identityOf(directory);
    if (exact.get(directory) === identity) return true;
    // Without the entry itself, that another spelling does not open says nothing.
    const before = isThere(joinPath(directory, name));
    if (isThere(joinPath(directory, cased))) return false;
    if (before && isThere(joinPath(directory, name))) {
      if (exact.size >= mostKnown) exact.clear();
      exact.set(directory, identity);
    }
    return true;
  };

  const mayBeFolded = (directory: string, name: string): boolean => {
    const { cased, composed } = otherSpellings(name);
    if (cased !== null && !tellsCasesApart(directory, name, cased)) return true;
    return composed !== null && isThere(joinPath(directory, composed));
  };

  const read = (directory: string): ReadonlySet<string> => {
    const beganMs = now();
    const names = new Set(readNames(directory));
    const endedMs = now();
    const listing = { names, untilMs: endedMs + restsPerRead * (endedMs - beganMs) };
    if (listings.size >= mostListings) listings.clear();
    listings.set(directory, listing);
    if (fresh.size === 0) setImmediate(() => fresh.clear());
    fresh.add(listing);
    return names;
  };

  const isListed = (directory: string, name: string, mayBeOld: boolean): boolean => {
    const known = listings.get(directory);
    if (known !== undefined && fresh.has(known)) return known.names.has(name);
    if (mayBeOld && known !== undefined && now() < known.untilMs && known.names.has(name)) return true;
    return !mayBeFolded(directory, name) || read(directory).has(name);
  };

  return {
    find({ root, directory, name }, mayBeOld = false) {
      const names = joinPath(directory, name).split('/');
      let above = root;
      for (const [at, each] of names.entries()) {
        const path = joinPath(above, each);
        try {
          const isRight = (at === names.length - 1 || isDirectory(path)) && isListed(above, each, mayBeOld);
          if (!isRight) return names.slice(0, at + 1).join('/');
        } catch (error) {
          // It says so itself, to whoever opens it.
          systemErrno(error);
          return null;
        }
        above = path;
      }
      return null;
    },
  };
}

function isThere(path: string): boolean {
  return look(path) !== undefined;
}

function isDirectory(path: string): boolean {
  return look(path)?.isDirectory() === true;
}

function look(path: string): Stats | undefined {
  try {
    return lstatSync(fsPath(path), { throwIfNoEntry: false });
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Of the directory itself: the root may be a link. */
function identityOf(directory: string): string {
  const { dev, ino, birthtimeMs } = statSync(fsPath(directory));
  return `${dev}:${ino}:${birthtimeMs}`;
}
