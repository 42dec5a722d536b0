import '../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { hiddenMs, SendWatch, sendLimits } from '../../../src/remote/send-watch.ts';
import { standIn } from '../../support/fs-calls.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { handTimers } from '../../support/hand-timers.ts';

const slowest = sendLimits.leastBytesPerMs;

function watched(clock: HandClock, lengthBytes: number, limits = sendLimits) {
  let stuck = 0;
  const deps = { setTimer: clock.setTimer.bind(clock), monotonicMs: () => clock.monotonic(), limits };
  const watch = new SendWatch(deps, lengthBytes, () => {
    stuck += 1;
  });
  return { watch, stuckTimes: () => stuck };
}

describe('the time that bytes may take behind a buffer', () => {
  it('is theirs at 8 kB/s, of four mebibytes at most', () => {
    assert.equal(hiddenMs(0, 0, slowest), 0);
    assert.equal(hiddenMs(900_000, 1, slowest), 112_500);
    assert.equal(hiddenMs(4 << 20, 1_000, slowest), 524_288);
  });

  it('is shorter for more than fits into the buffer: what is beyond has shown its rate', () => {
    const second = hiddenMs((4 << 20) + 1_000_000, 1_000, slowest);
    assert.equal(second, (4 << 20) / 1_000);
    assert.equal(hiddenMs((4 << 20) + 12_000, 1_000, slowest), (4 << 20) / 12);
    assert.equal(hiddenMs((4 << 20) + 1_000, 1_000, slowest), 524_288);
  });
});

describe('a watch over a request that cannot be seen', () => {
  it('runs out after a minute, once', async () => {
    const clock = new HandClock();
    const { watch, stuckTimes } = watched(clock, 1_000);
    watch.start(null);
    await clock.advance(59_000);
    assert.equal(stuckTimes(), 0);
    await clock.advance(120_000);
    assert.equal(stuckTimes(), 1);
  });

  it('that has ended never runs out, nor one that ends before it began', async () => {
    const clock = new HandClock();
    const { watch, stuckTimes } = watched(clock, 1_000);
    watch.start(null);
    await clock.advance(50_000);
    watch.stop();
    const late = watched(clock, 1_000);
    late.watch.stop();
    late.watch.start(null);
    await clock.advance(1_000_000);
    assert.deepEqual([stuckTimes(), late.stuckTimes(), late.watch.elapsedMs()], [0, 0, null]);
  });
});

describe('the time behind a buffer', () => {
  it('is never less than none, and as long as it may be where nothing has shown a rate', () => {
    assert.equal(hiddenMs(8 << 20, 0, slowest), 524_288);
    assert.equal(hiddenMs(8 << 20, -1, slowest), 524_288);
    assert.equal(hiddenMs((4 << 20) + 100_000, 1, slowest), (4 << 20) / 100_000);
  });

  it('is counted from what a watch is asked for: four looks a minute, a minute each, at 8 kB/s', () => {
    assert.deepEqual(sendLimits, { lookMs: 15_000, stallMs: 60_000, firstByteMs: 60_000, leastBytesPerMs: 8 });
  });
});

/** A connection of which the kernel's table says how much is not confirmed; null where it says nothing. */
function seen(t: TestContext) {
  const kernel = { taken: 0, queued: 0 as number | null };
  const socket = {
    localPort: 1,
    remotePort: 2,
    remoteFamily: 'IPv4',
    get _handle() {
      return { bytesWritten: kernel.taken, writeQueueSize: 0 };
    },
  } as unknown as Socket;
  standIn(t, 'readFile (promise)', async ([path, encoding]) => {
    assert.deepEqual([path, encoding], ['/proc/net/tcp', 'latin1']);
    if (kernel.queued === null) throw new Error('not on this system');
    const queued = Math.max(0, kernel.queued).toString(16).toUpperCase();
    return `   0: 0100007F:0001 0100007F:0002 01 ${queued}:00000000 00:00000000 00000000     0        0 1 1 0`;
  });
  return { kernel, socket };
}

