import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  read as readCallback,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs';
import { promisify } from 'node:util';
import { absolutePath, type FilePath, type FileStat, isAtOrBelow, isSameStat, type Problem } from '../../core/entry.ts';
import { decodeName } from '../../core/name.ts';
import { foldName } from '../../core/spelling.ts';
import { errnoCode, outOfDescriptors } from '../../errors.ts';
import { fsPath, realPath } from '../fs-path.ts';
import { accessProblem, isGone, notRegularProblem, toFileStat } from '../local-problem.ts';

/** Whether files are on a disk of this machine: of all that are asked about, or by the device that a file is on. */
export type IsLocal = boolean | ((device: number) => boolean);

export type NotOpen =
  | { readonly kind: 'gone' }
  /** Replaced, moved or locked at this moment: look again later. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'problem'; readonly problem: Problem };

/** A regular file inside its root, open for reading. */
export interface OpenFile {
  readonly kind: 'open';
  readonly stat: FileStat;
  /** Whether it is small and on a disk of this machine, so that reading it at once is cheaper than waiting for a thread. */
  readonly isQuick: boolean;
  /** Fills `buffer` from `position` on and resolves to the bytes read, fewer only at the end of the file. */
  readFully(buffer: Uint8Array, position: number): Promise<number>;
  /** The same from the file's beginning, at once: for quick files only, since it holds everything else up. */
  readNow(buffer: Uint8Array): number;
  /** Whether path and descriptor still show what was there when it was opened. */
  recheck(): 'same' | 'changed' | 'gone';
  /** Idempotent; waits for a read that is under way, since a closed descriptor number may be somebody else's next. */
  close(): Promise<void>;
}

const readAt = promisify(readCallback);
const quickBytes = 256 * 1024;
/**
 * O_NONBLOCK: opening a FIFO, or a file with a lease on it, would wait for the other side. Windows has neither flag: undefined adds
 * none.
 */
export const openFlags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/**
 * Opens a file for reading, if it is a regular file and lies inside its root even when a directory on the way was swapped
 * for a link. What is found on disk is a result; only EMFILE and ENFILE throw (SyncError `too_many_open_files`). Synchronous,
 * as the inode was looked at a moment ago.
 *
 * @param isLocal on a disk of this machine, where a small file is read sooner than a thread is woken for it
 */
export function openRegularFile(path: FilePath, isLocal: IsLocal = false): OpenFile | NotOpen {
  const target = fsPath(absolutePath(path));
  let fd: number | null = null;
  try {
    // Before opening: a device may act on the mere open.
    const before = lstatSync(target);
    const refused = refusal(before);
    if (refused !== null) return refused;
    fd = openSync(target, openFlags);
    const stats = fstatSync(fd);
    const result = refusal(stats) ?? placeRefusal(fd, stats, path);
    if (result !== null) return result;
    const isHere = typeof isLocal === 'boolean' ? isLocal : isLocal(stats.dev);
    const file = openFile(fd, toFileStat(stats), target, isHere && stats.size <= quickBytes);
    fd = null;
    return file;
  } catch (error) {
    return openFailure(error);
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

function openFile(fd: number, stat: FileStat, target: string | Buffer, isQuick: boolean): OpenFile {
  let reading: Promise<unknown> | null = null;
  let closed: Promise<void> | null = null;

  const closeAfterReading = async (): Promise<void> => {
    if (reading !== null) await reading.catch(() => {});
    closeSync(fd);
  };
  const shouldBeOpen = (): void => {
    if (closed !== null) throw new Error('Read from a file after it was closed');
  };

  return {
    kind: 'open',
    stat,
    isQuick,
    async readFully(buffer, position) {
      let filled = 0;
      while (filled < buffer.byteLength) {
        shouldBeOpen();
        const read = readAt(fd, buffer, filled, buffer.byteLength - filled, position + filled);
        reading = read;
        const { bytesRead } = await read;
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return filled;
    },
    readNow(buffer) {
      shouldBeOpen();
      let filled = 0;
      while (filled < buffer.byteLength) {
        const bytesRead = readSync(fd, buffer, filled, buffer.byteLength - filled, filled);
        filled += bytesRead;
        // At its size nothing more is asked for: had it grown, `recheck` would see it.
        if (bytesRead === 0 || filled === stat.sizeBytes) break;
      }
      return filled;
    },
    recheck() {
      if (closed !== null) return 'changed';
      const there = lstatSync(target, { throwIfNoEntry: false });
      if (there === undefined) return 'gone';
      if (!isSameStat(stat, toFileStat(there))) return 'changed';
      // On a disk of this machine the same inode is the same file, as long as we hold it open. A server may show its
      // clients other things by name than by handle.
      return isQuick || isSameStat(stat, toFileStat(fstatSync(fd))) ? 'same' : 'changed';
    },
    close() {
      closed ??= closeAfterReading();
      return closed;
    },
  };
}

function refusal(stats: Stats): NotOpen | null {
  if (stats.isFile()) return null;
  if (stats.isDirectory()) return { kind: 'gone' };
  if (stats.isSymbolicLink()) return { kind: 'changed' };
  return { kind: 'problem', problem: notRegularProblem(stats) };
}

/** Whether the descriptor is really the file at `path`: inside the root, and not reached through a link. */
function placeRefusal(fd: number, stats: Stats, path: FilePath): NotOpen | null {
  if (isReachedWithoutLinks(fd, absolutePath(path))) return null;
  const realRoot = realPath(path.root);
  const opened = pathOfDescriptor(fd) ?? realPath(absolutePath(path));
  if (!isAtOrBelow(opened, realRoot)) {
    if (stats.nlink === 0) return { kind: 'gone' };
    const reason = 'A directory on its way is a link out of the drop folder: copy the files themselves.';
    return { kind: 'problem', problem: { code: 'outside_root', reason } };
  }
  if (process.platform === 'linux') {
    const expected = absolutePath({ ...path, root: realRoot });
    if (opened === expected) return null;
    if (foldName(opened) !== foldName(expected)) return { kind: 'changed' };
  }
  // Where case or composition do not matter, the system may call it as somebody else spelled it: the inode has to decide.
  const there = lstatSync(fsPath(opened));
  return there.ino === stats.ino && there.dev === stats.dev ? null : { kind: 'changed' };
}

/**
 * The quick proof: the kernel's own name of what was opened, in which there are no links, is the path as we spell it. Then the
 * root, which that path begins with, is where it is spelled as well. A root that is spelled through a link needs the slow one.
 */
function isReachedWithoutLinks(fd: number, path: string): boolean {
  // Bytes that are not UTF-8 all decode to U+FFFD: such a name proves nothing here.
  if (path.includes('\uFFFD')) return false;
  try {
    return readlinkSync(`/proc/self/fd/${fd}`) === path;
  } catch {
    // Only Linux tells.
    return false;
  }
}

function pathOfDescriptor(fd: number): string | null {
  try {
    return decodeName(readlinkSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' }));
  } catch {
    return null;
  }
}

function openFailure(error: unknown): NotOpen {
  const errno = errnoCode(error);
  if (isGone(error)) return { kind: 'gone' };
  switch (errno) {
    // A link took its place; a lease is being broken; an NFS handle went stale.
    case 'ELOOP':
    case 'EMLINK':
    case 'EAGAIN':
    case 'EWOULDBLOCK':
    case 'ESTALE':
      return { kind: 'changed' };
    case 'EMFILE':
    case 'ENFILE':
      throw outOfDescriptors('open', error);
    default:
      return { kind: 'problem', problem: accessProblem(error) };
  }
}
