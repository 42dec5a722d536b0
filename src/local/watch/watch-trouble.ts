import { displayName } from '../../core/name.ts';
import { errnoCode, SyncError } from '../../errors.ts';
import { type InotifyLimits, isWatchLimit, watchLimitError } from './inotify.ts';
import type { Timer, Timers } from './timers.ts';

export interface WatchTroubles {
  /** Takes an error of a watch. `limit`: the system has no more watches. */
  judge(path: string | null, error: unknown): 'limit' | 'other';
  cancel(): void;
}

export interface WatchTroubleOptions {
  readonly root: string;
  readonly timers: Timers;
  readonly limits: InotifyLimits;
  /** How many directories are to be watched, as far as it is known by now. */
  readonly wantedWatches: () => number;
  readonly onTrouble: (error: SyncError) => void;
}

// The first directory that cannot be watched comes early in a walk; the number that would do is only known at its end.
const limitReportDelayMs = 2000;

/** The scanner finds and reports these by itself. */
const scannerTells: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG']);

/** Turns errors of watches into one report for each kind of trouble. */
export function collectTroubles(options: WatchTroubleOptions): WatchTroubles {
  const { root, timers, limits, wantedWatches, onTrouble } = options;
  const reported = new Set<string>();
  let limitTimer: Timer | null = null;

  return {
    judge(path, error) {
      const errno = errnoCode(error) ?? 'unknown';
      const isNew = !reported.has(errno) && !scannerTells.has(errno);
      if (isNew) reported.add(errno);
      if (isWatchLimit(errno)) {
        if (isNew) {
          limitTimer = timers.setTimer(limitReportDelayMs, () => {
            onTrouble(watchLimitError(root, errno, limits, wantedWatches(), error));
          });
        }
        return 'limit';
      }
      if (isNew) onTrouble(watchFailedError(root, path ?? root, error));
      return 'other';
    },
    cancel() {
      limitTimer?.cancel();
    },
  };
}

function watchFailedError(root: string, path: string, error: unknown): SyncError {
  return new SyncError(`${displayName(path)} cannot be watched (${errnoCode(error) ?? String(error)})`, {
    code: 'watch_failed',
    op: 'watch',
    path: root,
    hint: 'New files there are found by the periodic scan only.',
    cause: error,
  });
}
