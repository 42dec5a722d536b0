import { type FSWatcher, watch } from 'node:fs';
import { decodeName } from '../../core/name.ts';
import { fsPath } from '../fs-path.ts';
import type { WatchBackend, WatchEvents } from './watch-backend.ts';

/**
 * Node's own `fs.watch`, for what chokidar is not made for: directories with thousands of entries (it lists them again at
 * every event), and paths that it cannot spell (not UTF-8, or with a backslash).
 */
export function plainWatches(events: WatchEvents): WatchBackend {
  const watchers = new Map<string, FSWatcher>();

  const disarm = (path: string): void => {
    watchers.get(path)?.close();
    watchers.delete(path);
  };

  const arm = (path: string): void => {
    try {
      const watcher = watch(fsPath(path), { encoding: 'buffer' }, (event, name) => {
        if (watchers.get(path) === watcher) events.onRaw(path, event, name === null ? null : decodeName(name));
      });
      watcher.on('error', (error) => {
        if (watchers.get(path) !== watcher) return;
        disarm(path);
        events.onError(path, error);
      });
      watchers.set(path, watcher);
    } catch (error) {
      events.onError(path, error);
    }
  };

  return {
    arm,
    isArmed: (path) => watchers.has(path),
    disarm,
    async close() {
      for (const path of [...watchers.keys()]) disarm(path);
    },
  };
}
