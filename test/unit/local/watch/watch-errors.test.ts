import '../../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import type { FSWatcher } from 'node:fs';
import { mkdirSync, renameSync, rmdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { SyncError } from '../../../../src/errors.ts';
import { guardBursts } from '../../../../src/local/watch/burst-guard.ts';
import { chokidarWatches } from '../../../../src/local/watch/chokidar-watches.ts';
import { readInotifyLimits } from '../../../../src/local/watch/inotify.ts';
import { watchMounts } from '../../../../src/local/watch/mounts.ts';
import { plainWatches } from '../../../../src/local/watch/plain-watches.ts';
import { openRemoteLooks } from '../../../../src/local/watch/remote-looks.ts';
import { collectTroubles } from '../../../../src/local/watch/watch-trouble.ts';
import { openWatcher } from '../../../../src/local/watch/watcher.ts';
import { failing, standIn, subject, systemError } from '../../../support/fs-calls.ts';
import { readDirectory } from '../../../support/read-directory.ts';
import { HandTimers } from '../../../support/timers.ts';
import { plantTemporary } from '../../../support/tree.ts';
import { until } from '../../../support/until.ts';

const isLinux = process.platform === 'linux';
const turns = async () => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('plain watches', () => {
  function open(t: TestContext) {
    const raw: (readonly [string, string, string | null])[] = [];
    const errors: (readonly [string | null, unknown])[] = [];
    const watches = plainWatches({
      onRaw: (...event) => raw.push(event),
      onDirectoryAdded: () => assert.fail('not asked for'),
      onDirectoryRemoved: () => assert.fail('not asked for'),
      onError: (...error) => errors.push(error),
    });
    t.after(() => watches.close());
    return {
      raw,
      errors,
      watches,
      codes: () => errors.map(([path, error]) => [path, (error as { code: string }).code]),
    };
  }

  for (const errno of ['ENOSPC', 'EMFILE', 'ENOENT', 'EACCES', 'EIO']) {
    it(`that cannot be armed (${errno}) say so, and are not armed`, (t) => {
      const root = plantTemporary(t, {});
      const { watches, codes } = open(t);
      failing(t, 'watch', errno);
      watches.arm(root);
      assert.deepEqual([codes(), watches.isArmed(root)], [[[root, errno]], false]);
    });
  }

  it('that fail later say so once, are closed, and may be armed again', async (t) => {
    const root = plantTemporary(t, {});
    const { watches, codes } = open(t);
    const made: FSWatcher[] = [];
    standIn(t, 'watch', (_, real) => {
      const watcher = real() as FSWatcher;
      made.push(watcher);
      return watcher;
    });
    watches.arm(root);
    const [first] = made;
    assert.ok(first);
    let closed = 0;
    first.on('close', () => {
      closed += 1;
    });
    first.emit('error', systemError('ENOSPC'));
    assert.deepEqual([codes(), watches.isArmed(root)], [[[root, 'ENOSPC']], false]);
    await turns();
    assert.equal(closed, 1);
    watches.arm(root);
    // The one before has nothing to say any more.
    first.emit('error', systemError('EIO'));
    assert.deepEqual([codes().length, watches.isArmed(root)], [1, true]);
    watches.disarm(root);
    assert.equal(watches.isArmed(root), false);
  });

  it('give an event by its path, with its name or without one, and none of what was disarmed', (t) => {
    const root = plantTemporary(t, {});
    const { watches, raw } = open(t);
    let tell: (event: string, name: Buffer | null) => void = () => {};
    standIn(t, 'watch', (args, real) => {
      tell = args[2] as typeof tell;
      return real();
    });
    watches.arm(root);
    tell('rename', Buffer.from('a.png'));
    tell('change', null);
    const before = tell;
    watches.disarm(root);
    before('rename', Buffer.from('b.png'));
    assert.deepEqual(raw, [
      [root, 'rename', 'a.png'],
      [root, 'change', null],
    ]);
  });
});

describe('chokidar’s watches', () => {
  function open(t: TestContext) {
    const errors: (readonly [string | null, unknown])[] = [];
    const watches = chokidarWatches({
      onRaw: () => {},
      onDirectoryAdded: () => {},
      onDirectoryRemoved: () => {},
      onError: (...error) => errors.push(error),
    });
    t.after(() => watches.close());
    return { errors, watches };
  }

  for (const [how, error, named] of [
    ['by its path', (path: string) => systemError('ENOSPC', 'watch', path), true],
    ['by its file name', (path: string) => Object.assign(new Error('x'), { code: 'ENOSPC', filename: path }), true],
    ['not at all', () => Object.assign(new Error('x'), { code: 'EIO', path: 7, filename: null }), false],
  ] as const) {
    it(`that fail say so, with the directory as the error names it: ${how}`, async (t) => {
      const root = plantTemporary(t, {});
      const { errors, watches } = open(t);
      const thrown = error(root);
      standIn(t, 'watch', () => {
        throw thrown;
      });
      watches.arm(root);
      await until('the error is told', () => errors.length > 0);
      assert.deepEqual(errors, [[named ? root : null, thrown]]);
    });
  }
});

describe('trouble with watches', () => {
  const collect = () => {
    const told: SyncError[] = [];
    const timers = new HandTimers();
    const limits = { maxUserWatches: 1, maxUserInstances: 1, maxQueuedEvents: null };
    const troubles = collectTroubles({
      root: '/drop',
      timers,
      limits,
      wantedWatches: () => 5,
      onTrouble: (e) => told.push(e),
    });
    return { told, timers, troubles };
  };

  it('is told by the root where no directory is named, and by whatever the error says where it has no code', () => {
    const { told, troubles } = collect();
    assert.equal(troubles.judge(null, systemError('EIO')), 'other');
    assert.equal(troubles.judge('/drop/sub', 'words'), 'other');
    assert.equal(troubles.judge('/drop/else', 'other words'), 'other');
    assert.deepEqual(
      told.map(({ message, path }) => [message, path]),
      [
        ['/drop cannot be watched (EIO)', '/drop'],
        ['/drop/sub cannot be watched (words)', '/drop'],
      ],
    );
  });

  it('is told whole, with its cause, and two seconds later where it is the limit', () => {
    const { told, timers, troubles } = collect();
    const failure = systemError('EIO');
    troubles.judge('/drop/sub', failure);
    const [error] = told;
    assert.deepEqual(
      [error?.code, error?.scope, error?.disposition, error?.op, error?.path, error?.hint, error?.cause],
      [
        'watch_failed',
        'folder',
        'retry',
        'watch',
        '/drop',
        'New files there are found by the periodic scan only.',
        failure,
      ],
    );
    const limit = systemError('ENFILE');
    assert.equal(troubles.judge(null, limit), 'limit');
    timers.advance(1_999);
    assert.equal(told.length, 1);
    timers.advance(1);
    assert.deepEqual([told.length, told[1]?.code, told[1]?.cause], [2, 'watch_limit', limit]);
  });

  for (const errno of ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG']) {
    it(`is left to the scan to tell where it is one of a directory (${errno})`, () => {
      const { told, troubles } = collect();
      assert.equal(troubles.judge('/drop/sub', systemError(errno)), 'other');
      assert.deepEqual(told, []);
    });
  }

  it('is not told any more once it was cancelled', () => {
    const { told, timers, troubles } = collect();
    assert.equal(troubles.judge('/drop/sub', systemError('ENOSPC')), 'limit');
    troubles.cancel();
    timers.advance(10_000);
    assert.deepEqual(told, []);
  });
});

describe('bursts', () => {
  it('of no known limit are none, and each turn is counted by itself', () => {
    const timers = new HandTimers();
    let overflows = 0;
    const endless = guardBursts(timers, null, () => assert.fail('an overflow'));
    const guard = guardBursts(timers, 4, () => {
      overflows += 1;
    });
    endless.close();
    for (const events of [2, 2, 3, 4, 2]) {
      for (let event = 0; event < events; event += 1) guard.count();
      timers.endTurn();
    }
    assert.equal(overflows, 2);
    guard.close();
    for (let event = 0; event < 9; event += 1) guard.count();
    timers.endTurn();
    assert.equal(overflows, 2);
  });
});

describe('a watcher without watches', { skip: !isLinux }, () => {
  /** Over directories with more entries than chokidar gets, so that each watch is one call of `fs.watch`. */
  function open(t: TestContext) {
    const root = plantTemporary(t, { a: {}, b: {}, c: {} });
    const timers = new HandTimers();
    const troubles: SyncError[] = [];
    const hints: string[] = [];
    const watcher = openWatcher({
      root,
      timers,
      largeDirectoryEntries: -1,
      limits: { maxUserWatches: 100, maxUserInstances: 10, maxQueuedEvents: 1_000 },
      onHint: (directory) => hints.push(directory),
      onTrouble: (error) => troubles.push(error),
      onOverflow: () => {},
    });
    t.after(() => watcher.close());
    const targets = () =>
      ['', 'a', 'b', 'c'].flatMap((directory) => {
        const found = readDirectory(root, directory);
        return found === null ? [] : [found];
      });
    const pass = async (ms: number) => {
      timers.advance(ms);
      await turns();
    };
    return { root, timers, troubles, hints, watcher, targets, pass };
  }

  for (const [errno, isRetried] of [
    ['EMFILE', true],
    ['ENFILE', true],
    ['ENOSPC', false],
  ] as const) {
    it(`because of ${errno} tries one, tells it once, ${isRetried ? 'and tries again in five seconds' : 'and waits for the next scan'}`, async (t) => {
      const { watcher, targets, troubles, pass, hints } = open(t);
      const failed = failing(t, 'watch', errno);
      const end = working(t);
      await watcher.add(targets());
      assert.equal(watcher.watchedCount(), 0);
      const tries = failed.count;
      assert.ok(tries >= 1 && tries <= 4);
      await pass(1_999);
      assert.equal(troubles.length, 0);
      await pass(1);
      assert.deepEqual(
        troubles.map(({ code }) => code),
        ['watch_limit'],
      );
      end();
      await pass(2_999);
      assert.equal(watcher.watchedCount(), 0);
      await pass(1);
      for (let step = 0; step < 50; step += 1) await pass(10);
      assert.equal(watcher.watchedCount(), isRetried ? 4 : 0);
      assert.deepEqual(hints.sort(), isRetried ? ['', 'a', 'b', 'c'] : []);
      if (!isRetried) await watcher.add(targets());
      assert.equal(watcher.watchedCount(), 4, 'at the next scan all of them are tried');
      assert.equal(troubles.length, 1);
    });
  }

  it('tries no other batch once it has met the limit', async (t) => {
    const { root, watcher, targets, hints } = open(t);
    const [whole] = targets();
    assert.ok(whole);
    const directories = Array.from({ length: 40 }, (_, at) => `d${at}`);
    for (const directory of directories) mkdirSync(join(root, directory));
    const failed = failing(t, 'watch', 'ENOSPC');
    await watcher.add(directories.map((directory) => ({ ...whole, directory })));
    assert.equal(failed.count, 32, 'one batch, and the rest is left to the next scan');
    assert.deepEqual(hints, []);
  });

  it('because of anything else tells that once, and the directory is hinted by scans only', async (t) => {
    const { root, watcher, targets, troubles, pass } = open(t);
    failing(t, 'watch', 'EIO', (about) => about !== join(root, 'b'));
    await Promise.all([watcher.add(targets()), settle(pass)]);
    assert.equal(watcher.watchedCount(), 1);
    assert.deepEqual(
      troubles.map(({ code, scope, disposition, hint }) => [code, scope, disposition, hint]),
      [['watch_failed', 'folder', 'retry', 'New files there are found by the periodic scan only.']],
    );
  });

  it('because a directory is gone forgets it without a word', async (t) => {
    const { root, watcher, targets, troubles, pass } = open(t);
    const all = targets();
    rmdirSync(join(root, 'a'));
    await Promise.all([watcher.add(all), settle(pass)]);
    assert.deepEqual([watcher.isKnown('a'), watcher.watchedCount(), troubles], [false, 3, []]);
  });

  it('arms another directory of the same name anew, and what was known below is forgotten', async (t) => {
    const { root, watcher, targets, pass } = open(t);
    await Promise.all([watcher.add(targets()), settle(pass)]);
    assert.equal(watcher.watchedCount(), 4);
    renameSync(join(root, 'a'), join(root, 'old'));
    mkdirSync(join(root, 'a'));
    let armed = 0;
    standIn(t, 'watch', (_, real) => {
      armed += 1;
      return real();
    });
    await Promise.all([watcher.add(targets()), settle(pass)]);
    assert.equal(armed, 1);
    assert.equal(watcher.watchedCount(), 4);
  });

  it('says nothing any more once it is closed', async (t) => {
    const { watcher, targets, hints, timers, troubles } = open(t);
    failing(t, 'watch', 'EMFILE');
    await watcher.add(targets());
    await watcher.close();
    timers.advance(60_000);
    await turns();
    await watcher.add(targets());
    assert.deepEqual([hints, troubles, watcher.watchedCount(), timers.waiting], [[], [], 0, 0]);
  });

  it('watches a root that cannot be resolved as it is spelled', async (t) => {
    const { root, watcher, targets, pass } = open(t);
    failing(t, 'realpathSync.native', 'EACCES');
    const armed: string[] = [];
    standIn(t, 'watch', (args, real) => {
      armed.push(subject(args));
      return real();
    });
    await Promise.all([watcher.add(targets()), settle(pass)]);
    assert.deepEqual(armed.sort(), [root, join(root, 'a'), join(root, 'b'), join(root, 'c')]);
  });
});

/** Ends the failing of `watch` that was begun before. */
function working(t: TestContext): () => void {
  return () => void standIn(t, 'watch', (_, real) => real());
}

async function settle(pass: (ms: number) => Promise<void>): Promise<void> {
  for (let step = 0; step < 60; step += 1) await pass(10);
}

describe('looks at a server', () => {
  for (const [directory, call] of [
    ['', 'stat'],
    ['sub', 'lstat'],
  ] as const) {
    for (const errno of ['ENOENT', 'ESTALE', 'EIO', 'EACCES', 'ENOTDIR']) {
      it(`that fail (${call}, ${errno}) have "${directory}" read: the reading says why`, async (t) => {
        const root = plantTemporary(t, { sub: {} });
        const hints: string[] = [];
        const looks = openRemoteLooks({
          root,
          isRemote: () => true,
          now: () => Date.parse('2100-01-01T00:00:00Z'),
          monotonic: () => 0,
          onHint: (hinted) => hints.push(hinted),
          onRemote: () => {},
        });
        const found = readDirectory(root, directory);
        assert.ok(found);
        looks.add(found);
        const { signal } = new AbortController();
        await looks.look(signal);
        assert.deepEqual(hints, []);
        failing(t, call, errno);
        await looks.look(signal);
        assert.deepEqual(hints, [directory]);
        standIn(t, call, (args) => void process.nextTick(args.at(-1) as () => void, new TypeError('a bug')));
        await assert.rejects(looks.look(signal), TypeError);
        looks.remove('');
        await looks.look(signal);
        assert.equal(hints.length, 1);
      });
    }
  }

  it('end with the signal: nothing is hinted that came of them', async (t) => {
    const root = plantTemporary(t, { sub: {} });
    const stop = new AbortController();
    const hints: string[] = [];
    const looks = openRemoteLooks({
      root,
      isRemote: () => true,
      now: Date.now,
      monotonic: () => 0,
      onHint: (hinted) => hints.push(hinted),
      onRemote: () => {},
    });
    for (const directory of ['', 'sub']) {
      const found = readDirectory(root, directory);
      assert.ok(found);
      looks.add(found);
    }
    let asked = 0;
    standIn(t, 'stat', (args) => {
      asked += 1;
      stop.abort();
      process.nextTick(args.at(-1) as () => void, systemError('EIO'));
    });
    await looks.look(stop.signal);
    await looks.look(stop.signal);
    assert.deepEqual([hints, asked], [[], 1]);
  });
});

describe('mounts below a root', () => {
  const list = (id: number, point: string) => Buffer.from(`${id} 1 8:1 / ${point} rw - ext4 /dev/sda1 rw\n`);

  it('that is not there are nothing: it is scanned whole when it is back', (t) => {
    const root = join(plantTemporary(t, {}), 'root');
    let mounts = list(1, '/elsewhere');
    const watch = watchMounts([root], () => mounts);
    mounts = list(2, join(root, 'card'));
    assert.deepEqual(watch.changes(), []);
    mkdirSync(root);
    mounts = list(3, join(root, 'card'));
    assert.deepEqual(watch.changes(), [{ root, path: 'card' }]);
    renameSync(root, `${root}.old`);
    symlinkSync(root, root);
    mounts = list(4, join(root, 'card'));
    assert.deepEqual(watch.changes(), [], 'nor is one that leads to itself');
  });

  it('fail with what no system says, and with what the list fails with', (t) => {
    const root = plantTemporary(t, {});
    let mounts = list(1, root);
    const watch = watchMounts([root], () => mounts);
    mounts = list(2, join(root, 'card'));
    standIn(t, 'realpathSync.native', () => {
      throw new TypeError('a bug');
    });
    assert.throws(() => watch.changes(), TypeError);
  });

  it('are none where the list is not there any more', (t) => {
    const root = plantTemporary(t, {});
    let mounts: Buffer | null = list(1, join(root, 'card'));
    const watch = watchMounts([root], () => mounts);
    mounts = null;
    assert.deepEqual(watch.changes(), []);
  });
});

describe('the kernel’s limits', { skip: !isLinux }, () => {
  const none = { maxUserWatches: null, maxUserInstances: null, maxQueuedEvents: null };

  it('are not known where they cannot be read, or are no numbers', (t) => {
    const isLimit = (about: string) => about.startsWith('/proc/sys/fs/inotify/');
    for (const text of ['', 'many', '0', '-1', '1.5']) {
      standIn(t, 'readFileSync', (args, real) => (isLimit(subject(args)) ? text : real()));
      assert.deepEqual(readInotifyLimits(), none, text);
    }
    standIn(t, 'readFileSync', (args, real) => (isLimit(subject(args)) ? '1\n' : real()));
    assert.deepEqual(readInotifyLimits(), { maxUserWatches: 1, maxUserInstances: 1, maxQueuedEvents: 1 });
    const each = new Map([
      ['/proc/sys/fs/inotify/max_user_watches', '5\n'],
      ['/proc/sys/fs/inotify/max_user_instances', '6\n'],
      ['/proc/sys/fs/inotify/max_queued_events', '7\n'],
    ]);
    standIn(t, 'readFileSync', (args, real) => each.get(subject(args)) ?? real());
    assert.deepEqual(readInotifyLimits(), { maxUserWatches: 5, maxUserInstances: 6, maxQueuedEvents: 7 });
    failing(t, 'readFileSync', 'EACCES', isLimit);
    assert.deepEqual(readInotifyLimits(), none);
  });
});
