import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KnownTest } from './map.ts';
import { affordable, inOrder, reachingTests } from './order.ts';

const reaching = (test: string, ms: number, size: number) => ({ test, ms, size });
const names = (tests: readonly { readonly test: string }[]) => tests.map(({ test }) => test);

describe('the tests of a mistake', () => {
  it('are those that run its place, and pass without it', () => {
    const known = (ranges: readonly number[], passes = true): KnownTest => ({
      ...{ code: '', names: '', said: '', ms: 1, passes },
      reached: { 'core/pace.js': { hash: '', ranges } },
    });
    const tests = new Map([
      ['unit/a.test.js', known([0, 50])],
      ['unit/b.test.js', known([0, 10])],
      ['unit/c.test.js', known([0, 50], false)],
    ]);
    assert.deepEqual(reachingTests({ module: 'core/pace.js', at: 20 }, tests), [reaching('unit/a.test.js', 1, 50)]);
    tests.set('simulation/explore.js', known([0, 10]));
    const both = ['unit/a.test.js', 'simulation/explore.js'];
    assert.deepEqual(names(reachingTests({ module: 'core/pace.js', at: 20 }, tests)), both);
    assert.deepEqual(reachingTests({ module: 'core/name.js', at: 20 }, tests), []);
  });

  it('begin with its own, go on with those that run most of it in a second, and end with the simulation', () => {
    const tests = [
      reaching('simulation/explore.js', 10, 900),
      reaching('unit/b.test.js', 5_000, 900),
      reaching('unit/a.test.js', 200, 600),
      reaching('unit/c.test.js', 200, 100),
      reaching('unit/core/pace.test.js', 9_000, 10),
    ];
    const order = [
      'unit/core/pace.test.js',
      'unit/a.test.js',
      'unit/c.test.js',
      'unit/b.test.js',
      'simulation/explore.js',
    ];
    assert.deepEqual(names(inOrder('core/pace.js', tests)), order);
  });

  it('that are worth the same are in the order of their names', () => {
    const [a, b] = [reaching('unit/a.test.js', 200, 100), reaching('unit/b.test.js', 200, 100)];
    for (const tests of [
      [a, b],
      [b, a],
    ])
      assert.deepEqual(names(inOrder('core/pace.js', tests)), [a.test, b.test]);
  });

  it('are left out where they cost too much, but for the first and the simulation', () => {
    const tests = [reaching('a', 900, 1), reaching('b', 200, 1), reaching('simulation/explore.js', 5_000, 1)];
    assert.deepEqual(names(affordable(tests, 1_000)), ['a', 'simulation/explore.js']);
    assert.deepEqual(names(affordable(tests, 1_100)), ['a', 'b', 'simulation/explore.js']);
    assert.deepEqual(names(affordable(tests, 10)), ['a', 'simulation/explore.js']);
  });
});
