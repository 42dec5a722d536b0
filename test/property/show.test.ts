import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { showBytes } from '../../src/cli/show/bytes.ts';
import { plural, showCount, showPercent } from '../../src/cli/show/count.ts';
import { isoTime, showAbout, showAgo, showLocal, showSeconds } from '../../src/cli/show/time.ts';

/** Numbers of every size, and those close to where a unit ends. */
const near = (edges: readonly number[]) =>
  fc.tuple(fc.constantFrom(...edges), fc.double({ min: -2, max: 2, noNaN: true })).map(([edge, by]) => edge + by);
const anySize = fc.oneof(
  fc.double({ min: 0, max: 1e6, noNaN: true }),
  fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: 0, max: 70 }).map((power) => 2 ** power),
  fc
    .integer({ min: 1, max: 8 })
    .chain((unit) => fc.double({ min: 999, max: 1025, noNaN: true }).map((n) => n * 1024 ** unit)),
  near([10, 60, 3_600, 36_000, 86_400, 172_800, 1_024, 1_024 ** 2]),
);
const positive = anySize.filter((value) => value >= 0);
const pairs = fc.tuple(positive, positive).map(([a, b]) => (a < b ? [a, b] : [b, a]) as [number, number]);

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'];

function bytesOf(shown: string): { value: number; unit: number } {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d)?)\+? ([KMGTPEZY]?i?B)$/.exec(shown) ?? [];
  assert.ok(units.includes(unit), shown);
  return { value: Number(number) * 1024 ** units.indexOf(unit), unit: 1024 ** units.indexOf(unit) };
}

const secondsIn: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3_600, days: 86_400 };

function secondsOf(shown: string): { value: number; smallest: number } {
  const parts = [...shown.matchAll(/([\d.,]+)\+? (s|min|h|days)/g)];
  assert.equal(parts.map(([part]) => part).join(' '), shown);
  const each = parts.map(
    ([, number = '', unit = '']) => Number(number.replaceAll(',', '')) * (secondsIn[unit] ?? Number.NaN),
  );
  return { value: each.reduce((sum, part) => sum + part, 0), smallest: secondsIn[parts.at(-1)?.[2] ?? ''] ?? 0 };
}

describe('sizes for people', () => {
  it('never hold 1024 of a unit, and are what they say within what was rounded', () => {
    fc.assert(
      fc.property(positive, (bytes) => {
        const shown = showBytes(bytes);
        assert.ok(Number.parseFloat(shown) < 1024, shown);
        const { value, unit } = bytesOf(shown);
        if (shown.includes('+')) assert.ok(bytes >= value, shown);
        else assert.ok(Math.abs(value - bytes) <= unit / 2 + 1, `${bytes} is shown as ${shown}`);
      }),
      { numRuns: 3_000 },
    );
  });

  it('grow with the size', () => {
    fc.assert(fc.property(pairs, ([less, more]) => bytesOf(showBytes(less)).value <= bytesOf(showBytes(more)).value));
  });

  it('have an answer for what is no size', () => {
    assert.deepEqual([Number.NaN, Number.POSITIVE_INFINITY, -1536, -0, -0.2, Number.MAX_VALUE].map(showBytes), [
      '?',
      '1023+ YiB',
      '-1.5 KiB',
      '0 B',
      '0 B',
      '1023+ YiB',
    ]);
  });

  it('turn where they are rounded', () => {
    assert.deepEqual(
      [0, 1023, 1023.6, 1024, 1536, 1024 * 99.96, 1024 * 1023.4, 1024 * 1023.6, 1024 ** 2 - 1, 1024 ** 3 - 1].map(
        showBytes,
      ),
      ['0 B', '1023 B', '1.0 KiB', '1.0 KiB', '1.5 KiB', '100 KiB', '1023 KiB', '1.0 MiB', '1.0 MiB', '1.0 GiB'],
    );
  });
});

