import type { DropFolder } from '../core/drop-folder.ts';
import { displayName } from '../core/name.ts';
import { openRemoteLooks, type RemoteLooks } from '../local/watch/remote-looks.ts';
import { openWatcher, type Watcher } from '../local/watch/watcher.ts';
import type { FolderRules } from '../rules/folder-rules.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Hints } from '../sync/intake/hints.ts';
import type { LocalPort } from '../sync/ports/local.ts';
import type { WatchPort } from '../sync/ports/watch.ts';

/** The watchers of all drop folders: their events are hints, the intake's scans are the truth. */
export interface FolderWatchers extends WatchPort {
  watchedCount(): number;
  /** Looks at what other hosts may have changed, which raises no event here. */
  lookAtRemote(signal: AbortSignal): Promise<void>;
  /** The uppermost directories of a folder that need that, relative to it. */
  remotePlaces(folder: DropFolder): readonly string[];
}

export interface WatchingDeps {
  readonly log: Logger;
  readonly hints: Hints;
  /** Hints were lost: everything has to be read. */
  readonly onOverflow: (folder: DropFolder) => void;
  readonly isRemote: LocalPort['isRemote'];
  /** The folder's rules as they are now. */
  readonly rulesOf: (root: string) => FolderRules;
  /** Once for each file system below a folder that other hosts may write to, with its uppermost directory. */
  readonly onRemote: (folder: DropFolder, directory: string) => void;
  readonly onError: (error: unknown) => void;
}

const timers = { setTimer: systemClock.setTimer, afterTurn: (fn: () => void) => void setImmediate(fn) };

export function watchFolders(folders: readonly DropFolder[], deps: WatchingDeps): FolderWatchers {
  const { hints } = deps;
  const watchers = new Map<number, Watcher>();
  const looks = new Map<number, RemoteLooks>();
  for (const folder of folders) {
    const { folderId, root } = folder;
    const watcher = openWatcher({
      root,
      timers,
      takesBack: () => deps.rulesOf(root).takesBack,
      onHint: (directory, name) => hints.add({ root, directory, name }),
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
      onHint: (directory) => hints.add({ root, directory, name: null }),
      onRemote: (directory) => deps.onRemote(folder, directory),
    });
    looks.set(folderId, remote);
  }
  return {
    add: (folder, listing) => {
      looks.get(folder.folderId)?.add(listing);
      void watchers.get(folder.folderId)?.add([listing]).catch(deps.onError);
    },
    isWatched: (folder, directory) => watchers.get(folder.folderId)?.isKnown(directory) ?? true,
    retain: (folder, isWanted) => watchers.get(folder.folderId)?.retain(isWanted),
    remove: (folder, directory) => {
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