describe('a watch over a connection', () => {
  it('tells how far it came, when it moved last, and whether all has left', async (t) => {
    const clock = new HandClock();
    const { kernel, socket } = seen(t);
    const { watch, stuckTimes } = watched(clock, 1_000);
    kernel.taken = 300;
    assert.equal(watch.elapsedMs(), null);
    watch.start(socket);
    assert.deepEqual([watch.progress, watch.elapsedMs()], [null, 0]);
    kernel.taken = 1_000;
    kernel.queued = 100;
    await clock.advance(15_000);
    const first = { sentBytes: 600, seenMs: 15_000, movedMs: 15_000, hasLeft: false };
    assert.deepEqual([watch.progress, watch.elapsedMs()], [first, 15_000]);
    await clock.advance(15_000);
    assert.deepEqual(watch.progress, { ...first, seenMs: 30_000 });
    // Less than nothing, as the two are not counted in the same instant: it moved.
    kernel.queued = 900;
    await clock.advance(15_000);
    assert.deepEqual(watch.progress, { sentBytes: 0, seenMs: 45_000, movedMs: 45_000, hasLeft: false });
    kernel.taken = 1_299;
    kernel.queued = 0;
    await clock.advance(15_000);
    assert.deepEqual(watch.progress, { sentBytes: 999, seenMs: 60_000, movedMs: 60_000, hasLeft: false });
    kernel.taken = 1_300;
    await clock.advance(15_000);
    assert.deepEqual(watch.progress, { sentBytes: 1_000, seenMs: 75_000, movedMs: 75_000, hasLeft: true });
    kernel.taken = 1_500;
    await clock.advance(15_000);
    assert.deepEqual(watch.progress, { sentBytes: 1_000, seenMs: 90_000, movedMs: 90_000, hasLeft: true });
    assert.equal(stuckTimes(), 0);
  });

  /** When it runs out after the last byte has moved, which was at 15 s. */
  async function endsAfter(t: TestContext, lengthBytes: number, taken: number, queued: number | null, from = 0) {
    const clock = new HandClock();
    const { kernel, socket } = seen(t);
    const { watch, stuckTimes } = watched(clock, lengthBytes);
    watch.start(from === 0 ? socket : null);
    Object.assign(kernel, { taken, queued });
    await clock.advance(15_000);
    for (let ms = 0; ms <= 3_600_000; ms += 15_000) {
      if (stuckTimes() > 0) {
        assert.equal(watch.progress?.movedMs, 15_000);
        return ms;
      }
      await clock.advance(15_000);
    }
    return null;
  }

  for (const [what, lengthBytes, taken, queued, ms] of [
    // What is seen to be here counts for a third: 240 kB at 8 kB/s are 30 s.
    ['that waits here', 10_000_000, 1_240_000, 1_000_000, 75_000],
    // 240 kB behind a buffer are 30 s; of ones that cannot be looked into too.
    // 4 MiB at 8 kB/s are 524 s, of which a third is waited for.
    ['that waits here with more than fits into a buffer', 10_000_000, (4 << 20) + 5_000, 5_000, 240_000],
    ['that has left', 240_000, 240_000, 0, 90_000],
    ['that cannot be looked into', 10_000_000, 240_000, null, 90_000],
    // 4 MiB, at the 20 kB/s at which the rest has gone: 209.7 s.
    ['that has shown its rate', (4 << 20) + 300_000, (4 << 20) + 300_000, 0, 270_000],
  ] as const) {
    it(`${what} runs out ${ms / 1_000} s after it has moved`, async (t) => {
      assert.equal(await endsAfter(t, lengthBytes, taken, queued), ms);
    });
  }

  it('begins once, and ends where it is told to, also while it looks', async (t) => {
    const clock = new HandClock();
    const { kernel, socket } = seen(t);
    const { watch, stuckTimes } = watched(clock, 1_000);
    watch.start(socket);
    clock.pass(5_000);
    kernel.taken = 500;
    watch.start(socket);
    assert.equal(watch.elapsedMs(), 5_000);
    await clock.advance(10_000);
    assert.equal(watch.progress?.sentBytes, 500);
    const before = watch.progress;
    standIn(t, 'readFile (promise)', async () => {
      watch.stop();
      return '';
    });
    await clock.advance(1_000_000);
    assert.deepEqual([watch.progress, stuckTimes()], [before, 0]);
  });

  it('waits otherwise for the rest of it than for the answer, and not a look longer', async (t) => {
    const limits = { lookMs: 1_000, stallMs: 5_000, firstByteMs: 9_000, leastBytesPerMs: 1e9 };
    for (const [lengthBytes, endMs] of [
      [10, 5_000],
      [0, 9_000],
    ] as const) {
      const clock = new HandClock();
      const { socket } = seen(t);
      const { watch, stuckTimes } = watched(clock, lengthBytes, limits);
      watch.start(socket);
      await clock.advance(endMs - 1);
      const told = { sentBytes: 0, seenMs: endMs - 1_000, movedMs: 0, hasLeft: lengthBytes === 0 };
      assert.deepEqual([watch.progress, stuckTimes()], [told, 0]);
      await clock.advance(1);
      assert.deepEqual([watch.progress?.seenMs, stuckTimes()], [endMs, 1]);
    }
  });

  it('that cannot be seen has sent nothing, and one that the kernel does not tell of what was taken', async (t) => {
    const clock = new HandClock();
    const unseen = watched(clock, 1_000).watch;
    unseen.start(null);
    const { kernel, socket } = seen(t);
    const { watch } = watched(clock, 1_000);
    watch.start(socket);
    Object.assign(kernel, { taken: 700, queued: null });
    await clock.advance(15_000);
    assert.deepEqual(unseen.progress, { sentBytes: 0, seenMs: 15_000, movedMs: 0, hasLeft: false });
    assert.equal(watch.progress?.sentBytes, 700);
  });

  it('takes its timer back when it ends', () => {
    const timers = handTimers();
    const deps = { setTimer: timers.setTimer, monotonicMs: () => 0, limits: sendLimits };
    const watch = new SendWatch(deps, 10, () => {});
    watch.start(null);
    watch.stop();
    assert.deepEqual(
      timers.set.map(({ delayMs, isCancelled }) => [delayMs, isCancelled]),
      [[15_000, true]],
    );
  });
});