describe('durations for people', () => {
  it('never hold 60 of a unit, and are what they say within what was rounded', () => {
    fc.assert(
      fc.property(positive, (seconds) => {
        for (const [shown, isRough] of [
          [showSeconds(seconds), false],
          [showAbout(seconds), true],
        ] as const) {
          assert.doesNotMatch(shown, /\b60(?:\.0)? (?:s|min)/, String(seconds));
          assert.doesNotMatch(shown, /days 24 h|\b1 days/, String(seconds));
          const { value, smallest } = secondsOf(shown);
          if (shown.includes('+')) assert.ok(seconds >= value, shown);
          else if (!isRough || seconds >= 1) {
            assert.ok(Math.abs(value - seconds) <= smallest / 2 + 0.001, `${seconds} is shown as ${shown}`);
          }
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('grow with the time', () => {
    for (const show of [showSeconds, showAbout]) {
      fc.assert(fc.property(pairs, ([less, more]) => secondsOf(show(less)).value <= secondsOf(show(more)).value));
    }
  });

  it('have an answer for what is no time', () => {
    assert.deepEqual([Number.NaN, Number.POSITIVE_INFINITY, -3, -0.01, -3599.6, 1e300].map(showSeconds), [
      '?',
      '99,999+ days',
      '-3.0 s',
      '0.0 s',
      '-1 h 0 min',
      '99,999+ days',
    ]);
    assert.deepEqual([Number.NaN, Number.POSITIVE_INFINITY, -3, 0].map(showAbout), ['?', '99,999+ days', '1 s', '1 s']);
  });

  it('turn where they are rounded', () => {
    assert.deepEqual([9.94, 9.96, 59.4, 59.6, 3599.4, 3599.6, 7_170, 172_799, 273_600].map(showSeconds), [
      '9.9 s',
      '10 s',
      '59 s',
      '1 min 0 s',
      '59 min 59 s',
      '1 h 0 min',
      '2 h 0 min',
      '2 days 0 h',
      '3 days 4 h',
    ]);
    assert.deepEqual([59.6, 3_599, 171_000].map(showAbout), ['1 min', '1 h', '2 days']);
  });
});

describe('moments for people', () => {
  it('are told from now, and by their date where they are far away', () => {
    const now = Date.UTC(2026, 10, 27, 12);
    assert.deepEqual(
      [0, 1_000, 42_000, 200_000, -7_200_000, 86_400_000 * 3].map((ago) => showAgo(now - ago, now)),
      ['just now', 'just now', '42 s ago', '3 min ago', 'in 2 h', '3 days ago'],
    );
    assert.match(showAgo(now - 86_400_000 * 30, now), /^2026-10-2[78]$/);
    assert.deepEqual([showAgo(Number.NaN, now), showLocal(Number.NaN)], ['?', '?']);
  });

  it('are never longer than a column of theirs, whatever a file says of itself', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: 0, max: 253_402_300_799_000 }), fc.nat(), (ms, nowMs) => {
        assert.ok(showAgo(ms, nowMs).length <= 11, showAgo(ms, nowMs));
        assert.match(showLocal(ms), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
      }),
    );
  });

  it('are told to scripts also where no date can hold them: as the nearest that one can', () => {
    assert.deepEqual([isoTime(0), isoTime(9e15)], ['1970-01-01T00:00:00.000Z', '+275760-09-13T00:00:00.000Z']);
    fc.assert(fc.property(fc.double({ noNaN: true }), (ms) => isoTime(ms).endsWith('Z')));
  });
});

describe('counts for people', () => {
  it('are one of a thing or several, in thousands, and a question mark for what is no number', () => {
    assert.deepEqual(
      [0, 1, 0.6, 2, 12_345, -1, Number.NaN, Number.POSITIVE_INFINITY].map((count) => plural(count, 'file')),
      ['0 files', '1 file', '1 file', '2 files', '12,345 files', '-1 files', '? files', '? files'],
    );
    assert.equal(showCount(-0.2), '0');
  });

  it('are a hundred percent only when all is done', () => {
    assert.deepEqual([0, 0.0001, 0.42, 0.999, 1, 1.2, -1, Number.NaN].map(showPercent), [
      '0%',
      '1%',
      '42%',
      '99%',
      '100%',
      '100%',
      '0%',
      '?',
    ]);
  });
});
