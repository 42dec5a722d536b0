import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { backoffMs, pollBackoff, retryBackoff, slowBackoff } from '../../../src/core/backoff.ts';

/** The longest wait of each of so many attempts. */
const longest = (count: number, ...limits: Parameters<typeof backoffMs>[2][]) =>
  Array.from({ length: count }, (_, at) => backoffMs(at + 1, 1, ...limits));

describe('a wait that grows with each attempt', () => {
  it('doubles from half a second to half a minute for a request that failed, and where nothing else is said', () => {
    const waits = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    assert.deepEqual(longest(8, retryBackoff), waits);
    assert.deepEqual(longest(8), waits);
  });

  it('doubles to a quarter of an hour for what nobody expects to be otherwise soon', () => {
    const doubling = Array.from({ length: 11 }, (_, at) => 500 * 2 ** at);
    assert.deepEqual(longest(13, slowBackoff), [...doubling, 900_000, 900_000]);
  });

  it('doubles from a quarter of a second to ten seconds for an asset that is processed', () => {
    assert.deepEqual(longest(8, pollBackoff), [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it('is a part of that by chance, and never less than a quarter of it', () => {
    const parts = [0, 0.2, 0.5, 1].map((random) => backoffMs(2, random));
    assert.deepEqual(parts, [250, 400, 625, 1_000]);
  });

  it('is whole milliseconds', () => {
    assert.equal(backoffMs(1, 0, pollBackoff), 63);
  });

  it('is that of the first attempt where there was none', () => {
    for (const attempt of [-1, 0, 1]) assert.equal(backoffMs(attempt, 1), 500);
  });

  it('is a number however many attempts there were', () => {
    assert.equal(backoffMs(5_000, 1, { baseMs: 1, capMs: Number.MAX_VALUE }), 2 ** 30);
  });
});
