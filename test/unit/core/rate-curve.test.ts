import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newGrants } from '../../../src/core/grants.ts';
import { closedMs, forgottenParts, ofBucket, ofWindow } from '../../../src/core/rate-curve.ts';

const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);

describe('the rate after a refusal', () => {
  it('of a bucket begins at four fifths, is back in its time, concave, and goes on beyond', () => {
    near(ofBucket(0), 0.8);
    near(ofBucket(0.5), 0.975);
    near(ofBucket(1), 1);
    near(ofBucket(2), 1.2);
    near(ofBucket(3), 2.6);
  });

  it('of a window begins at nine tenths, is back in its time, and grows by a twentieth in each beyond', () => {
    near(ofWindow(0), 0.9);
    near(ofWindow(0.5), 0.9875);
    near(ofWindow(1), 1);
    near(ofWindow(2), 1.05);
    near(ofWindow(6), 1.05 ** 5);
  });

  it('of a window doubles too from the sixth time on, to twenty times and more where it is forgotten', () => {
    near(ofWindow(7), 1.05 ** 6 * 2);
    near(ofWindow(8), 1.05 ** 7 * 4);
    const last = ofWindow(forgottenParts);
    assert.ok(last > 20 && last < 30, `${last}`);
  });
});

describe('the wait before another look', () => {
  const waits = (named: number | null) => [0, 1, 2, 3, 4, 5, 50].map((probes) => closedMs(probes, named));

  it('is five seconds, then longer, up to a minute, where FLORA names none', () => {
    assert.deepEqual(waits(null), [5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  });

  it('is what FLORA names, twice as long after each refused look, up to a minute', () => {
    assert.deepEqual(waits(3_000), [3_000, 6_000, 12_000, 24_000, 48_000, 60_000, 60_000]);
  });

  it('is what FLORA names also where that is more than a minute', () => {
    assert.deepEqual(waits(90_000), Array(7).fill(90_000));
  });
});

describe('what was granted lately', () => {
  it('is counted from a time on, in quarters of a second', () => {
    const grants = newGrants(0, 10_000);
    for (const atMs of [0, 100, 249, 250, 499, 500, 2_000]) grants.add(atMs);
    assert.equal(grants.since(0), 7);
    assert.equal(grants.since(1), 4, 'three were in the first quarter');
    assert.equal(grants.since(250), 4);
    assert.equal(grants.since(500), 2);
    assert.equal(grants.since(501), 1);
    assert.equal(grants.since(2_001), 0);
  });

  it('is forgotten after a while', () => {
    const grants = newGrants(0, 10_000);
    grants.add(0);
    grants.add(1_000);
    grants.add(10_000);
    assert.equal(grants.since(0), 3, 'not yet');
    grants.add(10_500);
    assert.equal(grants.since(0), 3, 'the first');
    grants.add(12_000);
    assert.equal(grants.since(0), 3, 'and the second');
  });

  it('counts what came before it began as of its beginning', () => {
    const grants = newGrants(5_000, 10_000);
    grants.add(4_000);
    assert.equal(grants.since(5_000), 1);
  });
});
