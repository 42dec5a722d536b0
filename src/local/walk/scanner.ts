import { accessSync, constants, lstatSync, type Stats, statSync } from 'node:fs';
import type { DirectoryListing, FilePath, FileStat, FoundFile, FoundProblem } from '../../core/entry.ts';
import { absolutePath, isAtOrBelow, joinPath } from '../../core/entry.ts';
import { displayName } from '../../core/name.ts';
import { sidecarOwner } from '../../core/skip.ts';
import type { CodedProblem } from '../../errors/codes.ts';
import { errnoCode, isOutOfDescriptors, SyncError } from '../../errors.ts';
import { type DirectoryRules, type EntryKind, FolderRules } from '../../rules/folder-rules.ts';
import { briefly } from '../descriptors.ts';
import { fsPath, realPath } from '../fs-path.ts';
import {
  accessProblem,
  directoryProblem,
  folderError,
  folderNotDirectory,
  isGone,
  notRegularProblem,
  systemErrno,
  toFileStat,
} from '../local-problem.ts';
import { readNames } from './names.ts';
import { type Beside, besideAmong, besideOnDisk, isHeldBack } from './sidecars.ts';

/**
 * Which directory it is. The birth time is needed because ext4 hands the inode number of a removed directory straight to
 * the next one that is made.
 */
export interface DirectoryIdentity {
  readonly device: number;
  readonly inode: number;
  readonly birthtimeMs: number;
}

/** A listing, and what the watcher wants to know of the directory itself. */
export interface ScannedDirectory extends DirectoryListing {
  readonly identity: DirectoryIdentity;
  /** When the directory itself last changed, as it was before it was read: an entry came, went or got another name. */
  readonly changedMs: number;
  /** All entries, skipped names included. */
  readonly entryCount: number;
}

type StatResult =
  | { readonly kind: 'file'; readonly stat: FileStat }
  /** To be walked, if it is not watched yet. */
  | { readonly kind: 'directory' }
  /** A link to something inside the root. */
  | { readonly kind: 'ignored' }
  /** A rule leaves it alone; `is` says what stands there, where that was looked at. */
  | { readonly kind: 'excluded'; readonly is: EntryKind | null }
  | { readonly kind: 'gone' }
  | { readonly kind: 'problem'; readonly found: FoundProblem };

const entriesPerStep = 128;
const builtIn = new FolderRules();

export function isSameDirectory(a: DirectoryIdentity, b: DirectoryIdentity): boolean {
  return a.device === b.device && a.inode === b.inode && a.birthtimeMs === b.birthtimeMs;
}

/**
 * Reads one directory, with a pause after every 128 entries, so that a huge one does not hold up the event loop. Returns null
 * for a subdirectory that is gone or no longer a directory. Throws a SyncError of scope `folder` when the root itself cannot be
 * read, and of scope `file`, code `unreadable_directory` or `path_too_long`, when a subdirectory cannot (which says nothing
 * about the files in it); `too_many_open_files` when nothing can be opened now.
 */
export function* readDirectoryInSteps(
  root: string,
  directory: string,
  rules: FolderRules = builtIn,
): Generator<undefined, ScannedDirectory | null> {
  const path = joinPath(root, directory);
  const stats = directory === '' ? rootStats(root) : statsOf(path);
  if (stats === null) return null;
  const names = namesIn(root, directory, path);
  if (names === null) return null;
  const around = { beside: besideAmong(names), rules: rules.within(directory) };
  const { beside } = around;
  const files: FoundFile[] = [];
  const subdirectories: string[] = [];
  const problems: FoundProblem[] = [];
  let left = entriesPerStep;
  for (const name of names) {
    left -= 1;
    if (left === 0) {
      left = entriesPerStep;
      yield;
    }
    const result = examine(root, joinPath(path, name), name, around);
    if (result.kind === 'file' && !isHeldBack(name, 'file', beside)) files.push({ name, stat: result.stat });
    else if (result.kind === 'directory' && !isHeldBack(name, 'directory', beside)) subdirectories.push(name);
    else if (result.kind === 'problem') problems.push(result.found);
  }
  const [identity, changedMs] = [toIdentity(stats), changedMsOf(stats)];
  return { root, directory, files, subdirectories, problems, identity, changedMs, entryCount: names.length };
}

/** Looks at one named entry again; never throws for what is found on disk. */
export function statFile(path: FilePath, rules: FolderRules = builtIn): StatResult {
  const { root, directory, name } = path;
  const beside = besideOnDisk(joinPath(root, directory));
  return examine(root, absolutePath(path), name, { beside, rules: rules.within(directory) });
}

