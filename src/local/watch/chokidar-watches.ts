import type { Stats } from 'node:fs';
import { normalize } from 'node:path';
import { watch } from 'chokidar';
import { isUtf8Name } from '../../core/name.ts';
import type { WatchBackend, WatchEvents } from './watch-backend.ts';

/** Whether chokidar can watch this path: it knows only UTF-8, and turns backslashes into slashes. */
export function isChokidarPath(path: string): boolean {
  return isUtf8Name(path) && !path.includes('\\') && normalize(path) === path;
}

/**
 * chokidar 5 as a source of hints about directories: it never sees a file. Learnt from its source and held by the tests:
 * - It is persistent by default: else `error` events of the native watchers have no listener, which ends the process.
 * - `atomic` (on by default) ignores names such as `x~`; those are for our own rules to judge.
 * - Links are not followed, so a root that is a link has to be resolved before.
 * - It closes the watches below a directory that was removed or moved away by itself, and says `unlinkDir`.
 */
export function chokidarWatches(events: WatchEvents): WatchBackend {
  let leaving: string | null = null;
  const isIgnored = (path: string, stats?: Stats): boolean =>
    path === leaving || (stats !== undefined && !stats.isDirectory());
  const watcher = watch([], {
    depth: 0,
    ignored: isIgnored,
    ignoreInitial: true,
    followSymlinks: false,
    atomic: false,
  });
  watcher.on('raw', (event, name: string | null, details) => {
    const { watchedPath } = details as { readonly watchedPath: string };
    events.onRaw(watchedPath, event, name?.includes('\uFFFD') ? null : name);
  });
  watcher.on('addDir', (path) => events.onDirectoryAdded(path));
  watcher.on('unlinkDir', (path) => events.onDirectoryRemoved(path));
  watcher.on('error', (error) => events.onError(pathOf(error), error));

  return {
    arm(path) {
      watcher.add(path);
    },
    // chokidar tells nobody when a watch is armed; the closer that it registers then is the only trace.
    isArmed: (path) => watcher._closers.has(path),
    disarm(path) {
      if (!watcher._closers.has(path)) return;
      // `unwatch` puts the path, and all below, on a list of ignored paths that only `add` takes it from again. So add it,
      // but be ignored while that call looks at it.
      leaving = path;
      watcher.unwatch(path);
      watcher.add(path);
      leaving = null;
    },
    close: () => watcher.close(),
  };
}

function pathOf(error: unknown): string | null {
  const { filename, path } = error as { readonly filename?: unknown; readonly path?: unknown };
  if (typeof filename === 'string') return filename;
  return typeof path === 'string' ? path : null;
}
