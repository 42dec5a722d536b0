import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Pace } from '../../../src/core/pace.ts';

/** A pace with calls, refusals and looks behind each other on one clock. */
class Line {
  readonly pace = new Pace();
  nowMs = 0;

  /** So many calls, each granted at once. */
  calls(count: number, everyMs: number): void {
    for (let call = 0; call < count; call += 1) {
      this.pace.took(this.nowMs, 0.5);
      this.pace.granted(this.nowMs);
      this.nowMs += everyMs;
    }
  }

  /** A call that is refused, and granted when FLORA said, after so many looks that were refused too. */
  closed(forMs: number, looks = 0): void {
    this.pace.took(this.nowMs, 0.5);
    this.pace.refused(this.nowMs, this.nowMs + forMs);
    for (let look = 0; look <= looks; look += 1) {
      this.nowMs += forMs;
      this.pace.took(this.nowMs, 0.5);
      if (look < looks) this.pace.probeRefused(this.nowMs);
      else assert.equal(this.pace.granted(this.nowMs), true);
    }
  }

  pass(ms: number): this {
    this.nowMs += ms;
    return this;
  }

  get known(): readonly [string | null, number] {
    return [this.pace.kind(this.nowMs), rounded(this.pace.perSecond(this.nowMs))];
  }

  perSecondAfter(ms: number): number {
    return rounded(this.pace.perSecond(this.nowMs + ms));
  }
}

const rounded = (value: number) => (Number.isFinite(value) ? Math.round(value * 1_000) / 1_000 : value);

/** Forty calls in four seconds, refused, and open again a second later. */
function first(): Line {
  const line = new Line();
  line.calls(40, 100);
  line.closed(1_000);
  return line;
}

/** The same, and refused again after two seconds of ten calls a second. */
function bucket(): Line {
  const line = first().pass(100);
  line.calls(20, 100);
  line.closed(1_000);
  return line;
}

/** Sixty calls in six seconds, and nothing for the rest of the minute. */
function quota(): Line {
  const line = new Line();
  line.calls(60, 100);
  line.closed(54_000);
  return line;
}

describe('the first refusal', () => {
  it('teaches what was granted since the first call, over the time that is closed too', () => {
    const line = new Line();
    line.calls(40, 100);
    assert.deepEqual(line.known, [null, Number.POSITIVE_INFINITY]);
    line.pace.took(line.nowMs, 0.5);
    line.pace.refused(line.nowMs, line.nowMs + 1_000);
    // 40 in 4 s and 1 s.
    assert.deepEqual(line.known, ['doubling', 8]);
    line.pass(1_000).pace.took(line.nowMs, 0.5);
    assert.equal(line.pace.granted(line.nowMs), true);
    // 41 in 4.5 s: it opened half-way between the last refusal and this grant.
    assert.deepEqual(line.known, ['doubling', 9.111]);
    assert.equal(line.pace.granted(line.nowMs), false, 'the next grant teaches nothing');
  });

  it('is doubled each second and a half, up to a million, and forgotten after ten minutes', () => {
    const line = first();
    const rates = [1_500, 3_000, 599_999, 600_000].map((ms) => line.perSecondAfter(ms));
    assert.deepEqual(rates, [18.222, 36.444, 1_000_000, Number.POSITIVE_INFINITY]);
    assert.equal(line.pace.kind(line.nowMs + 600_000), null);
    assert.equal(line.pace.learnedPerSecond(line.nowMs + 600_000), Number.POSITIVE_INFINITY);
    assert.equal(rounded(line.pace.learnedPerSecond(line.nowMs + 3_000)), 9.111, 'learned is what was measured');
  });

  it('has no less than a quarter of a second to measure in', () => {
    const line = new Line();
    line.calls(2, 10);
    line.pace.took(line.nowMs, 0.5);
    line.pace.refused(line.nowMs, line.nowMs);
    assert.deepEqual(line.known, ['doubling', 8]);
  });

  it('measures no more than the last quarter of a minute', () => {
    const line = new Line();
    line.calls(300, 100);
    line.pace.took(line.nowMs, 0.5);
    line.pace.refused(line.nowMs, line.nowMs);
    assert.deepEqual(line.known, ['doubling', 10]);
    const busy = new Line();
    busy.calls(1_000, 10);
    busy.calls(150, 100);
    busy.pace.took(busy.nowMs, 0.5);
    busy.pace.refused(busy.nowMs, busy.nowMs);
    assert.deepEqual(busy.known, ['doubling', 10], 'what was before is not counted');
  });

  it('counts from the end of a pause of more than two seconds on', () => {
    for (const [pauseMs, perSecond] of [
      [2_000, 10 / 3.9],
      [2_001, 10],
    ] as const) {
      const line = new Line();
      line.calls(1, pauseMs);
      line.calls(19, 100);
      line.pace.took(line.nowMs, 0.5);
      line.pace.refused(line.nowMs, line.nowMs);
      const expected = pauseMs === 2_000 ? 20 / 3.9 : perSecond;
      assert.deepEqual(line.known, ['doubling', rounded(expected)]);
    }
  });
});

