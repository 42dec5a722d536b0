import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { SyncError } from '../../src/errors.ts';
import type { WatchBackend, WatchEvents } from '../../src/local/watch/watch-backend.ts';
import { openWatcher, type WatcherOptions, type WatchTarget } from '../../src/local/watch/watcher.ts';
import { settled } from './hand-clock.ts';
import { HandTimers } from './timers.ts';
import { plantTemporary } from './tree.ts';

const limits = { maxUserWatches: 100, maxUserInstances: 10, maxQueuedEvents: 100 };

/** Watches that are armed at once, but for those that are refused or slow. */
export class FakeWatches implements WatchBackend {
  readonly events: WatchEvents;
  readonly armed = new Set<string>();
  /** What was asked for since the last look: `+path` and `-path`. */
  readonly asked: string[] = [];
  refuses: (path: string) => Error | null = () => null;
  isSlow: (path: string) => boolean = () => false;
  isClosed = false;

  constructor(events: WatchEvents) {
    this.events = events;
  }

  arm(path: string): void {
    this.asked.push(`+${path}`);
    const error = this.refuses(path);
    if (error !== null) this.events.onError(path, error);
    else if (!this.isSlow(path)) this.armed.add(path);
  }

  isArmed(path: string): boolean {
    return this.armed.has(path);
  }

  disarm(path: string): void {
    this.asked.push(`-${path}`);
    this.armed.delete(path);
  }

  async close(): Promise<void> {
    await settled();
    this.isClosed = true;
  }
}

let inodes = 0;

export function target(directory: string, more: Partial<WatchTarget> = {}): WatchTarget {
  inodes += 1;
  return { directory, identity: { device: 1, inode: inodes, birthtimeMs: inodes }, entryCount: 0, ...more };
}

/** A watcher whose watches a test holds, over a tree of a few directories. */
export function heldWatcher(t: TestContext, more: Partial<WatcherOptions> = {}) {
  const root = more.root ?? plantTemporary(t, { a: { b: {} }, ab: {}, c: {} });
  const timers = new HandTimers();
  const hints: (readonly [string, string | null])[] = [];
  const troubles: SyncError[] = [];
  const made: FakeWatches[] = [];
  const make = (events: WatchEvents) => {
    const watches = new FakeWatches(events);
    made.push(watches);
    return watches;
  };
  let overflows = 0;
  const watcher = openWatcher({
    root,
    timers,
    limits,
    onHint: (...hint) => void hints.push(hint),
    onTrouble: (error) => void troubles.push(error),
    onOverflow: () => {
      overflows += 1;
    },
    openChokidar: make,
    openPlain: make,
    ...more,
  });
  t.after(async () => {
    await watcher.close();
    // Events are counted for all watchers of the process.
    timers.endTurn();
  });
  const [chokidar, plain] = made;
  assert.ok(chokidar && plain);
  const path = (directory: string) => (directory === '' ? root : join(root, directory));
  const own = (asked: string) => asked.slice(0, 1) + asked.slice(root.length + 2);
  return {
    ...{ root, timers, troubles, watcher, chokidar, plain, path },
    events: chokidar.events,
    overflows: () => overflows,
    /** What was hinted since the last look. */
    hinted: () => hints.splice(0),
    /** What chokidar and the plain watches were asked for since the last look, below the root. */
    asked: () => [chokidar, plain].map(({ asked }) => asked.splice(0).map(own)),
    /** Adds them while the rounds of arming go on. */
    add: async (...targets: readonly WatchTarget[]) => {
      let isDone = false;
      const added = watcher.add(targets).finally(() => {
        isDone = true;
      });
      for (await settled(); !isDone; await settled()) timers.advance(10);
      await added;
    },
  };
}
