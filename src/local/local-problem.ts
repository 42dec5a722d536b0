import type { Stats } from 'node:fs';
import type { FileStat } from '../core/entry.ts';
import { displayName } from '../core/name.ts';
import type { CodedProblem } from '../errors/codes.ts';
import { errnoCode, SyncError } from '../errors.ts';

/** Narrows Node's Stats to what the ledger compares. */
export function toFileStat(stats: Stats): FileStat {
  return {
    sizeBytes: stats.size,
    mtimeMs: stats.mtimeMs,
    ctimeMs: stats.ctimeMs,
    inode: stats.ino,
    device: stats.dev,
  };
}

/** Whether the error says that there is nothing at the path (any more). */
export function isGone(error: unknown): boolean {
  const code = errnoCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Why a file cannot be examined or read, from a system error; anything else is a bug and is thrown again. */
export function accessProblem(error: unknown): CodedProblem {
  const errno = systemErrno(error);
  switch (errno) {
    case 'EACCES':
    case 'EPERM':
      return { code: 'unreadable', reason: `Not allowed to read it (${errno}): give ${thisUser()} read permission.` };
    case 'ENAMETOOLONG':
      return { code: 'path_too_long', reason: 'Its path is longer than the system allows: move it further up.' };
    default:
      return { code: 'read_error', reason: `Reading it failed (${errno}): check the disk or the network mount.` };
  }
}

/** The same for a directory that cannot be listed. */
export function directoryProblem(error: unknown): CodedProblem {
  const { code, reason } = accessProblem(error);
  if (code !== 'unreadable') return { code: code === 'read_error' ? 'unreadable_directory' : code, reason };
  const errno = systemErrno(error);
  return {
    code: 'unreadable_directory',
    reason: `Not allowed to list it (${errno}): give ${thisUser()} read and search permission.`,
  };
}

/** The problem of an entry that is neither file, directory nor link. */
export function notRegularProblem(stats: Stats): CodedProblem {
  return { code: 'not_a_regular_file', reason: `It is ${kindInWords(stats)}, not a file.` };
}

/** The drop folder itself cannot be used; the others go on. */
export function folderError(root: string, error: unknown): SyncError {
  const errno = systemErrno(error);
  if (errno === 'ENOENT') return folderMissing(root, error);
  if (errno === 'ENOTDIR') return folderNotDirectory(root, error);
  return new SyncError(`The drop folder ${displayName(root)} cannot be read (${errno})`, {
    code: 'folder_unreadable',
    op: 'scan',
    path: root,
    hint:
      errno === 'EACCES' || errno === 'EPERM'
        ? `Give ${thisUser()} read and search permission on it.`
        : 'Check the disk or the network mount.',
    cause: error,
  });
}

export function folderMissing(root: string, cause?: unknown): SyncError {
  return new SyncError(`The drop folder ${displayName(root)} does not exist`, {
    code: 'folder_missing',
    op: 'scan',
    path: root,
    hint: 'Create it, mount it, or correct FLORA_SYNC_FOLDER; it is picked up when it is there.',
    cause,
  });
}

export function folderNotDirectory(root: string, cause?: unknown): SyncError {
  return new SyncError(`The drop folder ${displayName(root)} is not a directory`, {
    code: 'folder_not_directory',
    op: 'scan',
    path: root,
    hint: 'Name the directory that holds the files in FLORA_SYNC_FOLDER.',
    cause,
  });
}

export function systemErrno(error: unknown): string {
  const errno = errnoCode(error);
  if (errno === undefined || !/^E[A-Z0-9]+$/.test(errno)) throw error;
  return errno;
}

function thisUser(): string {
  const uid = process.getuid?.();
  return uid === undefined ? 'the user of flora-sync' : `the user of flora-sync (uid ${uid})`;
}

function kindInWords(stats: Stats): string {
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  if (stats.isCharacterDevice()) return 'a character device';
  if (stats.isBlockDevice()) return 'a block device';
  return 'something else';
}