describe('a second refusal', () => {
  it('makes a bucket of it: four fifths of what was granted lately, back after half a minute, and on', () => {
    const line = bucket();
    assert.deepEqual(line.known, ['bucket', 8]);
    assert.deepEqual(
      [15_000, 30_000, 60_000].map((ms) => line.perSecondAfter(ms)),
      [9.75, 10, 12],
    );
    assert.equal(line.perSecondAfter(600_000), Number.POSITIVE_INFINITY);
  });

  it('at less than before leaves a twentieth to others', () => {
    const line = bucket().pass(200);
    line.calls(30, 200);
    line.closed(1_000);
    // 5 a second were granted, of which 0.95 × 0.8.
    assert.deepEqual(line.known, ['bucket', 3.8]);
  });

  it('after a few grants teaches little: half of what was allowed at least', () => {
    const line = bucket().pass(2_000);
    line.closed(1_000);
    // 8.37 a second were allowed by then.
    assert.deepEqual(line.known, ['bucket', 3.35]);
  });

  it('after a few grants goes on doubling, until as many came as tell; the bucket of that is tried anew soon', () => {
    const line = first().pass(100);
    line.calls(3, 100);
    line.closed(1_000);
    assert.deepEqual(line.known, ['doubling', 10]);
    line.pass(100).calls(3, 100);
    line.closed(1_000);
    assert.deepEqual(line.known, ['bucket', 2.643]);
    // The whole of it is back after five seconds, and not after thirty.
    assert.equal(line.perSecondAfter(5_000), 3.304);
    line.pass(100).calls(9, 100);
    line.closed(1_000);
    assert.deepEqual(line.known, ['bucket', 2.254]);
    assert.equal(line.perSecondAfter(30_000), 2.818, 'and the next bucket takes its time again');
  });

  it('while it is closed is no further evidence, but is heeded', () => {
    const line = new Line();
    line.calls(40, 100);
    line.pace.took(line.nowMs, 0.5);
    line.pace.refused(line.nowMs, line.nowMs + 1_000);
    line.pace.refused(line.nowMs + 10, line.nowMs + 3_000);
    assert.deepEqual(line.known, ['doubling', 8]);
    line.pass(3_000).pace.took(line.nowMs, 0.5);
    line.pace.granted(line.nowMs);
    // 41 in 5.5 s.
    assert.deepEqual(line.known, ['doubling', 7.455]);
  });
});

describe('a window', () => {
  it('is a closing of far more than a bucket of that rate would need', () => {
    const line = quota();
    // 61 in the 33 s to the middle of the closing; nine tenths of that at first.
    assert.deepEqual(line.known, ['window', 1.664]);
    // It is back after two windows, grows by a twentieth in each such time, and doubles from the sixth on.
    assert.deepEqual(
      [66_000, 132_000, 396_000, 462_000].map((ms) => line.perSecondAfter(ms)),
      [1.848, 1.941, 2.359, 4.954],
    );
    assert.equal(line.perSecondAfter(659_999) < 50, true);
    assert.equal(line.perSecondAfter(660_000), Number.POSITIVE_INFINITY, 'forgotten after ten of them');
  });

  it('is one also where two looks were refused, each later than a bucket would have let one through', () => {
    const by = (looks: number, eachMs: number) => {
      const line = new Line();
      line.calls(60, 100);
      line.closed(eachMs, looks);
      return line.known;
    };
    assert.deepEqual(by(2, 1_000), ['window', 6.459]);
    assert.deepEqual(by(1, 1_000), ['doubling', 8.133]);
    assert.deepEqual(by(2, 60)[0], 'doubling', 'a bucket of ten a second may take 200 ms');
    assert.deepEqual(by(2, 70)[0], 'window');
    assert.deepEqual(by(0, 10_000)[0], 'doubling', 'nor is one of ten seconds alone');
    assert.deepEqual(by(0, 10_001)[0], 'window');
  });

  it('of which few calls were granted is none', () => {
    const by = (calls: number) => {
      const line = new Line();
      line.calls(calls, 100);
      line.closed(54_000);
      return line.known[0];
    };
    assert.deepEqual([by(6), by(7)], ['doubling', 'window'], 'the grant that ended it is the eighth');
  });

  it('that nobody asked after is taken for open when it was to be', () => {
    const late = (ms: number) => {
      const line = new Line();
      line.calls(60, 100);
      line.pace.took(line.nowMs, 0.5);
      line.pace.refused(line.nowMs, line.nowMs + 1_000);
      line.pass(1_000 + ms).pace.took(line.nowMs, 0.5);
      line.pace.granted(line.nowMs);
      return line.known;
    };
    assert.deepEqual(late(60_000), ['doubling', 9.385], '61 in 6.5 s');
    assert.deepEqual(late(2_000), ['doubling', 8.133], '61 in 7.5 s');
  });

  it('of an hour is not taken for a bucket when it ends some seconds later', () => {
    const line = new Line();
    line.calls(1_000, 100);
    line.closed(3_500_000);
    assert.equal(line.known[0], 'window');
    line.pass(1_000).calls(100, 1_000);
    line.closed(3_400_000);
    line.pass(1_000).calls(100, 1_000);
    line.closed(3_000);
    assert.equal(line.known[0], 'window');
  });

  it('of a minute is taken for a bucket where its next closing is short', () => {
    const line = quota().pass(1_000);
    line.calls(20, 1_000);
    line.closed(1_000);
    assert.equal(line.known[0], 'bucket');
    const few = quota().pass(1_000);
    few.calls(3, 1_000);
    few.closed(1_000);
    assert.deepEqual(few.known, ['window', 1.664], 'unless that tells nothing');
  });
});

