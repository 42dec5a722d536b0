import { joinPath, type Problem } from '../../core/entry.ts';
import { isOutOfDescriptors, SyncError } from '../../errors.ts';
import type { FolderRules } from '../../rules/folder-rules.ts';
import { folderMissing } from '../local-problem.ts';
import {
  type DirectoryIdentity,
  isSameDirectory,
  readDirectoryInSteps,
  rootIdentity,
  type ScannedDirectory,
} from './scanner.ts';

export interface WalkOptions {
  readonly signal: AbortSignal;
  /** Where to start, relative to the root; the root itself by default. */
  readonly from?: string;
  /** What is left alone; the built-in names by default. */
  readonly rules?: FolderRules | undefined;
  /** How long the event loop may be held at a stretch. */
  readonly sliceMs?: number;
  /** Gets each directory once; a promise is awaited before the next one is read. */
  readonly onDirectory: (listing: ScannedDirectory) => void | Promise<void>;
  /** A subdirectory that failed at its turn. It is no evidence about the files below it. */
  readonly onUnreadable: (directory: string, problem: Problem) => void;
  readonly yieldTurn: () => Promise<void>;
  /** Nothing can be opened now: the wait until it is tried again. Throws the error when absent. */
  readonly onShort?: (error: unknown) => Promise<void>;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
}

interface WalkSummary {
  readonly directories: number;
  readonly files: number;
  /** Of the root: another device than last time means that something was mounted or unmounted. */
  readonly identity: DirectoryIdentity;
}

/**
 * Reads a drop folder, directory by directory, deepest branch first, holding no more than the names of directories still
 * to be read. Links are not followed, so it ends. Throws a SyncError of scope `folder` when the root cannot be read or
 * is another one at the end than at the start (then what was missing in between means nothing), and the signal's reason.
 */
export async function walk(root: string, options: WalkOptions): Promise<WalkSummary> {
  const { signal, sliceMs = 8, onDirectory, yieldTurn, now } = options;
  let sliceStart = now();
  const breathe = async (): Promise<void> => {
    await yieldTurn();
    signal.throwIfAborted();
    sliceStart = now();
  };

  signal.throwIfAborted();
  const identity = rootIdentity(root);
  const pending: string[] = [options.from ?? ''];
  let directories = 0;
  let files = 0;
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    const steps = readDirectoryInSteps(root, directory, options.rules);
    let listing: ScannedDirectory | null = null;
    try {
      for (let step = steps.next(); ; step = steps.next()) {
        if (step.done) {
          listing = step.value;
          break;
        }
        if (now() - sliceStart >= sliceMs) await breathe();
      }
    } catch (error) {
      if (isOutOfDescriptors(error)) {
        if (options.onShort === undefined) throw error;
        await options.onShort(error);
        pending.push(directory);
        continue;
      }
      if (!(error instanceof SyncError) || error.scope !== 'file') throw error;
      options.onUnreadable(directory, { code: error.code, reason: error.hint ?? error.message });
    }
    if (listing !== null) {
      directories += 1;
      files += listing.files.length;
      for (const name of listing.subdirectories) pending.push(joinPath(directory, name));
      const handled = onDirectory(listing);
      if (handled !== undefined) {
        await handled;
        signal.throwIfAborted();
      }
    }
    if (now() - sliceStart >= sliceMs) await breathe();
  }
  if (!isSameDirectory(identity, rootIdentity(root))) throw folderMissing(root);
  return { directories, files, identity };
}
