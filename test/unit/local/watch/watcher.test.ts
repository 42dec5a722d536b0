import '../../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { WatchEvents } from '../../../../src/local/watch/watch-backend.ts';
import { openWatcher, type WatcherOptions } from '../../../../src/local/watch/watcher.ts';
import { standIn, subject, systemError } from '../../../support/fs-calls.ts';
import { settled } from '../../../support/hand-clock.ts';
import { FakeWatches, heldWatcher, target } from '../../../support/held-watcher.ts';
import { HandTimers } from '../../../support/timers.ts';
import { link, plantTemporary } from '../../../support/tree.ts';

describe('what a watcher is told of', () => {
  it('is hinted once each, whole, when its watch is there', async (t) => {
    const { add, hinted, asked, watcher } = heldWatcher(t);
    await add(target(''), target('a'), target('a/b'));
    assert.deepEqual(hinted(), [
      ['', null],
      ['a', null],
      ['a/b', null],
    ]);
    assert.deepEqual(asked(), [['+', '+a', '+a/b'], []]);
    assert.deepEqual([watcher.watchedCount(), watcher.isKnown('a/b'), watcher.isKnown('c')], [3, true, false]);
  });

  it('is watched once, however often it comes, until it is suspect, dead, or was refused', async (t) => {
    const { add, hinted, asked, events, path, chokidar, watcher } = heldWatcher(t);
    const [a, b] = [target('a'), target('c')];
    chokidar.refuses = (at) => (at === path('c') ? systemError('EIO') : null);
    await add(a, b);
    assert.equal(watcher.watchedCount(), 1);
    chokidar.refuses = () => null;
    asked();
    await add(a, b);
    assert.deepEqual(asked(), [['-c', '+c'], []]);
    await add(a, b);
    assert.deepEqual(asked(), [[], []]);
    events.onRaw(path('a'), 'change', 'a');
    await add(a, b);
    assert.deepEqual(asked(), [[], []], 'whose mode was changed is the same');
    events.onRaw(path('a'), 'rename', 'a');
    await add(a, b);
    assert.deepEqual(asked(), [['-a', '+a'], []], 'whose end was told may be another');
    await add(a, b);
    assert.deepEqual(asked(), [[], []]);
    chokidar.armed.delete(path('a'));
    await add(a, b);
    assert.deepEqual(asked(), [['-a', '+a'], []], 'whose watch has died is watched anew');
    events.onError(path('a'), systemError('EIO'));
    assert.equal(watcher.watchedCount(), 1);
    await add(a, b);
    assert.deepEqual(asked(), [['-a', '+a'], []], 'and so is one that has failed since');
    hinted();
    events.onRaw(path('a'), 'rename', 'x.png');
    assert.deepEqual(hinted(), [['a', 'x.png']]);
  });

  it('is not asked for again while it waits to be watched', async (t) => {
    const { add, asked, watcher, chokidar, path, events, timers } = heldWatcher(t);
    const all = [target('a'), ...Array.from({ length: 32 }, (_, at) => target(`d${at}`)), target('c')];
    let isThere = false;
    chokidar.isSlow = () => !isThere;
    const adding = watcher.add(all);
    await settled();
    const again = watcher.add(all);
    await settled();
    assert.deepEqual(asked()[0]?.length, 32);
    // One that waits, and is suspect meanwhile, is asked for once all the same.
    events.onRaw(path('c'), 'rename', 'c');
    const late = watcher.add(all.slice(-1));
    isThere = true;
    for (const at of ['a', ...Array.from({ length: 31 }, (_, at) => `d${at}`)]) chokidar.armed.add(path(at));
    timers.advance(2);
    await Promise.all([adding, again, late]);
    assert.deepEqual(asked(), [['-c', '+d31', '+c'], []]);
    assert.equal(watcher.watchedCount(), 34);
    await add(...all);
    assert.deepEqual(asked(), [[], []]);
  });

  it('is another directory by its device, inode or birth time: what was known below is forgotten', async (t) => {
    const { add, asked, watcher, hinted } = heldWatcher(t);
    const before = target('a');
    for (const other of ['device', 'inode', 'birthtimeMs'] as const) {
      await add(target(''), before, target('a/b'), target('ab'));
      asked();
      hinted();
      await add({ ...before, identity: { ...before.identity, [other]: 99_999 } });
      assert.deepEqual(asked(), [['-a', '-a/b', '+a'], []], other);
      assert.deepEqual([watcher.isKnown('a/b'), watcher.isKnown('ab'), watcher.watchedCount()], [false, true, 3]);
      assert.deepEqual(hinted(), [['a', null]]);
    }
  });

  it('is forgotten with all below, and may come again', async (t) => {
    const { add, asked, watcher, hinted, events, path } = heldWatcher(t);
    await add(target(''), target('a'), target('a/b'), target('ab'));
    asked();
    hinted();
    watcher.remove('a');
    assert.deepEqual(asked(), [['-a', '-a/b'], []]);
    events.onRaw(path('a'), 'rename', 'x.png');
    assert.deepEqual(hinted(), []);
    assert.deepEqual([watcher.isKnown('a'), watcher.isKnown('a/b'), watcher.watchedCount()], [false, false, 2]);
    await add(target('a'));
    assert.deepEqual([asked(), watcher.watchedCount()], [[['+a'], []], 3]);
  });

  it('and goes while it waits to be watched is not asked for', async (t) => {
    const { asked, watcher, chokidar, path, timers } = heldWatcher(t);
    chokidar.isSlow = () => true;
    const adding = watcher.add([...Array.from({ length: 32 }, (_, at) => target(`d${at}`)), target('c')]);
    watcher.remove('c');
    await settled();
    for (let at = 0; at < 32; at += 1) chokidar.armed.add(path(`d${at}`));
    timers.advance(2);
    await adding;
    assert.ok(!asked()[0]?.includes('+c'));
  });
});