describe('how long to wait until it is looked again', () => {
  it('is longer the more looks were refused, and is none of its own while nothing is closed', () => {
    const pace = new Pace();
    assert.equal(pace.closedMs(null), 5_000);
    pace.probeRefused(0);
    assert.equal(pace.closedMs(null), 5_000, 'a look of nobody');
    pace.took(0, 0.5);
    pace.refused(0, 1_000);
    const waits = [0, 1, 2, 3, 4, 5].map((look) => {
      if (look > 0) pace.probeRefused(look);
      return [pace.closedMs(null), pace.closedMs(1_000), pace.closedMs(90_000)];
    });
    assert.deepEqual(waits, [
      [5_000, 1_000, 90_000],
      [10_000, 2_000, 90_000],
      [20_000, 4_000, 90_000],
      [40_000, 8_000, 90_000],
      [60_000, 16_000, 90_000],
      [60_000, 32_000, 90_000],
    ]);
  });
});

describe('the bounds of a window', () => {
  /** A hundred seconds of calls, and nothing for the rest of the hour. */
  const hour = () => {
    const line = new Line();
    line.calls(1_000, 100);
    line.closed(3_500_000);
    return line;
  };

  it('are two minutes at first, then an hour, to come back in, and two of its lengths to be forgotten in', () => {
    const line = hour();
    const first = line.pace.save(line.nowMs, line.nowMs);
    assert.deepEqual([first?.recoverMs, first?.cycleMs], [120_000, 1_850_000]);
    assert.ok(Number.isFinite(line.perSecondAfter(3_699_999)));
    assert.equal(line.perSecondAfter(3_700_000), Number.POSITIVE_INFINITY);
    line.pass(1_000).calls(100, 1_000);
    line.closed(7_000_000);
    const second = line.pace.save(line.nowMs, line.nowMs);
    assert.deepEqual([second?.kind, second?.recoverMs], ['window', 3_600_000]);
  });

  it('are kept by the next life', () => {
    const line = hour();
    const saved = line.pace.save(line.nowMs, 0) ?? assert.fail();
    const pace = new Pace();
    pace.load(saved, 5_000, 0);
    assert.deepEqual(pace.save(5_000, 0), saved);
  });

  it('are wider where calls are slow: eight of them', () => {
    const by = (closedMs: number) => {
      const line = new Line();
      line.pace.load({ kind: 'bucket', perSecond: 0.5, recoverMs: 30_000, cycleMs: 0, limitedAtMs: 0 }, 0, 30_000);
      line.calls(20, 2_000);
      line.closed(closedMs);
      return line.known[0];
    };
    assert.deepEqual([by(16_000), by(16_001)], ['bucket', 'window']);
  });
});

describe('a slow limit', () => {
  const slow = (perSecond: number) => {
    const line = new Line();
    const kind = { kind: 'bucket', perSecond, recoverMs: 30_000, cycleMs: 0, limitedAtMs: 0 } as const;
    line.pace.load(kind, 0, 30_000);
    return line;
  };

  it('is never less than one call in ten minutes', () => {
    assert.equal(slow(1e-9).perSecondAfter(0), 0.002);
    assert.equal(slow(1e-9).pace.waitMs(0), 600_000);
  });

  it('is measured over sixty calls, beyond the last opening', () => {
    const line = slow(1);
    line.calls(60, 2_000);
    line.closed(1_000);
    // Half a second was granted until then, and a third of one since: sixty calls reach back over both.
    line.pass(1_000).calls(9, 3_000);
    line.closed(1_000);
    assert.deepEqual(line.known, ['bucket', 0.349]);
  });
});

