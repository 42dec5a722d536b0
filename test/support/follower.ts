import type { TestContext } from 'node:test';
import { joinPath } from '../../src/core/entry.ts';
import { SyncError } from '../../src/errors.ts';
import { type ScannedDirectory, statFile } from '../../src/local/walk/scanner.ts';
import { walk } from '../../src/local/walk/walk.ts';
import { openWatcher, type Watcher, type WatcherOptions } from '../../src/local/watch/watcher.ts';
import { readDirectory } from './read-directory.ts';
import { realTimers } from './timers.ts';
import { until } from './until.ts';

/** The least that a daemon does with a watcher: knows the files of a folder from one scan and then from hints alone. */
export interface Follower {
  readonly watcher: Watcher;
  /** Paths relative to the root. */
  readonly files: Set<string>;
  readonly hints: (readonly [string, string | null])[];
  readonly troubles: SyncError[];
  overflows: number;
  /** A full scan, as at start and every rescan interval. */
  scan(): Promise<void>;
}

/** Opens a watcher on `root`, scans once, and follows the hints; a deaf one only records them. */
export async function follow(
  t: TestContext,
  root: string,
  options: Partial<WatcherOptions> & { readonly isDeaf?: boolean } = {},
): Promise<Follower> {
  const { isDeaf = false, ...over } = options;
  const controller = new AbortController();

  const take = (listing: ScannedDirectory): Promise<void> => {
    for (const name of listing.files) follower.files.add(joinPath(listing.directory, name.name));
    return watcher.add([listing]);
  };

  const walkFrom = async (from: string): Promise<void> => {
    await walk(root, {
      from,
      signal: controller.signal,
      onDirectory: take,
      onUnreadable: () => {},
      yieldTurn: () => new Promise((resolve) => setImmediate(resolve)),
      now: () => performance.now(),
    }).catch((error: unknown) => {
      if (!controller.signal.aborted && !(error instanceof SyncError)) throw error;
    });
  };

  const reread = (directory: string): void => {
    let listing: ScannedDirectory | null = null;
    try {
      listing = readDirectory(root, directory);
    } catch (error) {
      if (!(error instanceof SyncError)) throw error;
      return;
    }
    if (listing === null) {
      watcher.remove(directory);
      return;
    }
    void take(listing);
    for (const name of listing.subdirectories) {
      const below = joinPath(directory, name);
      if (!watcher.isKnown(below)) void walkFrom(below);
    }
  };

  const onHint = (directory: string, name: string | null): void => {
    if (controller.signal.aborted) return;
    follower.hints.push([directory, name]);
    if (isDeaf) return;
    if (name === null) {
      reread(directory);
      return;
    }
    const path = joinPath(directory, name);
    const result = statFile({ root, directory, name });
    if (result.kind === 'file') follower.files.add(path);
    else if (result.kind === 'directory') void walkFrom(path);
    else if (result.kind === 'gone') follower.files.delete(path);
  };

  const watcher = openWatcher({
    root,
    timers: realTimers,
    onHint,
    onTrouble: (error) => follower.troubles.push(error),
    onOverflow: () => {
      follower.overflows += 1;
      void walkFrom('');
    },
    ...over,
  });
  const follower: Follower = {
    watcher,
    files: new Set(),
    hints: [],
    troubles: [],
    overflows: 0,
    scan: () => walkFrom(''),
  };
  t.after(async () => {
    controller.abort();
    await watcher.close();
  });
  await follower.scan();
  // From here on a file is found through its own event, not through the look that follows the arming.
  await until('every directory was hinted once', () => {
    const whole = new Set(follower.hints.filter(([, name]) => name === null).map(([directory]) => directory));
    return whole.size >= watcher.watchedCount();
  });
  return follower;
}
