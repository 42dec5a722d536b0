import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { includes, joined, ranOf, sizeOf } from './coverage.ts';

type Range = readonly [start: number, end: number, count: number];

function script(...functions: readonly (readonly Range[])[]) {
  return {
    functions: functions.map((ranges) => ({
      ranges: ranges.map(([startOffset, endOffset, count]) => ({ startOffset, endOffset, count })),
    })),
  };
}

describe('what ran of a script', () => {
  it('is the module without the functions and blocks that did not', () => {
    const module: readonly Range[] = [[0, 100, 1]];
    const called: readonly Range[] = [
      [10, 40, 3],
      [20, 25, 0],
    ];
    const notCalled: readonly Range[] = [[50, 80, 0]];
    assert.deepEqual(ranOf(script(module, called, notCalled)), [0, 20, 25, 50, 80, 100]);
  });

  it('has what ran within what did not', () => {
    assert.deepEqual(
      ranOf(
        script(
          [
            [0, 100, 1],
            [10, 90, 0],
          ],
          [[20, 30, 2]],
        ),
      ),
      [0, 10, 20, 30, 90, 100],
    );
  });

  it('is in the order of the code, in whatever order it is told, and has no empty pieces', () => {
    assert.deepEqual(
      ranOf(
        script(
          [[50, 60, 0]],
          [
            [10, 10, 1],
            [0, 100, 1],
            [0, 20, 0],
          ],
        ),
      ),
      [20, 50, 60, 100],
    );
  });

  it('joins what several processes ran', () => {
    assert.deepEqual(joined([0, 10, 30, 40], [5, 20, 40, 50, 60, 70]), [0, 20, 30, 50, 60, 70]);
    assert.deepEqual(joined([], [1, 2]), [1, 2]);
  });

  it('includes its first character, and not the one behind its last', () => {
    const at = (offset: number) => includes([5, 7, 9, 10], offset);
    assert.deepEqual([4, 5, 6, 7, 8, 9, 10].filter(at), [5, 6, 9]);
    assert.equal(sizeOf([5, 7, 9, 10]), 3);
  });
});