describe('a slow limit after a pause', () => {
  it('is measured from the end of the pause on', () => {
    const line = new Line();
    const kind = { kind: 'bucket', perSecond: 1, recoverMs: 30_000, cycleMs: 0, limitedAtMs: 0 } as const;
    line.pace.load(kind, 0, 30_000);
    line.calls(3, 2_000);
    line.pass(15_000).calls(9, 2_000);
    line.closed(1_000);
    // Four fifths of nine in 18 s.
    assert.deepEqual(line.known, ['bucket', 0.4]);
  });
});

describe('the calls at a known rate', () => {
  it('are spread over it, two at most behind each other, each at its price', () => {
    const line = first();
    const { pace } = line;
    // 9.111 a second from nothing.
    assert.equal(rounded(pace.waitMs(line.nowMs)), 109.756);
    line.pass(100);
    assert.equal(rounded(pace.waitMs(line.nowMs)), 4.8);
    line.pass(5);
    assert.equal(pace.waitMs(line.nowMs), 0);
    pace.took(line.nowMs, 0);
    line.pass(5_000);
    const behind = [0.5, 0.5, 0.5].map((random) => {
      const isFree = pace.waitMs(line.nowMs) === 0;
      if (isFree) pace.took(line.nowMs, random);
      return isFree;
    });
    assert.deepEqual(behind.slice(0, 2), [true, true]);
  });

  it('wait a millisecond at least, where they wait at all', () => {
    const line = bucket();
    assert.equal(line.pace.waitMs(line.nowMs + 124), 1);
  });

  it('are as many behind each other as fall due within a timer’s lateness', () => {
    const line = first();
    // By then the rate has doubled eight times: 2,332 a second, 46 of which fall due in 20 ms.
    line.pass(12_000);
    let free = 0;
    while (line.pace.waitMs(line.nowMs) === 0) {
      line.pace.took(line.nowMs, 0.5);
      free += 1;
      assert.ok(free < 1_000);
    }
    assert.equal(free, 46);
  });

  it('begin a new measure after a pause, which is longer where they are slow', () => {
    const line = bucket().pass(1_000);
    line.calls(1, 2_400);
    line.calls(1, 100);
    line.calls(9, 100);
    line.closed(1_000);
    assert.equal(line.known[0], 'bucket');
  });
});

describe('what the next life is told', () => {
  const wallMs = 1_800_000_000_000;

  it('is nothing while nothing is known, or it is forgotten', () => {
    assert.equal(new Pace().save(0, wallMs), null);
    const line = first();
    assert.equal(line.pace.save(line.nowMs + 600_000, wallMs), null);
  });

  it('is the rate that was measured, its kind, and when FLORA refused last by the wall clock', () => {
    const line = quota().pass(500);
    const saved = line.pace.save(line.nowMs, wallMs);
    assert.deepEqual(
      [saved?.kind, rounded(saved?.perSecond ?? 0), saved?.recoverMs, saved?.cycleMs, saved?.limitedAtMs],
      ['window', 1.848, 66_000, 33_000, wallMs - 500],
    );
    assert.equal(bucket().pace.save(100_000, wallMs)?.cycleMs, 0);
  });

  const saved = { kind: 'bucket', perSecond: 10, recoverMs: 30_000, cycleMs: 0, limitedAtMs: wallMs } as const;
  const loaded = (patch: Partial<Parameters<Pace['load']>[0]>, ageMs: number) => {
    const pace = new Pace();
    pace.load({ ...saved, ...patch }, 1_000_000, wallMs + ageMs);
    return rounded(pace.perSecond(1_000_000));
  };

  it('is taken up where it was left', () => {
    assert.equal(loaded({}, 0), 8);
    assert.equal(loaded({}, 15_000), 9.75);
    assert.equal(loaded({ recoverMs: 60_000 }, 30_000), 9.75);
  });

  it('is taken for none after ten minutes, or two windows, and where the clock is far behind', () => {
    assert.ok(loaded({}, 599_999) < Number.POSITIVE_INFINITY);
    assert.equal(loaded({}, 600_001), Number.POSITIVE_INFINITY);
    const window = { kind: 'window', recoverMs: 3_600_000, cycleMs: 3_600_000 } as const;
    assert.ok(loaded(window, 7_200_000) < Number.POSITIVE_INFINITY);
    assert.equal(loaded(window, 7_200_001), Number.POSITIVE_INFINITY);
    assert.equal(loaded({}, -600_000), 8, 'nothing is younger than new');
    assert.equal(loaded({}, -600_001), Number.POSITIVE_INFINITY);
  });

  it('has its calls spread from the first one on', () => {
    const pace = new Pace();
    pace.load(saved, 1_000_000, wallMs);
    assert.equal(pace.waitMs(1_000_000), 125);
  });
});
