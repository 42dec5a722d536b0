import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FilePath, FileStat, Fingerprint, Holder, Problem } from '../core/entry.ts';
import { SyncError } from '../errors.ts';
import type { MediaSource } from '../media/source.ts';
import type { EntryKind, FolderRules } from '../rules/folder-rules.ts';
import { untilTriedAgain, whenDescriptorsAreFree } from './descriptors.ts';
import { remoteDevices } from './file-system.ts';
import { fingerprintFile } from './read/fingerprint.ts';
import { ignoreFileStamp, readIgnoreFile } from './read/ignore-file.ts';
import { judgeMedia } from './read/media.ts';
import { findOpenForWriting } from './read/open-writers.ts';
import { type ByteSource, openSource } from './read/source.ts';
import { looksUnwritten } from './read/unwritten.ts';
import { openDetours } from './walk/detours.ts';
import { glance } from './walk/glance.ts';
import { readDirectoryInSteps, rootIdentity, type ScannedDirectory, statFile } from './walk/scanner.ts';
import { isUnfinished } from './walk/sidecars.ts';
import { walk } from './walk/walk.ts';

interface LocalFilesOptions {
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Content types that are sent; see `judgeMedia`. */
  readonly accept: readonly string[];
  /** What is left alone in a drop folder, as it is now; the built-in names by default. */
  readonly rulesOf?: (root: string) => FolderRules | undefined;
  /** There was no descriptor for something; it is tried again. Told each time. */
  readonly onShort?: (error: SyncError) => void;
}

type Digested =
  | { readonly kind: 'fingerprint'; readonly fingerprint: Fingerprint }
  | { readonly kind: 'problem'; readonly problem: Problem }
  | { readonly kind: 'changed' | 'gone' };

type Inspection = Digested | { readonly kind: 'unfinished'; readonly quietPeriods: number };

type Read =
  | { readonly kind: 'listing'; readonly listing: ScannedDirectory }
  | { readonly kind: 'gone' }
  | { readonly kind: 'problem'; readonly problem: Problem };

type Look =
  | { readonly kind: 'file'; readonly stat: FileStat }
  | { readonly kind: 'directory' | 'gone' | 'ignored' }
  | { readonly kind: 'excluded'; readonly is: EntryKind | null }
  | { readonly kind: 'problem'; readonly stat: FileStat | null; readonly problem: Problem };

interface WalkHandlers {
  onDirectory(listing: ScannedDirectory): Promise<void>;
  onUnreadable(directory: string, problem: Problem): Promise<void>;
}

const nothingOpen: ReadonlyMap<string, readonly Holder[]> = new Map();

/** Small local files are read without a pause: after so long of them everybody else has a turn. */
const inspectingSliceMs = 2;
/** The same for the entries of one directory. */
const readingSliceMs = 8;

