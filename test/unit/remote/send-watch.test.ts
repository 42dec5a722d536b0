import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hiddenMs, SendWatch, sendLimits } from '../../../src/remote/send-watch.ts';
import { HandClock } from '../../support/hand-clock.ts';

const slowest = sendLimits.leastBytesPerMs;

function watched(clock: HandClock, lengthBytes: number) {
  let stuck = 0;
  const deps = { setTimer: clock.setTimer.bind(clock), monotonicMs: () => clock.monotonic(), limits: sendLimits };
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
