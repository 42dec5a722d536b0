import assert from 'node:assert/strict';
import { rmdirSync } from 'node:fs';
import { describe, it, type TestContext, test } from 'node:test';
import { type ArmingQueue, openArmingQueue } from '../../../../src/local/watch/arming.ts';
import type { WatchBackend } from '../../../../src/local/watch/watch-backend.ts';
import type { Watched } from '../../../../src/local/watch/watch-table.ts';
import { settled } from '../../../support/hand-clock.ts';
import { handTimers } from '../../../support/hand-timers.ts';
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

describe('the queue of directories that are to be watched', () => {
  /** A backend that arms what it is told to, and a clock that is moved by hand. */
  function byHand(t: TestContext, count: number) {
    const root = plantTemporary(t, directories(count));
    const asked: string[] = [];
    const armed = new Set<string>();
    const told: string[] = [];
    const timers = handTimers();
    const backend: WatchBackend = {
      arm: (path) => void asked.push(path),
      isArmed: (path) => armed.has(path),
      disarm: (path) => void told.push(`disarmed ${path.slice(root.length + 1)}`),
      close: async () => {},
    };
    const identity = { device: 1, inode: 1, birthtimeMs: 1 };
    const entries = Array.from({ length: count }, (_, n): Watched => {
      return { directory: String(n), path: `${root}/${n}`, identity, backend, state: 'queued', isSuspect: false };
    });
    const current = new Set(entries);
    const happens = new Map<string, () => void>();
    const queue = openArmingQueue({
      timers: { setTimer: timers.setTimer, afterTurn: () => assert.fail('not asked for') },
      isCurrent: (entry) => current.has(entry),
      onArmed: ({ directory, state }) => {
        told.push(`${state} ${directory}`);
        happens.get(directory)?.();
      },
      onGone: ({ directory, state }) => void told.push(`gone ${directory} ${state}`),
    });
    for (const entry of entries) queue.push(entry);
    const arms = (...which: readonly number[]) => {
      for (const at of which) armed.add(`${root}/${at}`);
    };
    /** The rounds that are waited for, until nothing more is. */
    const rounds = async (most = 1_000) => {
      for (let round = 0; round < most; round += 1) {
        await settled();
        const next = timers.set.find(({ hasRun }) => !hasRun);
        if (next === undefined) return;
        next.run();
      }
      await settled();
    };
    const fail = (...which: readonly number[]) => {
      for (const at of which) Object.assign(entries[at] ?? assert.fail(), { state: 'failed' });
    };
    const states = () => entries.map(({ state }) => state);
    const delays = () => timers.set.map(({ delayMs }) => delayMs);
    /** What happens when it is told that this one is armed. */
    const at = (which: number, what: () => void) => void happens.set(String(which), what);
    return { root, queue, entries, current, asked, told, arms, at, rounds, fail, states, delays };
  }

  it('has thirty-two at a time under way', async (t) => {
    const { queue, asked, arms, rounds, told } = byHand(t, 33);
    const drained = queue.drain();
    await settled();
    assert.equal(asked.length, 32);
    arms(...Array.from({ length: 33 }, (_, at) => at));
    await rounds();
    await drained;
    assert.deepEqual([asked.length, told.length, told[32]], [33, 33, 'armed 32']);
  });

  it('waits for none where nothing is in it, and for all of it however often it is asked', async (t) => {
    const { queue, asked, arms, rounds, entries, delays } = byHand(t, 2);
    for (const entry of entries) queue.drop(entry);
    await queue.drain();
    assert.deepEqual([asked, delays()], [[], []]);
    for (const entry of entries) queue.push(entry);
    let isDone = false;
    const drained = Promise.all([queue.drain(), queue.drain()]).then(() => {
      isDone = true;
    });
    await rounds(3);
    assert.deepEqual([asked.length, isDone], [2, false]);
    let isLateDone = false;
    const late = queue.drain().then(() => {
      isLateDone = true;
    });
    await settled();
    assert.equal(isLateDone, false);
    arms(0, 1);
    await rounds();
    await Promise.all([drained, late]);
    const [first] = entries;
    Object.assign(first ?? assert.fail(), { state: 'queued' });
    queue.push(first ?? assert.fail());
    await queue.drain();
    assert.equal(asked.length, 3, 'and anew when something comes again');
  });

  it('takes what comes in the very moment in which it has done all', async (t) => {
    const { queue, entries, asked, arms, told, at } = byHand(t, 3);
    const [, second, third] = entries;
    assert.ok(second && third);
    for (const entry of [second, third]) queue.drop(entry);
    arms(0, 1, 2);
    const late: Promise<void>[] = [];
    // Each so many turns of the microtasks after the first one is told: before, while and after the draining ends.
    const push = async (entry: Watched, turns: number) => {
      for (let turn = 0; turn < turns; turn += 1) await null;
      queue.push(entry);
      await queue.drain();
    };
    at(0, () => late.push(push(second, 1)));
    at(1, () => late.push(push(third, 2)));
    await queue.drain();
    await settled();
    await Promise.all(late);
    assert.deepEqual([asked.length, told], [3, ['armed 0', 'armed 1', 'armed 2']]);
  });

  it('waits five seconds for a watch, at first in short rounds, and goes on without it', async (t) => {
    const { queue, rounds, delays, states, told, arms } = byHand(t, 2);
    arms(1);
    const drained = queue.drain();
    await rounds();
    await drained;
    assert.deepEqual(delays(), [...Array(9).fill(2), ...Array(491).fill(10)]);
    assert.deepEqual([states(), told], [['failed', 'armed'], ['armed 1']]);
  });

  it('looks every tenth round whether what keeps quiet is still there', async (t) => {
    const { root, queue, rounds, delays, told } = byHand(t, 1);
    rmdirSync(`${root}/0`);
    const drained = queue.drain();
    await rounds();
    await drained;
    assert.deepEqual([delays(), told], [[...Array(9).fill(2), 10], ['gone 0 failed']]);
  });

  it('disarms what is not wanted any more, be it armed or not, and does not count it as failed', async (t) => {
    const { queue, entries, current, rounds, fail, arms, told, asked } = byHand(t, 3);
    const [first, second] = entries;
    queue.limit();
    const drained = queue.drain();
    await settled();
    current.delete(first ?? assert.fail());
    fail(0);
    await rounds(1);
    assert.deepEqual([told, asked.length], [['disarmed 0'], 3], 'the others are no probes any more');
    current.delete(second ?? assert.fail());
    arms(1, 2);
    await rounds();
    await drained;
    assert.deepEqual(told, ['disarmed 0', 'disarmed 1', 'armed 2']);
  });

  it('tries one where there are no watches, gives all others up with it, and tries many once one is armed', async (t) => {
    const { queue, entries, rounds, fail, arms, asked, states } = byHand(t, 40);
    queue.limit();
    const failing = queue.drain();
    await settled();
    assert.equal(asked.length, 1);
    fail(0);
    await rounds();
    await failing;
    assert.deepEqual([asked.length, new Set(states())], [1, new Set(['failed'])]);
    for (const entry of entries) {
      entry.state = 'queued';
      queue.push(entry);
    }
    arms(0);
    const drained = queue.drain();
    await rounds(1);
    assert.equal(asked.length, 2 + 32);
    arms(...Array.from({ length: 40 }, (_, at) => at));
    await rounds();
    await drained;
    assert.equal(asked.length, 41);
  });

  it('goes on where one cannot be watched for another reason', async (t) => {
    const { queue, rounds, fail, arms, asked, states } = byHand(t, 34);
    arms(...Array.from({ length: 34 }, (_, at) => at));
    fail(0);
    const drained = queue.drain();
    await rounds();
    await drained;
    assert.deepEqual([asked.length, states().filter((state) => state === 'failed').length], [34, 1]);
  });

  it('that is closed waits no longer, asks for no more, and tells nothing', async (t) => {
    const { queue, rounds, arms, asked, told, states, delays } = byHand(t, 40);
    const drained = queue.drain();
    await settled();
    queue.close();
    arms(0, 1);
    await rounds();
    await drained;
    assert.deepEqual([asked.length, told, delays()], [32, [], [2]]);
    assert.ok(states().every((state) => state === 'queued'));
    await queue.drain();
    assert.equal(asked.length, 32);
  });
});