/** This room's door: the drop folders as the engine wants to see them. */
export function createLocalFiles({ now, accept, rulesOf = () => undefined, onShort = () => {} }: LocalFilesOptions) {
  const yieldTurn = () => nextTurn();
  const detours = openDetours({ now });
  const isRemote = remoteDevices(now);
  const isLocal = (path: FilePath) => (device: number) => !isRemote(path, device);

  let sliceBeganMs = Number.NEGATIVE_INFINITY;
  const breathe = async (): Promise<void> => {
    if (now() - sliceBeganMs < inspectingSliceMs) return;
    await yieldTurn();
    sliceBeganMs = now();
  };

  const readInSlices = async (steps: ReturnType<typeof readDirectoryInSteps>): Promise<ScannedDirectory | null> => {
    for (let beganMs = now(); ; ) {
      const step = steps.next();
      if (step.done) return step.value;
      if (now() - beganMs < readingSliceMs) continue;
      await yieldTurn();
      beganMs = now();
    }
  };

  return {
    async walk(root: string, directory: string, handlers: WalkHandlers, signal: AbortSignal): Promise<void> {
      const unreadable: Promise<void>[] = [];
      await walk(root, {
        from: directory,
        rules: rulesOf(root),
        signal,
        now,
        yieldTurn,
        onShort: (error) => untilTriedAgain(error, signal, onShort),
        onDirectory: (listing) => handlers.onDirectory(listing),
        onUnreadable: (path, problem) => void unreadable.push(handlers.onUnreadable(path, problem)),
      });
      await Promise.all(unreadable);
    },

    async read(root: string, directory: string, signal: AbortSignal): Promise<Read> {
      try {
        const reading = () => readInSlices(readDirectoryInSteps(root, directory, rulesOf(root)));
        const listing = await whenDescriptorsAreFree(reading, signal, onShort);
        return listing === null ? { kind: 'gone' } : { kind: 'listing', listing };
      } catch (error) {
        if (!(error instanceof SyncError)) throw error;
        if (error.scope === 'folder') return { kind: 'gone' };
        return { kind: 'problem', problem: { code: error.code, reason: error.hint ?? error.message } };
      }
    },

    look(path: FilePath): Look {
      const result = statFile(path, rulesOf(path.root));
      if (result.kind !== 'problem') return result;
      return { kind: 'problem', stat: result.found.stat, problem: result.found.problem };
    },

    glance,

    detour: (path: FilePath): string | null => detours.find(path),

    isUnfinished,

    ignoreFileStamp,

    readIgnoreFile,

    rootIdentity(root: string): string | null {
      try {
        const { device, inode, birthtimeMs } = rootIdentity(root);
        return `${device}:${inode}:${birthtimeMs}`;
      } catch (error) {
        if (error instanceof SyncError) return null;
        throw error;
      }
    },

    async openForWriting(
      keys: ReadonlySet<string>,
      signal: AbortSignal,
      areAllWanted = false,
    ): Promise<ReadonlyMap<string, readonly Holder[]>> {
      const look = () => findOpenForWriting(keys, { signal, areAllWanted, yieldTurn, now });
      const open = await whenDescriptorsAreFree(look, signal, onShort);
      return open === 'unsupported' ? nothingOpen : open;
    },

    isRemote,

    looksUnwritten,

    async inspect(path: FilePath, signal: AbortSignal, isLastLook = false): Promise<Inspection> {
      await breathe();
      const options = {
        signal,
        isLocal: isLocal(path),
        async judge(media: MediaSource, name: string) {
          const verdict = await judgeMedia(media, name, accept);
          return isLastLook ? { ...verdict, doubtfulFor: 0 } : verdict;
        },
      };
      const result = await whenDescriptorsAreFree(() => fingerprintFile(path, options), signal, onShort);
      if (result.kind !== 'fingerprint' && result.kind !== 'problem') return result;
      // The last look before it is in the ledger: meanwhile it may be called otherwise, or be downloaded into again.
      if (detours.find(path, true) !== null) return { kind: 'gone' };
      return isUnfinished(path) ? { kind: 'changed' } : result;
    },

    /** What the file holds now, be it acceptable or not: to compare, not to send. */
    async digest(path: FilePath, signal: AbortSignal): Promise<Digested> {
      const options = { signal, isLocal: isLocal(path) };
      const result = await whenDescriptorsAreFree(() => fingerprintFile(path, options), signal, onShort);
      if (result.kind === 'unfinished') throw new Error('A file that nobody judged is called unfinished');
      return result.kind === 'fingerprint' && detours.find(path, true) !== null ? { kind: 'gone' } : result;
    },

    openSource(
      path: FilePath,
      expected: { readonly sizeBytes: number; readonly sha256: string },
      signal: AbortSignal,
    ): Promise<ByteSource | { kind: 'gone' } | { kind: 'changed' } | { kind: 'problem'; problem: Problem }> {
      const options = { signal, isLocal: isLocal(path) };
      return whenDescriptorsAreFree(() => openSource(path, expected, options), signal, onShort);
    },
  };
}
