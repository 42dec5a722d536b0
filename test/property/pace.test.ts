import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Pace } from '../../src/core/pace.ts';
import { atOnce, bucket, fixedWindow, type Limiter, slidingWindow } from '../support/limiters.ts';
import { type PaceResult, type PaceRun, runPace } from '../support/pace-world.ts';

const seeds = [7_919, 15_838, 23_757, 31_676, 39_595];
const hour = 3_600;

function runs(limiter: () => Limiter, patch: Partial<PaceRun>): readonly PaceResult[] {
  const common = { limiter, forS: 360, warmS: 60, clients: 1, third: 0 };
  return seeds.map((seed) => runPace({ ...common, ...patch, seed }));
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

const windows = [
  ['a fixed window of 60 a minute', (after: number | 'rest') => fixedWindow(60, 60, after)],
  ['a sliding window of 60 a minute', (after: number | 'rest') => slidingWindow(60, 60, after)],
] as const;

describe('the pace on a token bucket', () => {
  for (const perSecond of [5, 20, 60, 200]) {
    for (const burst of new Set([10, perSecond])) {
      for (const [retryAfter, reach] of [
        [1, 0.85],
        [0, 0.75],
      ] as const) {
        const named = retryAfter === 0 ? 'without retry-after' : `with retry-after ${retryAfter}`;
        it(`of ${perSecond} a second and a burst of ${burst}, ${named}, reaches ${reach} of it with few refusals`, () => {
          for (const clients of [1, 2]) {
            const results = runs(() => bucket(perSecond, burst, retryAfter), { clients });
            const share = median(results.map(({ each }) => sum(each) / perSecond));
            assert.ok(share >= reach, `${clients}: ${share}`);
            const refused = Math.max(...results.map(({ refusedPerSecond }) => refusedPerSecond));
            assert.ok(refused <= 0.1, `${clients}: ${refused} refusals a second`);
          }
        });
      }
    }
    it(`of ${perSecond} a second leaves a third client that does not adapt its share, and two of us share it`, () => {
      const limiter = () => bucket(perSecond, 10, 1);
      const third = median(runs(limiter, { third: perSecond / 2 }).map(({ thirdPerSecond }) => thirdPerSecond));
      assert.ok(third >= 0.4 * perSecond, `${third} of ${perSecond / 2}`);
      const ratios = runs(limiter, { clients: 2 }).map(({ each }) => Math.max(...each) / Math.min(...each));
      assert.ok(median(ratios) <= 3, `${ratios}`);
    });
  }
});

describe('the pace on windows', () => {
  for (const [name, limiter] of windows) {
    for (const after of [0, 'rest', 1] as const) {
      it(`${name} (retry-after ${after === 0 ? 'none' : after}) reaches 0.85 of it, and leaves others theirs`, () => {
        const alone = runs(() => limiter(after), { forS: 1_800, warmS: 180 });
        const share = median(alone.map(({ each }) => sum(each)));
        assert.ok(share >= 0.85, `${share}`);
        const refused = median(alone.map(({ refusedPerSecond }) => refusedPerSecond));
        assert.ok(refused <= 1 / 30, `${refused} refusals a second`);
        const shared = runs(() => limiter(after), { forS: 1_800, warmS: 180, third: 0.5 });
        assert.ok(median(shared.map(({ thirdPerSecond }) => thirdPerSecond)) >= 0.4);
      });
    }
  }

  for (const after of [0, 'rest'] as const) {
    it(`of 1,000 an hour (retry-after ${after === 0 ? 'none' : after}) keeps to it, and says so`, () => {
      const limiter = () => fixedWindow(1_000, hour, after);
      const perSecond = 1_000 / hour;
      const alone = runs(limiter, { forS: 24 * hour, warmS: 3 * hour });
      for (const { each, refusedPerSecond, believed } of alone) {
        assert.ok(sum(each) >= 0.85 * perSecond, `${each}`);
        assert.ok(refusedPerSecond <= 1 / 30);
        assert.ok((believed[0] ?? 0) < 1.5 * perSecond && (believed[0] ?? 0) > 0.6 * perSecond, `${believed}`);
      }
      for (const { thirdPerSecond } of runs(limiter, { forS: 24 * hour, warmS: 3 * hour, third: perSecond / 2 })) {
        assert.ok(thirdPerSecond >= 0.4 * perSecond, `${thirdPerSecond}`);
      }
    });
  }
});

describe('the pace on a limit that counts what is under way', () => {
  it('of two at once reaches half of what they could', () => {
    const results = runs(() => atOnce(2), {});
    assert.ok(median(results.map(({ each }) => sum(each))) >= 25);
  });
});

describe('a learned rate', () => {
  /** Refused after so many calls of 100 ms each, and let in again. */
  const learned = (calls: number, closedMs: number) => {
    const pace = new Pace();
    for (let nowMs = 0; nowMs < calls * 100; nowMs += 100) {
      pace.took(nowMs, 0.5);
      pace.granted(nowMs + 50);
    }
    const refusedMs = calls * 100;
    pace.took(refusedMs, 0.5);
    pace.refused(refusedMs, refusedMs + closedMs);
    pace.took(refusedMs + closedMs, 0.5);
    pace.granted(refusedMs + closedMs);
    return { pace, nowMs: refusedMs + closedMs };
  };

  it('is none until the first refusal', () => {
    const pace = new Pace();
    for (let nowMs = 0; nowMs < 1_000; nowMs += 1) {
      assert.equal(pace.waitMs(nowMs), 0);
      pace.took(nowMs, 0.5);
      pace.granted(nowMs);
    }
    assert.equal(pace.kind(1_000), null);
  });

  it('survives a restart for ten minutes, and a window for two of its own', () => {
    const wallMs = 1_800_000_000_000;
    for (const { calls, closedMs, kind } of [
      { calls: 20, closedMs: 1_000, kind: 'doubling' },
      { calls: 100, closedMs: 3_600_000, kind: 'window' },
    ]) {
      const { pace, nowMs } = learned(calls, closedMs);
      const saved = pace.save(nowMs, wallMs) ?? assert.fail();
      assert.equal(saved.kind, kind);
      const keptMs = Math.max(600_000, 2 * saved.cycleMs);
      for (const [ageMs, isKept] of [
        [1_000, true],
        [keptMs - 1_000, true],
        [keptMs + 60_000, false],
      ] as const) {
        const next = new Pace();
        next.load(saved, 5_000, wallMs + ageMs);
        const isLimited = next.perSecond(5_000) < Number.POSITIVE_INFINITY;
        assert.equal(isLimited, isKept, `${kind} after ${ageMs} ms`);
      }
    }
  });

  it('of a window is forgotten where nothing was refused for long, so that a closing that was an accident slows nobody for hours', () => {
    const { pace, nowMs } = learned(100, 3_600_000);
    assert.equal(pace.kind(nowMs + 600_000), 'window');
    assert.ok(pace.perSecond(nowMs + 600_000) > pace.learnedPerSecond(nowMs));
    const later = nowMs + 2 * (10_000 + 1_800_000);
    assert.deepEqual([pace.kind(later), pace.learnedPerSecond(later)], [null, Number.POSITIVE_INFINITY]);
  });

  it('is kept in the mean, by waits that differ: two who ask in step do not stay so', () => {
    const waits = (fractions: readonly number[]) => {
      const pace = new Pace();
      pace.load({ kind: 'bucket', perSecond: 1, recoverMs: 30_000, cycleMs: 0, limitedAtMs: 0 }, 0, 0);
      let nowMs = 0;
      return fractions.map((fraction) => {
        const beganMs = nowMs;
        nowMs += pace.waitMs(nowMs);
        pace.took(nowMs, fraction);
        return nowMs - beganMs;
      });
    };
    // The first two take what has gathered.
    const [, , ...short] = waits(Array(12).fill(0));
    const [, , ...long] = waits(Array(12).fill(0.999));
    const sum = (all: readonly number[]) => all.reduce((total, each) => total + each, 0);
    assert.ok(sum(long) > 2.5 * sum(short), `${long} and ${short}`);
  });

  it('of a window counts the cycle to the middle of the last two probes: it opened at some time between them', () => {
    const { pace, nowMs } = learned(100, 3_600_000);
    const saved = pace.save(nowMs, 0) ?? assert.fail();
    // Refused after 10 s, let in an hour later.
    assert.equal(saved.cycleMs, 10_000 + 3_600_000 / 2);
    assert.equal(Math.round(saved.perSecond * saved.cycleMs), 101_000, 'a hundred, and the one that was let in');
  });

  it('is none of a window where nobody asked for long after it was closed for a moment', () => {
    const pace = new Pace();
    for (let nowMs = 0; nowMs < 10_000; nowMs += 100) {
      pace.took(nowMs, 0.5);
      pace.granted(nowMs + 50);
    }
    pace.took(10_000, 0.5);
    pace.refused(10_000, 11_000);
    pace.took(910_000, 0.5);
    pace.granted(910_000);
    assert.notEqual(pace.kind(910_000), 'window');
    assert.ok(pace.perSecond(910_000) > 5, `${pace.perSecond(910_000)}`);
  });

  it('of an idle client is not taken for what FLORA allows', () => {
    const pace = new Pace();
    let nowMs = 0;
    for (let round = 0; round < 20; round += 1) {
      nowMs += 300_000;
      pace.took(nowMs, 0.5);
      pace.refused(nowMs, nowMs + 60_000);
      nowMs += 60_000;
      pace.took(nowMs, 0.5);
      pace.granted(nowMs);
    }
    let calls = 0;
    for (let untilMs = nowMs + 30_000; nowMs < untilMs; nowMs += Math.max(1, pace.waitMs(nowMs))) {
      if (pace.waitMs(nowMs) > 0) continue;
      pace.took(nowMs, 0.5);
      pace.granted(nowMs);
      calls += 1;
    }
    assert.ok(calls >= 100, `${calls} calls in half a minute`);
  });

  it('never stops, never goes back to free by itself at once, and keeps to its rate, whatever happens when', () => {
    const step = fc.record({
      passMs: fc.integer({ min: 0, max: 120_000 }),
      what: fc.constantFrom('ask', 'ask', 'ask', 'refuse'),
      random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pace = new Pace();
        let nowMs = 0;
        for (const { passMs, what, random } of steps) {
          nowMs += passMs;
          const waitMs = pace.waitMs(nowMs);
          assert.ok(waitMs >= 0 && waitMs <= 2 * 600_000, `${waitMs}`);
          nowMs += waitMs;
          pace.took(nowMs, random);
          if (what === 'ask') pace.granted(nowMs);
          else pace.refused(nowMs, nowMs + 5_000);
          const perSecond = pace.perSecond(nowMs);
          assert.ok(perSecond > 0 && !Number.isNaN(perSecond));
          assert.ok(pace.closedMs(null) <= 60_000);
        }
      }),
    );
  });
});
