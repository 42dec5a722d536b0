import { joinPath, splitPath } from '../../core/entry.ts';
import { isSkippedName, sidecarOwner } from '../../core/skip.ts';
import { isOutOfDescriptors, type SyncError } from '../../errors.ts';
import { realPath } from '../fs-path.ts';
import { isSameDirectory, type ScannedDirectory } from '../walk/scanner.ts';
import { openArmingQueue } from './arming.ts';
import { guardBursts } from './burst-guard.ts';
import { chokidarWatches, isChokidarPath } from './chokidar-watches.ts';
import { type InotifyLimits, readInotifyLimits } from './inotify.ts';
import { plainWatches } from './plain-watches.ts';
import { scheduleSecondLooks } from './second-look.ts';
import type { Timer, Timers } from './timers.ts';
import type { WatchBackend, WatchEvents } from './watch-backend.ts';
import { type Watched, WatchTable } from './watch-table.ts';
import { collectTroubles } from './watch-trouble.ts';

export interface WatcherOptions {
  readonly root: string;
  readonly timers: Timers;
  /** Whether a rule takes names back that are skipped by themselves: then what happens to them is hinted as well. */
  readonly takesBack?: () => boolean;
  /** Something may have happened to this name, or (null) anywhere in this directory: look. Not gathered: it comes for each event. */
  readonly onHint: (directory: string, name: string | null) => void;
  /** Once for each kind of trouble; the periodic scan carries what is not watched. */
  readonly onTrouble: (error: SyncError) => void;
  /** Events were probably lost, of this folder or another one of this process: rescan everything. */
  readonly onOverflow: () => void;
  readonly limits?: InotifyLimits;
  /** Directories with more entries than this get a plain `fs.watch`. */
  readonly largeDirectoryEntries?: number;
  readonly openChokidar?: (events: WatchEvents) => WatchBackend;
  readonly openPlain?: (events: WatchEvents) => WatchBackend;
}

/** What the watcher has to know of a directory: a listing will do. */
export type WatchTarget = Pick<ScannedDirectory, 'directory' | 'identity' | 'entryCount'>;

export interface Watcher {
  /**
   * Watches these directories from now on. Meant for every listing of every scan: what is watched already costs a look-up,
   * and what turned out to be another directory (device, inode, birth time) or to have died is armed anew. Resolves when
   * nothing waits to be armed any more. Each directory is hinted once after it was armed, since events between the
   * listing and that moment went unseen.
   */
  add(targets: readonly WatchTarget[]): Promise<void>;
  /** Forgets each directory that is not wanted any more. */
  retain(isWanted: (directory: string) => boolean): void;
  /** Forgets a directory and all below. */
  remove(directory: string): void;
  /** Whether `add` was called for it; false for subdirectories that are still to be walked. */
  isKnown(directory: string): boolean;
  watchedCount(): number;
  close(): Promise<void>;
}

const secondLookMs = 1000;
/** Descriptors come and go, unlike watches: so soon is tried again what could not be watched for want of one. */
const tryAgainMs = 5_000;
/** chokidar looks at each entry of a directory at each event in it: 100 of them cost 8 ms of CPU for one new file. */
const mostListedEntries = 32;

