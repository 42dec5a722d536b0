// What the engine needs of the local file system.
import type { DirectoryListing, FilePath, FileStat, Fingerprint, Holder, Problem } from '../../core/entry.ts';
import type { EntryKind } from '../../rules/folder-rules.ts';
import type { ByteSource } from './byte-source.ts';

export type OpenedSource =
  | (ByteSource & { readonly kind: 'source' })
  | { readonly kind: 'gone' | 'changed' }
  | { readonly kind: 'problem'; readonly problem: Problem };

export type Inspection =
  | { readonly kind: 'fingerprint'; readonly fingerprint: Fingerprint }
  | { readonly kind: 'problem'; readonly problem: Problem }
  /** Quiet, but it looks as if it were still being written: to be believed only after so many quiet periods more. */
  | { readonly kind: 'unfinished'; readonly quietPeriods: number }
  | { readonly kind: 'changed' | 'gone' };

/** What stands at a name now. */
export type Look =
  | { readonly kind: 'file'; readonly stat: FileStat }
  /** `ignored` is a link to something inside the root. */
  | { readonly kind: 'directory' | 'gone' | 'ignored' }
  /** A rule leaves it alone; `is` says what stands there, where that was looked at. That nothing is there, it does not say. */
  | { readonly kind: 'excluded'; readonly is: EntryKind | null }
  | { readonly kind: 'problem'; readonly stat: FileStat | null; readonly problem: Problem };

/** A listing with what a watcher wants to know of the directory itself. */
export interface ScannedListing extends DirectoryListing {
  readonly identity: { readonly device: number; readonly inode: number; readonly birthtimeMs: number };
  readonly entryCount: number;
  readonly changedMs?: number;
}

export type ReadResult =
  | { readonly kind: 'listing'; readonly listing: ScannedListing }
  | { readonly kind: 'gone' }
  | { readonly kind: 'problem'; readonly problem: Problem };

/** The file with rules at the top of a drop folder. */
export type IgnoreFile =
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly stamp: string; readonly text: string }
  | { readonly kind: 'problem'; readonly stamp: string; readonly reason: string };

export interface IgnoreFilePort {
  /** What tells one version of a folder's ignore file from another, and when it last changed (wall clock); null without one. */
  ignoreFileStamp(root: string): { readonly stamp: string; readonly changedMs: number } | null;
  readIgnoreFile(root: string): IgnoreFile;
}

interface WalkHandlers {
  /** Awaited before the next directory is read. */
  onDirectory(listing: ScannedListing): Promise<void>;
  onUnreadable(directory: string, problem: Problem): Promise<void>;
}

export interface LocalPort {
  /** Walks from `directory` down, in slices. Throws SyncError of scope `folder` when the root is not there. */
  walk(root: string, directory: string, handlers: WalkHandlers, signal: AbortSignal): Promise<void>;
  /** In slices, too: a directory may have any number of entries. */
  read(root: string, directory: string, signal: AbortSignal): Promise<ReadResult>;
  look(path: FilePath): Look;
  /** Where (from the root) the path leaves what listings say, by a link or another spelling: `look` tells of another entry. */
  detour(path: FilePath): string | null;
  /** Whether a transfer tool keeps its state beside the file, or beside a directory above it. */
  isUnfinished(path: FilePath): boolean;
  /**
   * A directory, read no further than its first entry: whether it has none, and the number of its device (null where the
   * files in it may have another). Null when it is no directory that we can read.
   */
  glance(root: string, directory: string): { readonly isEmpty: boolean; readonly device: number | null } | null;
  /** What tells a folder's root from another in its place; null when it is no directory. Begins with the device. */
  rootIdentity(root: string): string | null;
  /** Of these `device:inode` keys, the ones that some process holds open for writing, and who: one for each, or all. */
  openForWriting(
    keys: ReadonlySet<string>,
    signal: AbortSignal,
    areAllWanted?: boolean,
  ): Promise<ReadonlyMap<string, readonly Holder[]>>;
  /** Whether writers on other hosts may exist, so that only the quiet period can be trusted: by the device that has the path. */
  isRemote(path: FilePath, device: number): boolean;
  /** Whether a part of the file seems to be still to be written. It may be finished all the same. */
  looksUnwritten?(path: FilePath, signal: AbortSignal): Promise<boolean>;
  /** At the last look at what was `unfinished`, it is judged as it is. */
  inspect(path: FilePath, signal: AbortSignal, isLastLook?: boolean): Promise<Inspection>;
  openSource(
    path: FilePath,
    expected: { readonly sizeBytes: number; readonly sha256: string },
    signal: AbortSignal,
  ): Promise<OpenedSource>;
}
