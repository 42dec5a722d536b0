import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { narrow, openWindow, widen } from '../../../src/core/concurrency.ts';

describe('the window of uploads', () => {
  it('begins wide, halves at each 429, and never closes', () => {
    let window = openWindow(8);
    const limits = [0, 1, 2, 3, 4].map(() => {
      window = narrow(window);
      return window.limit;
    });
    assert.deepEqual(limits, [4, 2, 1, 1, 1]);
  });

  it('grows by about one in each round of uploads', () => {
    let window = narrow(openWindow(8));
    for (let uploads = 0; uploads < 4; uploads += 1) window = widen(window);
    assert.ok(window.limit > 4.8 && window.limit <= 5, `${window.limit}`);
  });

  it('stays between one and the setting, whatever happens in whatever order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 256 }), fc.array(fc.boolean(), { maxLength: 500 }), (most, events) => {
        let window = openWindow(most);
        for (const isGood of events) {
          window = isGood ? widen(window) : narrow(window);
          assert.ok(window.limit >= 1 && window.limit <= most);
        }
      }),
    );
  });
});
