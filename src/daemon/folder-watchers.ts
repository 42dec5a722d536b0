import type { DropFolder } from '../core/drop-folder.ts';
import { displayName } from '../core/name.ts';
import { openRemoteLooks, type RemoteLooks } from '../local/watch/remote-looks.ts';
import { openWatcher, type Watcher } from '../local/watch/watcher.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Intake } from '../sync/intake/intake.ts';
import type { LocalPort, ScannedListing } from '../sync/ports/local.ts';

/** The watchers of all drop folders, wired to the intake: their events are hints, its scans are the truth. */
export interface FolderWatchers {
  onDirectory(folder: DropFolder, listing: ScannedListing): void;
  isWatched(folder: DropFolder, directory: string): boolean;
  onDirectoryGone(folder: DropFolder, directory: string): void;
  watchedCount(): number;
  /** Looks at what other hosts may have changed, which raises no event here. */
  lookAtRemote(signal: AbortSignal): Promise<void>;
  /** The uppermost directories of a folder that need that, relative to it. */
  remotePlaces(folder: DropFolder): readonly string[];
  close(): Promise<void>;
}

export interface WatchingDeps {
  readonly log: Logger;
  readonly intake: () => Intake;
  /** Hints were lost: everything has to be read. */
  readonly onOverflow: (folder: DropFolder) => void;
  readonly isRemote: LocalPort['isRemote'];
  /** Once for each file system below a folder that other hosts may write to, with its uppermost directory. */
  readonly onRemote: (folder: DropFolder, directory: string) => void;
  readonly onError: (error: unknown) => void;
}

const timers = { setTimer: systemClock.setTimer, afterTurn: (fn: () => void) => void setImmediate(fn) };

export function watchFolders(folders: readonly DropFolder[], deps: WatchingDeps): FolderWatchers {
  const watchers = new Map<number, Watcher>();
  const looks = new Map<number, RemoteLooks>();
  for (const folder of folders) {
    const { folderId, root } = folder;
    const watcher = openWatcher({
      root,
      timers,
      onHint: (directory, name) => deps.intake().hint(folderId, directory, name),
      onNewDirectory: (directory) => void deps.intake().scan(folder, directory).catch(deps.onError),
      onTrouble: (error) =>
        deps.log.warn({ folder: displayName(root), code: error.code, hint: error.hint }, error.message),
      onOverflow: () => deps.onOverflow(folder),
    });
    watchers.set(folderId, watcher);
    const remote = openRemoteLooks({
      root,
      isRemote: (directory, device) => deps.isRemote({ root, directory, name: '' }, device),
      now: systemClock.now,
      monotonic: systemClock.monotonic,
      onHint: (directory) => deps.intake().hint(folderId, directory, null),
      onRemote: (directory) => deps.onRemote(folder, directory),
    });
    looks.set(folderId, remote);
  }
  return {
    onDirectory: (folder, listing) => {
      looks.get(folder.folderId)?.add(listing);
      void watchers.get(folder.folderId)?.add([listing]).catch(deps.onError);
    },
    isWatched: (folder, directory) => watchers.get(folder.folderId)?.isKnown(directory) ?? true,
    onDirectoryGone: (folder, directory) => {
      looks.get(folder.folderId)?.remove(directory);
      watchers.get(folder.folderId)?.remove(directory);
    },
    watchedCount: () => [...watchers.values()].reduce((sum, watcher) => sum + watcher.watchedCount(), 0),
    lookAtRemote: async (signal) => {
      for (const remote of looks.values()) await remote.look(signal);
    },
    remotePlaces: ({ folderId }) => looks.get(folderId)?.places() ?? [],
    close: async () => {
      await Promise.all([...watchers.values()].map((watcher) => watcher.close()));
    },
  };
}