describe('a directory is watched', () => {
  it('by chokidar up to 32 entries, and without it from then on', async (t) => {
    const { add, asked } = heldWatcher(t);
    const [a, c] = [target('a', { entryCount: 32 }), target('c', { entryCount: 33 })];
    await add(a, c);
    assert.deepEqual(asked(), [['+a'], ['+c']]);
    await add(a, c);
    await add(a, { ...c, entryCount: 1 });
    assert.deepEqual(asked(), [[], []], 'a small one that was large stays where it is');
    await add({ ...a, entryCount: 33 });
    assert.deepEqual(asked(), [['-a'], ['+a']]);
  });

  it('or up to as many as it is told', async (t) => {
    const { add, asked } = heldWatcher(t, { largeDirectoryEntries: 2 });
    const a = target('a', { entryCount: 2 });
    await add(a, target('c', { entryCount: 3 }));
    await add(a);
    assert.deepEqual(asked(), [['+a'], ['+c']]);
  });

  it('without chokidar where that cannot spell the path', async (t) => {
    const { add, asked } = heldWatcher(t);
    await add(target('back\\slash'), target('odd\uDCFF'), target('plain'));
    assert.deepEqual(asked(), [['+plain'], ['+back\\slash', '+odd\uDCFF']]);
  });

  it('where the root leads to, which is looked for again with the root itself', async (t) => {
    const base = plantTemporary(t, { one: { a: {} }, two: { a: {} }, root: link('one') });
    const root = join(base, 'root');
    const { add, chokidar } = heldWatcher(t, { root });
    const paths = () => chokidar.asked.splice(0).map((asked) => asked.replace(base, ''));
    const a = target('a');
    await add(a);
    assert.deepEqual(paths(), ['+/one/a']);
    rmSync(root);
    symlinkSync('two', root);
    await add(target('b'));
    assert.deepEqual(paths(), ['+/one/b']);
    await add(target(''), target('a'));
    assert.deepEqual(paths(), ['-/one/a', '+/two', '+/two/a']);
    renameSync(root, `${root}.old`);
    await add(target(''));
    assert.equal(paths().at(-1), '+/root', 'as it is spelled where it is not there');
  });
});

