import { systemClock } from './clock.ts';
import { displayName } from './core/name.ts';
import { openWatcher, type Watcher } from './local/watcher.ts';
import type { Logger } from './logger.ts';
import type { IntakeFolder } from './sync/folders.ts';
import type { Intake } from './sync/intake.ts';
import type { ScannedListing } from './sync/ports.ts';

/** The watchers of all drop folders, wired to the intake: their events are hints, its scans are the truth. */
export interface FolderWatchers {
  onDirectory(folder: IntakeFolder, listing: ScannedListing): void;
  isWatched(folder: IntakeFolder, directory: string): boolean;
  onDirectoryGone(folder: IntakeFolder, directory: string): void;
  watchedCount(): number;
  close(): Promise<void>;
}

export interface WatchingDeps {
  readonly log: Logger;
  readonly intake: () => Intake;
  /** Hints were lost: everything has to be read. */
  readonly onOverflow: (folder: IntakeFolder) => void;
  readonly onError: (error: unknown) => void;
}

const timers = { setTimer: systemClock.setTimer, afterTurn: (fn: () => void) => void setImmediate(fn) };

export function watchFolders(folders: readonly IntakeFolder[], deps: WatchingDeps): FolderWatchers {
  const watchers = new Map<number, Watcher>();
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
  }
  return {
    onDirectory: (folder, listing) => void watchers.get(folder.folderId)?.add([listing]).catch(deps.onError),
    isWatched: (folder, directory) => watchers.get(folder.folderId)?.isKnown(directory) ?? true,
    onDirectoryGone: (folder, directory) => watchers.get(folder.folderId)?.remove(directory),
    watchedCount: () => [...watchers.values()].reduce((sum, watcher) => sum + watcher.watchedCount(), 0),
    close: async () => {
      await Promise.all([...watchers.values()].map((watcher) => watcher.close()));
    },
  };
}
