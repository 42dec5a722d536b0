import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { isOutOfDescriptors, outOfDescriptors, SyncError } from '../errors.ts';

// A process may have so many files and connections open at once. Whoever finds no descriptor waits, and judges nothing by it:
// a directory that cannot be opened now is not unreadable, and a process that cannot be looked into is not harmless.

/** Kept open for what opens and closes within one call: the thread pool may take one in the moment between. */
const mostSpare = 3;
const spare: number[] = [];

/** How long until what found no descriptor is tried again. */
const retryMs = 100;

/**
 * Runs a synchronous job that closes what it opens before it returns. Where no descriptor is left, it gets one of those that are
 * kept for that. `job` may be called several times.
 *
 * @throws SyncError `too_many_open_files` where that does not help either; what the job throws
 */
export function briefly<T>(op: string, job: () => T): T {
  keepSpare();
  try {
    for (;;) {
      try {
        return job();
      } catch (error) {
        if (!isOutOfDescriptors(error)) throw error;
        const descriptor = spare.pop();
        if (descriptor === undefined) throw outOfDescriptors(op, error);
        closeSync(descriptor);
      }
    }
  } finally {
    // At once, or somebody else takes it for longer.
    keepSpare();
  }
}

function keepSpare(): void {
  while (spare.length < mostSpare) {
    try {
      spare.push(openSync('/dev/null', 'r'));
    } catch {
      // None to spare now, or no such file on this system: the job itself will tell.
      return;
    }
  }
}

/** How many more files and connections this process may have open; null where that is not known. */
export function descriptorsLeft(): number | null {
  if (process.platform !== 'linux') return null;
  try {
    return briefly('read limits', () => {
      const most = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
      const open = readdirSync('/proc/self/fd').length;
      return most === undefined ? null : Math.max(0, Number(most) - open);
    });
  } catch (error) {
    return isOutOfDescriptors(error) ? 0 : null;
  }
}

/**
 * Does what opens something, and again for as long as there is no descriptor for it. `onShort` is told each time. Throws what
 * the job throws, and the signal's reason.
 */
export async function whenDescriptorsAreFree<T>(
  job: () => Promise<T>,
  signal: AbortSignal,
  onShort: (error: SyncError) => void,
): Promise<T> {
  for (;;) {
    try {
      return await job();
    } catch (error) {
      if (!isOutOfDescriptors(error)) throw error;
      await untilTriedAgain(error, signal, onShort);
    }
  }
}

/** The wait between two tries. Throws the signal's reason. */
export async function untilTriedAgain(
  error: unknown,
  signal: AbortSignal,
  onShort: (error: SyncError) => void,
): Promise<void> {
  onShort(error instanceof SyncError ? error : outOfDescriptors('open', error));
  await pause(retryMs, undefined, { signal }).catch(() => signal.throwIfAborted());
}
