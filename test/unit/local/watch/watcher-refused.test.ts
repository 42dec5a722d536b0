import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guardBursts } from '../../../../src/local/watch/burst-guard.ts';
import { systemError } from '../../../support/fs-calls.ts';
import { settled } from '../../../support/hand-clock.ts';
import { heldWatcher, target } from '../../../support/held-watcher.ts';

describe('a watch that is refused', () => {
  it('is told once for each kind, is not counted, and is tried with the next scan', async (t) => {
    const { add, chokidar, troubles, watcher, events } = heldWatcher(t);
    const all = [target('a'), target('c')];
    chokidar.refuses = () => systemError('EIO');
    await add(...all);
    assert.deepEqual([troubles.map(({ code }) => code), watcher.watchedCount()], [['watch_failed'], 0]);
    chokidar.refuses = () => null;
    await add(...all);
    assert.deepEqual([watcher.watchedCount(), watcher.isKnown('gone')], [2, false]);
    await add(target('gone'));
    assert.equal(watcher.isKnown('gone'), true);
    chokidar.refuses = () => systemError('ENOENT');
    await add(target('gone'));
    assert.deepEqual([troubles.length, watcher.isKnown('gone')], [1, false], 'what is gone is forgotten');
    events.onError(null, systemError('EBADF'));
    assert.deepEqual([troubles.length, watcher.watchedCount()], [2, 2], 'one of no directory fails none');
  });

  it('for a reason of its own keeps no other from being watched', async (t) => {
    const { add, chokidar, watcher, path } = heldWatcher(t);
    chokidar.refuses = (at) => (at === path('a') ? systemError('EIO') : null);
    await add(target('a'), ...Array.from({ length: 40 }, (_, at) => target(`d${at}`)));
    assert.equal(watcher.watchedCount(), 40);
  });

  it('for want of watches counts as many as are wanted, and leaves the rest to the next scan', async (t) => {
    const { add, chokidar, troubles, timers, watcher, asked } = heldWatcher(t);
    chokidar.refuses = () => systemError('ENOSPC');
    await add(target('a'), ...Array.from({ length: 600 }, (_, at) => target(`gone${at}`)));
    assert.equal(asked()[0]?.filter((each) => each.startsWith('+')).length, 32);
    timers.advance(2_000);
    assert.equal(troubles.length, 1);
    assert.match(troubles[0]?.hint ?? '', /max_user_watches=2048`/);
    timers.advance(60_000);
    await settled();
    assert.deepEqual([asked(), watcher.watchedCount()], [[[], []], 0]);
  });

  it('for want of a descriptor is tried again after five seconds, and again; what is watched is left alone', async (t) => {
    const { add, chokidar, timers, asked, path, watcher, events } = heldWatcher(t);
    const pass = async (ms: number) => {
      timers.advance(ms);
      await settled();
    };
    await add(target('ab'));
    chokidar.refuses = (at) => (at === path('ab') ? null : systemError('EMFILE'));
    await add(target('a'), target('c'));
    asked();
    await pass(4_990);
    assert.deepEqual(asked(), [[], []]);
    await pass(10);
    await pass(10);
    assert.deepEqual(asked(), [['+a'], []], 'one is the probe');
    chokidar.refuses = () => null;
    await pass(4_980);
    assert.deepEqual(asked(), [[], []]);
    await pass(20);
    await pass(20);
    assert.deepEqual([asked(), watcher.watchedCount()], [[['+a', '+c'], []], 3]);
    await pass(60_000);
    assert.deepEqual(asked(), [[], []]);
    events.onError(path('c'), systemError('ENFILE'));
    await pass(5_000);
    assert.deepEqual(asked(), [['+c'], []], 'and so is what failed after it was watched');
  });
});

describe('a closed watcher', () => {
  it('has closed all that it opened, and hints, tells and asks for nothing any more', async (t) => {
    const bench = heldWatcher(t);
    const { add, chokidar, plain, events, path, hinted, asked, timers, troubles, watcher, overflows } = bench;
    await add(target(''), target('a'));
    chokidar.refuses = () => systemError('EMFILE');
    await add(target('c'));
    events.onDirectoryAdded(path('a/new'));
    hinted();
    asked();
    await watcher.close();
    assert.deepEqual([chokidar.isClosed, plain.isClosed, timers.waiting], [true, true, 0]);
    events.onRaw(path('a'), 'change', 'x.png');
    events.onRaw(path('a'), 'change', null);
    events.onDirectoryAdded(path('a/newer'));
    events.onDirectoryRemoved(path('a'));
    events.onError(path('a'), systemError('EIO'));
    events.onError(path('a'), systemError('EMFILE'));
    await watcher.add([target('b')]);
    timers.advance(60_000);
    await settled();
    assert.deepEqual([hinted(), asked(), troubles, timers.waiting], [[], [[], []], [], 0]);
    assert.deepEqual([watcher.isKnown('a'), watcher.isKnown('b')], [true, false]);
    const guard = guardBursts(timers, 1, () => {});
    guard.count();
    guard.close();
    timers.endTurn();
    assert.equal(overflows(), 0, 'nor is it told what others lost');
  });

  it('counts no events', async (t) => {
    const { events, path, watcher, timers } = heldWatcher(t);
    await watcher.close();
    const guard = guardBursts(timers, 1, () => assert.fail('an overflow'));
    events.onRaw(path('a'), 'change', null);
    timers.endTurn();
    guard.close();
  });

  it('does not wait for what is being watched', async (t) => {
    const { watcher, chokidar, hinted, timers } = heldWatcher(t);
    chokidar.isSlow = () => true;
    let isDone = false;
    const adding = watcher.add([target('a')]).finally(() => {
      isDone = true;
    });
    await settled();
    await watcher.close();
    timers.advance(2);
    await settled();
    assert.equal(isDone, true);
    await adding;
    assert.deepEqual([hinted(), timers.waiting], [[], 0]);
  });
});
