import { lstatSync } from 'node:fs';
import { fsPath } from '../fs-path.ts';
import type { Timers } from './timers.ts';
import type { Watched } from './watch-table.ts';

export interface ArmingOptions {
  readonly timers: Timers;
  /** Whether the entry still stands for its directory. */
  readonly isCurrent: (entry: Watched) => boolean;
  readonly onArmed: (entry: Watched) => void;
  /** The directory is gone. */
  readonly onGone: (entry: Watched) => void;
}

export interface ArmingQueue {
  push(entry: Watched): void;
  drop(entry: Watched): void;
  /** Resolves when nothing waits any more. */
  drain(): Promise<void>;
  /** The system has no more watches: from now on one directory is the probe for all others, until one succeeds. */
  limit(): void;
  close(): void;
}

const batchSize = 32;
// 5 s in all: chokidar reads a directory before it watches it, on the thread pool that others use too.
const mostRounds = 500;

/** Arms watches in small batches, one after the other, since chokidar holds a listing for each that is under way. */
export function openArmingQueue(options: ArmingOptions): ArmingQueue {
  const { timers, isCurrent, onArmed, onGone } = options;
  const queue = new Set<Watched>();
  let draining: Promise<void> | null = null;
  let isLimited = false;
  let isClosed = false;

  async function drainBatches(): Promise<void> {
    while (queue.size > 0) {
      const batch = takeBatch(isLimited ? 1 : batchSize);
      for (const entry of batch) entry.backend.arm(entry.path);
      await untilArmed(batch);
      if (isClosed) break;
      const failed = batch.filter((entry) => !isSettledWell(entry));
      if (failed.length === 0) isLimited = false;
      else if (isLimited) giveUp();
    }
    // At once: what is pushed from now on is for the next one.
    draining = null;
  }

  function takeBatch(size: number): readonly Watched[] {
    const batch: Watched[] = [];
    for (const entry of queue) {
      queue.delete(entry);
      batch.push(entry);
      if (batch.length === size) break;
    }
    return batch;
  }

  async function untilArmed(batch: readonly Watched[]): Promise<void> {
    for (let round = 1; round <= mostRounds && !isClosed; round += 1) {
      const waiting = batch.filter((entry) => entry.state === 'queued' && !entry.backend.isArmed(entry.path));
      if (waiting.length === 0) return;
      // chokidar keeps quiet about what is gone.
      if (round % 10 === 0) for (const entry of waiting) if (!isDirectory(entry.path)) entry.state = 'failed';
      await new Promise<void>((resolve) => {
        timers.setTimer(round < 10 ? 2 : 10, resolve);
      });
    }
  }

  function isSettledWell(entry: Watched): boolean {
    const isArmed = entry.state === 'queued' && entry.backend.isArmed(entry.path);
    entry.state = isArmed ? 'armed' : 'failed';
    if (!isCurrent(entry)) {
      // Removed or superseded while it was under way.
      entry.backend.disarm(entry.path);
      return true;
    }
    if (isArmed) onArmed(entry);
    else if (!isDirectory(entry.path)) onGone(entry);
    else return false;
    return true;
  }

  function giveUp(): void {
    for (const entry of queue) entry.state = 'failed';
    queue.clear();
  }

  return {
    push(entry) {
      queue.add(entry);
    },
    drop(entry) {
      queue.delete(entry);
    },
    async drain() {
      if (queue.size > 0) draining ??= drainBatches();
      await draining;
    },
    limit() {
      isLimited = true;
    },
    close() {
      isClosed = true;
      queue.clear();
    },
  };
}

function isDirectory(path: string): boolean {
  try {
    return lstatSync(fsPath(path)).isDirectory();
  } catch {
    return false;
  }
}