/** Opens a watcher on one drop folder: chokidar's where it fits, else `fs.watch`. Its events are hints, the scan is the truth. */
export function openWatcher(options: WatcherOptions): Watcher {
  const { root, timers, onTrouble, largeDirectoryEntries = mostListedEntries, limits = readInotifyLimits() } = options;
  const { openChokidar = chokidarWatches, openPlain = plainWatches, takesBack = () => false } = options;
  const table = new WatchTable();
  const onHint: WatcherOptions['onHint'] = (directory, name) => {
    if (!isClosed) options.onHint(directory, name);
  };
  const secondLooks = scheduleSecondLooks(timers, secondLookMs, (directory) => onHint(directory, null));
  const troubles = collectTroubles({ root, timers, limits, onTrouble, wantedWatches: () => table.size });
  const bursts = guardBursts(timers, limits.maxQueuedEvents, options.onOverflow);
  const arming = openArmingQueue({
    timers,
    isCurrent: (entry) => table.isCurrent(entry),
    onArmed: (entry) => onHint(entry.directory, null),
    onGone: (entry) => forget(entry.directory),
  });
  let realRoot: string | null = null;
  let isClosed = false;
  let again: Timer | null = null;

  const events: WatchEvents = {
    onRaw(path, event, name) {
      if (isClosed) return;
      bursts.count();
      const entry = table.atPath(path);
      if (entry === undefined) return;
      if (name === null) onHint(entry.directory, null);
      else if (name === splitPath(path).name) hintItself(entry, event);
      else hintNames(entry.directory, name);
    },
    onDirectoryAdded(path) {
      const { directory: parent, name } = splitPath(path);
      const above = isClosed ? undefined : table.atPath(parent);
      // With U+FFFD it is not the name on disk; the hint of the raw event has the parent read again.
      if (above === undefined || isSkipped(name, ['directory']) || name.includes('\uFFFD')) return;
      const directory = joinPath(above.directory, name);
      secondLooks.schedule(directory);
      onHint(above.directory, name);
    },
    onDirectoryRemoved(path) {
      const entry = isClosed ? undefined : table.atPath(path);
      if (entry === undefined) return;
      forget(entry.directory);
      hintParent(entry.directory);
    },
    onError(path, error) {
      const entry = path === null ? undefined : table.atPath(path);
      if (entry !== undefined) entry.state = 'failed';
      if (isClosed || troubles.judge(path, error) !== 'limit') return;
      arming.limit();
      if (isOutOfDescriptors(error)) again ??= timers.setTimer(tryAgainMs, tryFailedAgain);
    },
  };
  const chokidar = openChokidar(events);
  const plain = openPlain(events);

  function isSkipped(name: string, kinds: readonly ('file' | 'directory')[]): boolean {
    return kinds.every((kind) => isSkippedName(name, kind)) && !takesBack();
  }

  function hintNames(directory: string, name: string): void {
    if (!isSkipped(name, ['file', 'directory'])) onHint(directory, name);
    // Once a transfer tool's state is gone, what it was about is finished.
    const owner = sidecarOwner(name);
    if (owner !== null) onHint(directory, owner);
  }

  /** The directory itself was removed, moved or had its mode changed (or a child has its name, which is harmless). */
  function hintItself(entry: Watched, event: string): void {
    if (event === 'rename') entry.isSuspect = true;
    onHint(entry.directory, null);
    hintParent(entry.directory);
  }

  function hintParent(directory: string): void {
    const { directory: parent, name } = splitPath(directory);
    onHint(parent, name === '' ? null : name);
  }

  function forget(directory: string): void {
    for (const entry of table.deleteTree(directory)) {
      arming.drop(entry);
      entry.backend.disarm(entry.path);
    }
  }

  function tryFailedAgain(): void {
    again = null;
    for (const entry of table.values()) {
      if (entry.state !== 'failed') continue;
      entry.state = 'queued';
      arming.push(entry);
    }
    void arming.drain();
  }

  function isFine(known: Watched, target: WatchTarget): boolean {
    const isTooLarge = known.backend === chokidar && target.entryCount > largeDirectoryEntries;
    const isLive = known.state === 'queued' || (known.state === 'armed' && known.backend.isArmed(known.path));
    return isLive && !isTooLarge && !known.isSuspect;
  }

  function enqueue(target: WatchTarget): void {
    const { directory, identity } = target;
    const known = table.get(directory);
    if (known !== undefined) {
      // Another directory: what is below is not what was there either.
      if (!isSameDirectory(known.identity, identity)) forget(directory);
      else if (isFine(known, target)) return;
      else {
        arming.drop(known);
        known.backend.disarm(known.path);
      }
    }
    if (realRoot === null || directory === '') realRoot = resolveRoot(root);
    const path = joinPath(realRoot, directory);
    const backend = target.entryCount > largeDirectoryEntries || !isChokidarPath(path) ? plain : chokidar;
    const entry: Watched = { directory, path, identity, backend, state: 'queued' };
    table.set(entry);
    arming.push(entry);
  }

  return {
    async add(targets) {
      if (isClosed) return;
      for (const target of targets) enqueue(target);
      await arming.drain();
    },
    retain(isWanted) {
      for (const { directory } of [...table.values()]) if (directory !== '' && !isWanted(directory)) forget(directory);
    },
    remove: forget,
    isKnown: (directory) => table.get(directory) !== undefined,
    watchedCount: () => [...table.values()].filter(({ state }) => state === 'armed').length,
    async close() {
      isClosed = true;
      bursts.close();
      secondLooks.cancel();
      troubles.cancel();
      again?.cancel();
      arming.close();
      await Promise.all([chokidar.close(), plain.close()]);
    },
  };
}

function resolveRoot(root: string): string {
  try {
    return realPath(root);
  } catch {
    return root;
  }
}
