import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ArmingQueue, openArmingQueue } from '../../../../src/local/watch/arming.ts';
import type { WatchBackend } from '../../../../src/local/watch/watch-backend.ts';
import type { Watched } from '../../../../src/local/watch/watch-table.ts';
import { realTimers } from '../../../support/timers.ts';
import { plantTemporary } from '../../../support/tree.ts';

/** A backend with so many watches left, that says at once when there is none. */
class ScarceBackend implements WatchBackend {
  readonly asked: string[] = [];
  readonly #armed = new Set<string>();
  readonly #onRefused: (path: string) => void;
  left: number;

  constructor(left: number, onRefused: (path: string) => void) {
    this.left = left;
    this.#onRefused = onRefused;
  }

  arm(path: string): void {
    this.asked.push(path);
    if (this.left === 0) {
      this.#onRefused(path);
      return;
    }
    this.left -= 1;
    this.#armed.add(path);
  }

  isArmed(path: string): boolean {
    return this.#armed.has(path);
  }

  disarm(path: string): void {
    this.#armed.delete(path);
  }

  async close(): Promise<void> {}
}

interface Bench {
  readonly queue: ArmingQueue;
  readonly backend: ScarceBackend;
  readonly entries: readonly Watched[];
  readonly current: Set<Watched>;
  readonly armed: string[];
}

function setUp(root: string, count: number, left: number): Bench {
  const armed: string[] = [];
  const backend = new ScarceBackend(left, (path) => {
    const refused = entries.find((entry) => entry.path === path);
    if (refused !== undefined) refused.state = 'failed';
    queue.limit();
  });
  const identity = { device: 1, inode: 1, birthtimeMs: 1 };
  const entries = Array.from({ length: count }, (_, n): Watched => {
    return { directory: String(n), path: `${root}/${n}`, identity, backend, state: 'queued', isSuspect: false };
  });
  const current = new Set(entries);
  const queue = openArmingQueue({
    timers: realTimers,
    isCurrent: (entry) => current.has(entry),
    onArmed: (entry) => armed.push(entry.directory),
    onGone: (entry) => assert.fail(`gone: ${entry.path}`),
  });
  for (const entry of entries) queue.push(entry);
  return { queue, backend, entries, current, armed };
}

function directories(count: number): Record<string, Record<string, never>> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [String(n), {}]));
}

test('without watches left the rest is not tried one by one, and one probe opens the way again', async (t) => {
  const { queue, backend, entries, armed } = setUp(plantTemporary(t, directories(200)), 200, 10);
  await queue.drain();
  assert.equal(armed.length, 10);
  assert.ok(backend.asked.length <= 33, `${backend.asked.length} tries`);
  assert.equal(entries.filter((entry) => entry.state === 'failed').length, 190);

  const rest = entries.filter((entry) => entry.state === 'failed');
  const retry = async (): Promise<void> => {
    for (const entry of rest) {
      entry.state = 'queued';
      queue.push(entry);
    }
    await queue.drain();
  };
  backend.asked.length = 0;
  await retry();
  assert.equal(backend.asked.length, 1);
  backend.left = 1000;
  await retry();
  assert.equal(armed.length, 200);
});

test('what was forgotten while it was being armed is disarmed again', async (t) => {
  const { queue, backend, entries, current, armed } = setUp(plantTemporary(t, directories(2)), 2, 10);
  const [first] = entries;
  assert.ok(first);
  const drained = queue.drain();
  current.delete(first);
  await drained;
  assert.deepEqual(armed, ['1']);
  assert.equal(backend.isArmed(first.path), false);
});
