import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Hints } from '../../../../src/sync/intake/hints.ts';
import { CountingClock } from '../../../support/counting-clock.ts';
import { settled } from '../../../support/hand-clock.ts';

const hint = { root: '/drop', directory: 'a', name: 'x' };

function handling() {
  const clock = new CountingClock();
  const hints = new Hints(clock);
  const done: (() => void)[] = [];
  let idle = 0;
  let begun = 0;
  const handle = () => {
    begun += 1;
    return new Promise<void>((resolve) => done.push(resolve));
  };
  const begin = () =>
    hints.handleWith(handle, () => {
      idle += 1;
    });
  return { clock, hints, done, begin, idle: () => idle, begun: () => begun };
}

describe('hints, as long as they are handled', () => {
  it('are not idle from the first on until the last was handled, a directory after the other', async () => {
    const { clock, hints, done, begin, idle, begun } = handling();
    assert.equal(hints.isIdle, true);
    hints.add(hint);
    assert.deepEqual([hints.isIdle, clock.live.size], [false, 0], 'nobody handles them yet');
    begin();
    hints.add({ ...hint, directory: 'b' });
    assert.equal(clock.live.size, 1);
    await clock.advance(20);
    assert.deepEqual([begun(), hints.isIdle, idle()], [1, false, 0]);
    hints.add(hint);
    assert.equal(clock.live.size, 0, 'what comes meanwhile waits for those');
    done[0]?.();
    await settled();
    assert.equal(begun(), 2);
    done[1]?.();
    await settled();
    assert.deepEqual([clock.live.size, hints.isIdle, idle()], [1, false, 1]);
    await clock.advance(20);
    done[2]?.();
    await settled();
    assert.deepEqual([begun(), hints.isIdle, idle(), clock.live.size], [3, true, 2, 0]);
  });

  it('leave no timer when they are closed, and take nothing more', async () => {
    const { clock, hints, begin, begun } = handling();
    begin();
    hints.add(hint);
    hints.close();
    assert.deepEqual([clock.live.size, hints.isIdle], [0, true]);
    hints.add(hint);
    await clock.advance(100);
    assert.deepEqual([clock.live.size, hints.isIdle, begun()], [0, true, 0]);
  });
});
