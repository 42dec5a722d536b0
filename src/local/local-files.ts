import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FilePath, FileStat, Fingerprint, Problem } from '../core/entry.ts';
import { SyncError } from '../errors.ts';
import { isRemoteFileSystem } from './file-system.ts';
import { fingerprintFile } from './fingerprint.ts';
import { glance } from './glance.ts';
import { judgeMedia } from './media.ts';
import { findOpenForWriting } from './open-writers.ts';
import { readDirectoryInSteps, rootIdentity, type ScannedDirectory, statFile } from './scanner.ts';
import { type ByteSource, openSource } from './source.ts';
import { walk } from './walk.ts';

export interface LocalFilesOptions {
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Content types that are sent; see `judgeMedia`. */
  readonly accept: readonly string[];
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
  | { readonly kind: 'problem'; readonly stat: FileStat | null; readonly problem: Problem };

interface WalkHandlers {
  onDirectory(listing: ScannedDirectory): Promise<void>;
  onUnreadable(directory: string, problem: Problem): Promise<void>;
}

const nothingOpen: ReadonlySet<string> = new Set();

/** Small local files are read without a pause: after so long of them everybody else has a turn. */
const inspectingSliceMs = 2;
/** The same for the entries of one directory. */
const readingSliceMs = 8;

/** This room's door: the drop folders as the engine wants to see them. */
export function createLocalFiles({ now, accept }: LocalFilesOptions) {
  const yieldTurn = () => nextTurn();
  const remoteRoots = new Map<string, { readonly isRemote: boolean; readonly device: number }>();

  const isRemote = (root: string): boolean => {
    const known = remoteRoots.get(root);
    if (known !== undefined) return known.isRemote;
    try {
      const answer = isRemoteFileSystem(root);
      remoteRoots.set(root, { isRemote: answer, device: rootIdentity(root).device });
      return answer;
    } catch {
      // Not there just now: the careful answer, and asked again next time.
      return true;
    }
  };

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
        signal,
        now,
        yieldTurn,
        onDirectory: (listing) => handlers.onDirectory(listing),
        onUnreadable: (path, problem) => void unreadable.push(handlers.onUnreadable(path, problem)),
      });
      await Promise.all(unreadable);
    },

    async read(root: string, directory: string): Promise<Read> {
      try {
        const listing = await readInSlices(readDirectoryInSteps(root, directory));
        return listing === null ? { kind: 'gone' } : { kind: 'listing', listing };
      } catch (error) {
        if (!(error instanceof SyncError)) throw error;
        if (error.scope === 'folder') return { kind: 'gone' };
        return { kind: 'problem', problem: { code: error.code, reason: error.hint ?? error.message } };
      }
    },

    look(path: FilePath): Look {
      const result = statFile(path);
      switch (result.kind) {
        case 'problem':
          return { kind: 'problem', stat: result.found.stat, problem: result.found.problem };
        case 'skipped':
          return { kind: 'ignored' };
        default:
          return result;
      }
    },

    glance,

    rootIdentity(root: string): string | null {
      try {
        const { device, inode, birthtimeMs } = rootIdentity(root);
        const known = remoteRoots.get(root);
        // Something else was mounted there.
        if (known !== undefined && known.device !== device) remoteRoots.delete(root);
        return `${device}:${inode}:${birthtimeMs}`;
      } catch (error) {
        if (error instanceof SyncError) return null;
        throw error;
      }
    },

    async openForWriting(keys: ReadonlySet<string>, signal: AbortSignal): Promise<ReadonlySet<string>> {
      const open = await findOpenForWriting(keys, { signal, yieldTurn, now });
      return open === 'unsupported' ? nothingOpen : open;
    },

    isRemote,

    async inspect(path: FilePath, signal: AbortSignal, isLastLook = false): Promise<Inspection> {
      await breathe();
      return await fingerprintFile(path, {
        signal,
        isLocal: !isRemote(path.root),
        async judge(media, name) {
          const verdict = await judgeMedia(media, name, accept);
          return isLastLook ? { ...verdict, doubtfulFor: 0 } : verdict;
        },
      });
    },

    /** What the file holds now, be it acceptable or not: to compare, not to send. */
    async digest(path: FilePath, signal: AbortSignal): Promise<Digested> {
      const result = await fingerprintFile(path, { signal, isLocal: !isRemote(path.root) });
      if (result.kind === 'unfinished') throw new Error('A file that nobody judged is called unfinished');
      return result;
    },

    openSource(
      path: FilePath,
      expected: { readonly sizeBytes: number; readonly sha256: string },
      signal: AbortSignal,
    ): Promise<ByteSource | { kind: 'gone' } | { kind: 'changed' } | { kind: 'problem'; problem: Problem }> {
      return openSource(path, expected, { signal, isLocal: !isRemote(path.root) });
    },
  };
}
