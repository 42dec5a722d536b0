import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { coalesce } from '../../../src/runtime/coalesce.ts';

function steps() {
  const ends: (() => void)[] = [];
  const task = coalesce(() => new Promise<void>((resolve) => ends.push(resolve)));
  return { task, ends };
}

describe('coalesce', () => {
  it('runs once more, and once only, for all calls that came during a run', async () => {
    const { task, ends } = steps();
    const first = task();
    const later = [task(), task()];
    assert.equal(ends.length, 1);
    ends[0]?.();
    await first;
    await new Promise(setImmediate);
    assert.equal(ends.length, 2);
    ends[1]?.();
    await Promise.all(later);
    assert.equal(ends.length, 2);
  });

  it('begins at once when nothing runs', async () => {
    const { task, ends } = steps();
    const first = task();
    ends[0]?.();
    await first;
    const second = task();
    assert.equal(ends.length, 2);
    ends[1]?.();
    await second;
  });
});
