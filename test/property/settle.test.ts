import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type FileStat, isSameStat } from '../../src/core/entry.ts';
import { type Candidate, isQuiet, lookAgain, quietInMs, racyUntilMs } from '../../src/core/settle.ts';

/** A file system whose times are multiples of its tick; between two of a fine one lie some nanoseconds, as on real disks. */
function statAt(lastWriteMs: number, tickMs: number): FileStat {
  const stampMs = Math.floor(lastWriteMs / tickMs) * tickMs + (tickMs < 1_000 ? 0.123 : 0);
  return { sizeBytes: 10, mtimeMs: stampMs, ctimeMs: stampMs, inode: 1, device: 1 };
}

const life = fc.record({
  tickMs: fc.constantFrom(1, 4, 10, 1_000, 2_000),
  quietMs: fc.constantFrom(1, 100, 500, 2_000, 5_000),
  isRemote: fc.boolean(),
  beginMs: fc.integer({ min: 1_800_000_000_000, max: 1_800_000_002_000 }),
  /** Milliseconds from one write to the next, all of them in the same size. */
  pauses: fc.array(fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 3_000 })), { maxLength: 12 }),
  firstLookMs: fc.integer({ min: 0, max: 10_000 }),
  /** A later rewrite, so long after the file was taken. */
  rewriteMs: fc.integer({ min: 0, max: 4_000 }),
});

/** Looks at the file as the settling does, until it is taken. */
function settle({
  tickMs,
  quietMs,
  isRemote,
  beginMs,
  pauses,
  firstLookMs,
}: ReturnType<typeof life.generate>['value']) {
  const writes = [beginMs];
  for (const pause of pauses) writes.push((writes.at(-1) ?? beginMs) + pause);
  const lastWriteBy = (atMs: number) => writes.findLast((write) => write <= atMs) ?? beginMs;
  let nowMs = beginMs + firstLookMs;
  let candidate: Candidate = { stat: statAt(lastWriteBy(nowMs), tickMs), sinceMs: nowMs };
  for (;;) {
    const now = { monotonicMs: nowMs, wallMs: nowMs, quietMs, isRemote };
    if (isQuiet(candidate, now)) return { writes, candidate, takenMs: nowMs, lastWriteMs: lastWriteBy(nowMs) };
    nowMs += quietInMs(candidate, now);
    candidate = lookAgain(candidate, statAt(lastWriteBy(nowMs), tickMs), nowMs);
  }
}

describe('settling, on a file system of any tick', () => {
  it('takes a file only after nobody wrote to it for the quiet period', () => {
    fc.assert(
      fc.property(life, (each) => {
        const { takenMs, lastWriteMs } = settle(each);
        assert.ok(takenMs - lastWriteMs >= each.quietMs, `${takenMs - lastWriteMs} ms after the last write`);
      }),
      { numRuns: 5_000 },
    );
  });

  it('takes it so that every later write shows, or it is looked at once more after the tick', () => {
    fc.assert(
      fc.property(life, (each) => {
        const { candidate, takenMs } = settle(each);
        const rewrittenMs = takenMs + each.rewriteMs;
        const racyMs = racyUntilMs(candidate.stat, takenMs, each.isRemote);
        const shows = !isSameStat(candidate.stat, statAt(rewrittenMs, each.tickMs));
        assert.ok(shows || (racyMs !== null && rewrittenMs < racyMs));
      }),
      { numRuns: 5_000 },
    );
  });

  it('has a local file that was looked at within a tick of its times looked at once more, and then no more', () => {
    const times = fc.record({
      tickMs: fc.constantFrom(1, 4, 1_000, 2_000),
      writeMs: fc.integer({ min: 1_800_000_000_000, max: 1_800_000_002_000 }),
      // Negative: the clock was put back since.
      seenAfterMs: fc.integer({ min: -5_000, max: 5_000 }),
      rewriteAfterMs: fc.integer({ min: 0, max: 8_000 }),
    });
    fc.assert(
      fc.property(times, ({ tickMs, writeMs, seenAfterMs, rewriteAfterMs }) => {
        const stat = statAt(writeMs, tickMs);
        const seenMs = writeMs + seenAfterMs;
        const racyMs = racyUntilMs(stat, seenMs, false);
        const rewrittenMs = seenMs + rewriteAfterMs;
        const shows = !isSameStat(stat, statAt(rewrittenMs, tickMs));
        assert.ok(shows || (racyMs !== null && rewrittenMs < racyMs), 'a change that does not show is looked for');
        if (racyMs !== null) assert.equal(racyUntilMs(stat, racyMs, false), null, 'once more, and no more');
      }),
      { numRuns: 5_000 },
    );
  });
});
