import '../../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { SyncError } from '../../../../src/errors.ts';
import { guardBursts } from '../../../../src/local/watch/burst-guard.ts';
import type { WatchBackend, WatchEvents } from '../../../../src/local/watch/watch-backend.ts';
import { openWatcher, type WatcherOptions, type WatchTarget } from '../../../../src/local/watch/watcher.ts';
import { standIn, subject, systemError } from '../../../support/fs-calls.ts';
import { settled } from '../../../support/hand-clock.ts';
import { HandTimers } from '../../../support/timers.ts';
import { link, plantTemporary } from '../../../support/tree.ts';

const limits = { maxUserWatches: 100, maxUserInstances: 10, maxQueuedEvents: 100 };

/** Watches that are armed at once, but for those that are refused or slow. */
class FakeWatches implements WatchBackend {
  readonly events: WatchEvents;
  readonly armed = new Set<string>();
  /** What was asked for since the last look: `+path` and `-path`. */
  readonly asked: string[] = [];
  refuses: (path: string) => Error | null = () => null;
  isSlow: (path: string) => boolean = () => false;
  isClosed = false;

  constructor(events: WatchEvents) {
    this.events = events;
  }

  arm(path: string): void {
    this.asked.push(`+${path}`);
    const error = this.refuses(path);
    if (error !== null) this.events.onError(path, error);
    else if (!this.isSlow(path)) this.armed.add(path);
  }

  isArmed(path: string): boolean {
    return this.armed.has(path);
  }

  disarm(path: string): void {
    this.asked.push(`-${path}`);
    this.armed.delete(path);
  }

  async close(): Promise<void> {
    await settled();
    this.isClosed = true;
  }
}

let inodes = 0;

function target(directory: string, more: Partial<WatchTarget> = {}): WatchTarget {
  inodes += 1;
  return { directory, identity: { device: 1, inode: inodes, birthtimeMs: inodes }, entryCount: 0, ...more };
}

function open(t: TestContext, more: Partial<WatcherOptions> = {}) {
  const root = more.root ?? plantTemporary(t, { a: { b: {} }, ab: {}, c: {} });
  const timers = new HandTimers();
  const hints: (readonly [string, string | null])[] = [];
  const troubles: SyncError[] = [];
  const made: FakeWatches[] = [];
  const make = (events: WatchEvents) => {
    const watches = new FakeWatches(events);
    made.push(watches);
    return watches;
  };
  let overflows = 0;
  const watcher = openWatcher({
    root,
    timers,
    limits,
    onHint: (...hint) => void hints.push(hint),
    onTrouble: (error) => void troubles.push(error),
    onOverflow: () => {
      overflows += 1;
    },
    openChokidar: make,
    openPlain: make,
    ...more,
  });
  t.after(async () => {
    await watcher.close();
    // Events are counted for all watchers of the process.
    timers.endTurn();
  });
  const [chokidar, plain] = made;
  assert.ok(chokidar && plain);
  const path = (directory: string) => (directory === '' ? root : join(root, directory));
  const own = (asked: string) => asked.slice(0, 1) + asked.slice(root.length + 2);
  return {
    ...{ root, timers, troubles, watcher, chokidar, plain, path },
    events: chokidar.events,
    overflows: () => overflows,
    /** What was hinted since the last look. */
    hinted: () => hints.splice(0),
    /** What chokidar and the plain watches were asked for since the last look, below the root. */
    asked: () => [chokidar, plain].map(({ asked }) => asked.splice(0).map(own)),
    /** Adds them while the rounds of arming go on. */
    add: async (...targets: readonly WatchTarget[]) => {
      let isDone = false;
      const added = watcher.add(targets).finally(() => {
        isDone = true;
      });
      for (await settled(); !isDone; await settled()) timers.advance(10);
      await added;
    },
  };
}

describe('what a watcher is told of', () => {
  it('is hinted once each, whole, when its watch is there', async (t) => {
    const { add, hinted, asked, watcher } = open(t);
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
    const { add, hinted, asked, events, path, chokidar, watcher } = open(t);
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
    const { add, asked, watcher, chokidar, path, events, timers } = open(t);
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
    const { add, asked, watcher, hinted } = open(t);
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
    const { add, asked, watcher, hinted, events, path } = open(t);
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
    const { asked, watcher, chokidar, path, timers } = open(t);
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
    const { add, asked } = open(t);
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
    const { add, asked } = open(t, { largeDirectoryEntries: 2 });
    const a = target('a', { entryCount: 2 });
    await add(a, target('c', { entryCount: 3 }));
    await add(a);
    assert.deepEqual(asked(), [['+a'], ['+c']]);
  });

  it('without chokidar where that cannot spell the path', async (t) => {
    const { add, asked } = open(t);
    await add(target('back\\slash'), target('odd\uDCFF'), target('plain'));
    assert.deepEqual(asked(), [['+plain'], ['+back\\slash', '+odd\uDCFF']]);
  });

  it('where the root leads to, which is looked for again with the root itself', async (t) => {
    const base = plantTemporary(t, { one: { a: {} }, two: { a: {} }, root: link('one') });
    const root = join(base, 'root');
    const { add, chokidar } = open(t, { root });
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
    const bench = open(t, more);
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
    const { limits: _, ...options } = { limits, openChokidar: (events: WatchEvents) => new FakeWatches(events) };
    const timers = new HandTimers();
    let overflows = 0;
    let events: WatchEvents | undefined;
    const watcher = openWatcher({
      ...options,
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

describe('a watch that is refused', () => {
  it('is told once for each kind, is not counted, and is tried with the next scan', async (t) => {
    const { add, chokidar, troubles, watcher, events } = open(t);
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

  it('for want of watches counts as many as are wanted, and leaves the rest to the next scan', async (t) => {
    const { add, chokidar, troubles, timers, watcher, asked } = open(t);
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
    const { add, chokidar, timers, asked, path, watcher, events } = open(t);
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
    const bench = open(t);
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
    const { events, path, watcher, timers } = open(t);
    await watcher.close();
    const guard = guardBursts(timers, 1, () => assert.fail('an overflow'));
    events.onRaw(path('a'), 'change', null);
    timers.endTurn();
    guard.close();
  });

  it('does not wait for what is being watched', async (t) => {
    const { watcher, chokidar, hinted, timers } = open(t);
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