/** The identity of a drop folder (which may itself be a link); throws a SyncError of scope `folder`. */
export function rootIdentity(root: string): DirectoryIdentity {
  return toIdentity(rootStats(root));
}

/** When a directory itself last changed. */
export function changedMsOf({ mtimeMs, ctimeMs }: Stats): number {
  return Math.max(mtimeMs, ctimeMs);
}

function rootStats(root: string): Stats {
  let stats: Stats;
  try {
    stats = statSync(fsPath(root));
  } catch (error) {
    throw folderError(root, error);
  }
  if (!stats.isDirectory()) throw folderNotDirectory(root);
  return stats;
}

function statsOf(path: string): Stats | null {
  try {
    const stats = lstatSync(fsPath(path));
    return stats.isDirectory() ? stats : null;
  } catch (error) {
    if (isGone(error)) return null;
    throw unreadableDirectory(path, error);
  }
}

function toIdentity(stats: Stats): DirectoryIdentity {
  return { device: stats.dev, inode: stats.ino, birthtimeMs: stats.birthtimeMs };
}

function namesIn(root: string, directory: string, path: string): readonly string[] | null {
  try {
    return briefly('scan', () => readNames(path));
  } catch (error) {
    if (isOutOfDescriptors(error)) throw error;
    if (directory === '') throw folderError(root, error);
    if (isGone(error)) return null;
    throw unreadableDirectory(path, error);
  }
}

function unreadableDirectory(path: string, error: unknown): SyncError {
  const { code, reason } = directoryProblem(error);
  return new SyncError(`The directory ${displayName(path)} cannot be read (${systemErrno(error)})`, {
    code,
    op: 'scan',
    path,
    hint: reason,
    cause: error,
  });
}

interface Around {
  readonly beside: Beside;
  readonly rules: DirectoryRules;
}

function examine(root: string, path: string, name: string, { beside, rules }: Around): StatResult {
  const isSkippedFile = rules.isPassedOver(name, 'file');
  if (isSkippedFile && rules.isPassedOver(name, 'directory')) return { kind: 'excluded', is: null };
  const target = fsPath(path);
  let stats: Stats;
  try {
    stats = lstatSync(target);
  } catch (error) {
    return isGone(error) ? { kind: 'gone' } : problemOf(name, null, accessProblem(error));
  }
  if (stats.isDirectory()) {
    if (rules.isPassedOver(name, 'directory')) return { kind: 'excluded', is: 'directory' };
    // Asked here so that the problem stands in the listing that has the name, and is there again in the next one.
    const problem = listingProblem(target);
    return problem === null ? { kind: 'directory' } : problemOf(name, stats, problem);
  }
  const owner = beside && sidecarOwner(name);
  if (isSkippedFile || (owner !== null && beside?.(owner))) return { kind: 'excluded', is: 'file' };
  if (stats.isFile()) return { kind: 'file', stat: toFileStat(stats) };
  if (stats.isSymbolicLink()) {
    const problem = linkProblem(root, path);
    return problem === null ? { kind: 'ignored' } : problemOf(name, stats, problem);
  }
  return problemOf(name, stats, notRegularProblem(stats));
}

function listingProblem(target: string | Buffer): CodedProblem | null {
  try {
    accessSync(target, constants.R_OK | constants.X_OK);
    return null;
  } catch (error) {
    return isGone(error) ? null : directoryProblem(error);
  }
}

/** Links are never followed: what is inside the root is synced by its own path, what is outside was not dropped here. */
function linkProblem(root: string, path: string): CodedProblem | null {
  try {
    if (isAtOrBelow(realPath(path), realPath(root))) return null;
    return {
      code: 'symlink_outside',
      reason: 'It is a link to something outside the drop folder: copy the file itself.',
    };
  } catch (error) {
    const errno = errnoCode(error) ?? systemErrno(error);
    if (isGone(error)) return { code: 'symlink_dangling', reason: 'It is a link to something that does not exist.' };
    if (errno === 'ELOOP') return { code: 'symlink_dangling', reason: 'It is a link that leads back to itself.' };
    return { code: 'symlink_outside', reason: `It is a link that cannot be resolved (${errno}).` };
  }
}

function problemOf(name: string, stats: Stats | null, problem: CodedProblem): StatResult {
  return { kind: 'problem', found: { name, stat: stats === null ? null : toFileStat(stats), problem } };
}
