import { readFileSync } from 'node:fs';
import { displayName } from '../../core/name.ts';
import { SyncError } from '../../errors.ts';

/** The kernel's limits; null where there is no inotify. */
export interface InotifyLimits {
  readonly maxUserWatches: number | null;
  readonly maxUserInstances: number | null;
  readonly maxQueuedEvents: number | null;
}

export type WatchLimitErrno = 'ENOSPC' | 'EMFILE' | 'ENFILE';

export function readInotifyLimits(): InotifyLimits {
  return {
    maxUserWatches: readLimit('max_user_watches'),
    maxUserInstances: readLimit('max_user_instances'),
    maxQueuedEvents: readLimit('max_queued_events'),
  };
}

export function isWatchLimit(errno: string | undefined): errno is WatchLimitErrno {
  return errno === 'ENOSPC' || errno === 'EMFILE' || errno === 'ENFILE';
}

/** The error for a system that has no watches left, with the command that would do for `wantedWatches` directories. */
export function watchLimitError(
  root: string,
  errno: WatchLimitErrno,
  limits: InotifyLimits,
  wantedWatches: number,
  cause: unknown,
): SyncError {
  return new SyncError(
    `${displayName(root)}: some directories cannot be watched, the system has no more watches (${errno})`,
    {
      code: 'watch_limit',
      op: 'watch',
      path: root,
      hint: `${cure(errno, limits, wantedWatches)} Until then new files there are found by the periodic scan only.`,
      cause,
    },
  );
}

function cure(errno: WatchLimitErrno, limits: InotifyLimits, wantedWatches: number): string {
  if (errno === 'ENOSPC') {
    // Other programs draw on the same number, hence twice.
    return sysctl('fs.inotify.max_user_watches', limits.maxUserWatches, 2 * wantedWatches);
  }
  const openFiles = 'Raise the limit on open files (`ulimit -n`, or LimitNOFILE= in the systemd unit).';
  if (limits.maxUserInstances === null) return openFiles;
  return `${sysctl('fs.inotify.max_user_instances', limits.maxUserInstances, 0)} If that does not help: ${openFiles}`;
}

function sysctl(name: string, present: number | null, needed: number): string {
  const value = 2 ** Math.ceil(Math.log2(Math.max(2 * (present ?? 0), needed, 1024)));
  const now = present === null ? '' : ` (now ${present})`;
  return `Run \`sudo sysctl ${name}=${value}\`${now}, and write that setting to /etc/sysctl.d/60-flora-sync.conf to keep it.`;
}

function readLimit(name: string): number | null {
  try {
    const value = Number(readFileSync(`/proc/sys/fs/inotify/${name}`, 'latin1'));
    return Number.isSafeInteger(value) && value > 0 ? value : null;
  } catch {
    return null;
  }
}