describe('an event', () => {
  const opened = async (t: TestContext, more: Partial<WatcherOptions> = {}) => {
    const bench = heldWatcher(t, more);
    await bench.add(target(''), target('a'), target('a/b'));
    bench.hinted();
    bench.asked();
    return bench;
  };

  it('of a name is hinted by it, and without a name by its directory', async (t) => {
    const { events, path, hinted, plain } = await opened(t);
    events.onRaw(path('a'), 'rename', 'x.png');
    events.onRaw(path(''), 'change', 'y.png');
    plain.events.onRaw(path('a/b'), 'change', 'z.png');
    events.onRaw(path('a'), 'change', null);
    events.onRaw(path('c'), 'rename', 'x.png');
    assert.deepEqual(hinted(), [
      ['a', 'x.png'],
      ['', 'y.png'],
      ['a/b', 'z.png'],
      ['a', null],
    ]);
  });

  it('of a skipped name is none, unless a file or a directory may have that name, or a file waits for it', async (t) => {
    const { events, path, hinted } = await opened(t);
    for (const name of ['.hidden', 'x.part', '_done', 'x.temp', 'x.mov.aria2', '.x.mov.aria2'])
      events.onRaw(path('a'), 'rename', name);
    assert.deepEqual(hinted(), [
      ['a', '_done'],
      ['a', 'x.temp'],
      ['a', 'x.mov.aria2'],
      ['a', 'x.mov'],
      ['a', '.x.mov'],
    ]);
  });

  it('of the directory itself is hinted there and where it lies', async (t) => {
    const { events, path, hinted } = await opened(t);
    for (const event of ['rename', 'change']) {
      events.onRaw(path('a/b'), event, 'b');
      assert.deepEqual(hinted(), [
        ['a/b', null],
        ['a', 'b'],
      ]);
    }
    events.onRaw(path(''), 'change', path('').split('/').at(-1) ?? '');
    assert.deepEqual(new Set(hinted().map(String)), new Set([',']), 'of the root there');
  });

  it('of a new directory is hinted at once, and its own files one to two seconds later', async (t) => {
    const { events, path, hinted, timers } = await opened(t);
    events.onDirectoryAdded(path('a/new'));
    events.onDirectoryAdded(path('top'));
    assert.deepEqual(hinted(), [
      ['a', 'new'],
      ['', 'top'],
    ]);
    timers.advance(1_999);
    assert.deepEqual(hinted(), []);
    timers.advance(1);
    assert.deepEqual(hinted(), [
      ['a/new', null],
      ['top', null],
    ]);
  });

  it('of a new directory that is skipped, is not spelled so, or lies nowhere, is none', async (t) => {
    const { events, path, hinted, timers } = await opened(t);
    for (const directory of ['a/_done', 'a/.git', 'a/odd\uFFFD', 'c/new', 'a/b/c/d'])
      events.onDirectoryAdded(path(directory));
    timers.advance(5_000);
    assert.deepEqual(hinted(), []);
    events.onDirectoryAdded(path('a/x.temp'));
    assert.deepEqual(hinted(), [['a', 'x.temp']], 'only a file of that name would be skipped');
  });

  it('of the end of a directory has it forgotten with all below, and hinted where it lay', async (t) => {
    const { events, path, hinted, asked, watcher } = await opened(t);
    events.onDirectoryRemoved(path('c'));
    assert.deepEqual([hinted(), asked()], [[], [[], []]]);
    events.onDirectoryRemoved(path('a'));
    assert.deepEqual(hinted(), [['', 'a']]);
    assert.deepEqual(asked(), [['-a', '-a/b'], []]);
    assert.equal(watcher.isKnown('a/b'), false);
    events.onDirectoryRemoved(path(''));
    assert.deepEqual(hinted(), [['', null]]);
    assert.equal(watcher.isKnown(''), false);
  });

  it('is counted, also of what is not watched: three quarters of the queue in one turn may be too many', async (t) => {
    const { events, path, timers, overflows } = await opened(t);
    for (let n = 0; n < 74; n += 1) events.onRaw(path(n % 2 === 0 ? 'a' : 'none'), 'change', 'x.png');
    timers.endTurn();
    assert.equal(overflows(), 0);
    for (let n = 0; n < 75; n += 1) events.onRaw(path(n % 2 === 0 ? 'a' : 'none'), 'change', 'x.png');
    timers.endTurn();
    assert.equal(overflows(), 1);
  });

  it('is counted by the limit of the system where none is given', { skip: process.platform !== 'linux' }, (t) => {
    standIn(t, 'readFileSync', (args, real) => (subject(args).endsWith('max_queued_events') ? '4' : real()));
    const timers = new HandTimers();
    let overflows = 0;
    let events: WatchEvents | undefined;
    const watcher = openWatcher({
      openChokidar: (given) => new FakeWatches(given),
      ...{ root: '/none', timers, onHint: () => {}, onTrouble: () => {} },
      onOverflow: () => {
        overflows += 1;
      },
      openPlain: (given) => {
        events = given;
        return new FakeWatches(given);
      },
    });
    t.after(() => watcher.close());
    for (let n = 0; n < 3; n += 1) events?.onRaw('/none', 'change', 'x.png');
    timers.endTurn();
    assert.equal(overflows, 1);
  });
});
