import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type HintedDirectory, Hints } from '../../../../src/sync/intake/hints.ts';
import { HandClock, settled } from '../../../support/hand-clock.ts';

type Handled = [root: string, directory: string, names: readonly string[] | null];

function bench() {
  const clock = new HandClock();
  const hints = new Hints(clock);
  const handled: Handled[] = [];
  const take = async ({ root, directory, names }: HintedDirectory) =>
    void handled.push([root, directory, names === null ? null : [...names]]);
  const add = (directory: string, name: string | null, root = '/drop') => hints.add({ root, directory, name });
  return { clock, hints, handled, take, add };
}

describe('hints', () => {
  it('are handed on 20 ms after the first, a directory once, however many events there were', async () => {
    const { clock, hints, handled, take, add } = bench();
    hints.handleWith(take, () => {});
    add('a', 'x');
    await clock.advance(19);
    add('a', 'x');
    add('a', 'z');
    add('b', 'y');
    assert.deepEqual(handled, []);
    await clock.advance(1);
    assert.deepEqual(handled, [
      ['/drop', 'a', ['x', 'z']],
      ['/drop', 'b', ['y']],
    ]);
    await clock.advance(1_000);
    assert.equal(handled.length, 2);
  });

  it('of one directory name in two folders are two', async () => {
    const { clock, hints, handled, take, add } = bench();
    hints.handleWith(take, () => {});
    add('a', 'x');
    add('a', 'x', '/other');
    await clock.advance(20);
    assert.deepEqual(handled, [
      ['/drop', 'a', ['x']],
      ['/other', 'a', ['x']],
    ]);
  });

  it('of many names, or of no known one, are one for the whole directory', async () => {
    const { clock, hints, handled, take, add } = bench();
    hints.handleWith(take, () => {});
    for (let at = 0; at < 64; at += 1) add('few', String(at));
    for (let at = 0; at < 65; at += 1) add('many', String(at));
    add('unknown', '1');
    add('unknown', null);
    add('unknown', '2');
    await clock.advance(20);
    assert.deepEqual(
      handled.map(([, directory, names]) => [directory, names?.length ?? null]),
      [
        ['few', 64],
        ['many', null],
        ['unknown', null],
      ],
    );
  });

  it('that come while others are handled are not lost, and wait for those', async () => {
    const { clock, hints, add } = bench();
    const handled: string[] = [];
    let go: () => void = () => {};
    let idle = 0;
    const slowly = async ({ directory }: HintedDirectory) => {
      handled.push(directory);
      if (directory === 'first') await new Promise<void>((resolve) => (go = resolve));
    };
    hints.handleWith(slowly, () => {
      idle += 1;
    });
    add('first', null);
    await clock.advance(20);
    add('second', null);
    await clock.advance(1_000);
    assert.deepEqual(handled, ['first']);
    assert.equal(hints.isIdle, false);
    go();
    await settled();
    await clock.advance(20);
    assert.deepEqual(handled, ['first', 'second']);
    assert.deepEqual([hints.isIdle, idle], [true, 2]);
  });

  it('that come before anybody handles them are kept', async () => {
    const { clock, hints, handled, take, add } = bench();
    add('early', 'x');
    await clock.advance(1_000);
    assert.equal(hints.isIdle, false);
    hints.handleWith(take, () => {});
    await clock.advance(20);
    assert.deepEqual(handled, [['/drop', 'early', ['x']]]);
  });

  it('are forgotten once it is closed', async () => {
    const { clock, hints, handled, take, add } = bench();
    hints.handleWith(take, () => {});
    add('a', 'x');
    hints.close();
    add('b', 'x');
    await clock.advance(1_000);
    assert.deepEqual(handled, []);
    assert.equal(hints.isIdle, true);
  });
});
