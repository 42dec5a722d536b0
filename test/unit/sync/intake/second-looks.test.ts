import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { FileStat, Holder } from '../../../../src/core/entry.ts';
import { SyncError } from '../../../../src/errors.ts';
import type { FolderFile } from '../../../../src/sync/intake/admit.ts';
import { Inspector } from '../../../../src/sync/intake/inspector.ts';
import { lookAtRacy } from '../../../../src/sync/intake/racy.ts';
import { Settling } from '../../../../src/sync/intake/settling.ts';
import { Vanishing } from '../../../../src/sync/intake/vanishing.ts';
import type { Inspection, LocalPort } from '../../../../src/sync/ports/local.ts';
import { nobodyWatches } from '../../../../src/sync/ports/watch.ts';
import type { RootGuard } from '../../../../src/sync/roots/root-guard.ts';
import { openDrop } from '../../../support/drop.ts';
import { HandClock, settled as turns } from '../../../support/hand-clock.ts';
import { knowFiles, statOn } from '../../../support/known-files.ts';
import { memoryLedger, withFolder } from '../../../support/ledgers.ts';
import { until } from '../../../support/until.ts';

// What was looked at is looked at again after each wait: here it changes within the wait.

const noLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A promise that a test settles. */
function gate<T>(): { readonly promise: Promise<T>; readonly open: (value: T) => void } {
  let open: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

describe('while the writers of a batch are looked up', () => {
  const file = { root: '/drop', directory: '', name: 'a.png' };
  type Open = ReadonlyMap<string, readonly Holder[]>;

  function settling(looksUnwritten?: LocalPort['looksUnwritten'], isRemote = false) {
    const clock = new HandClock();
    const stopping = new AbortController();
    const settled: number[] = [];
    const lost: string[] = [];
    const lookUps: ReturnType<typeof gate<Open>>[] = [];
    let stat = statOn(1);
    const local = {
      look: () => ({ kind: 'file', stat }),
      isRemote: () => isRemote,
      openForWriting: () => {
        const lookUp = gate<Open>();
        lookUps.push(lookUp);
        return lookUp.promise;
      },
      ...(looksUnwritten === undefined ? {} : { looksUnwritten }),
    } as unknown as LocalPort;
    const all = new Settling<typeof file>({
      clock,
      local,
      quietMs: 1_000,
      signal: stopping.signal,
      onSettled: (_, { sizeBytes }) => settled.push(sizeBytes),
      onLost: ({ name }) => lost.push(name),
      onError: (error) => assert.fail(String(error)),
    });
    const see = (sizeBytes: number) => {
      stat = { ...statOn(1), sizeBytes, mtimeMs: clock.now() + 0.5, ctimeMs: clock.now() + 0.5 };
      all.add(file, stat);
    };
    const answer = async (open: Open = new Map()) => {
      lookUps.at(-1)?.open(open);
      await turns();
    };
    return { all, clock, stopping, settled, lost, lookUps, see, answer };
  }

  it('a file that is seen to change is not finished: its quiet period begins again', async () => {
    const { clock, settled, lookUps, see, answer } = settling();
    see(10);
    await clock.advance(1_100);
    assert.equal(lookUps.length, 1);
    see(20);
    await answer();
    assert.deepEqual(settled, []);
    await clock.advance(1_500);
    await answer();
    assert.deepEqual(settled, [20]);
  });

  it('a file that vanishes is not finished', async () => {
    const { all, clock, settled, see, answer } = settling();
    see(10);
    await clock.advance(1_100);
    all.forget('/drop');
    await answer();
    await clock.advance(10_000);
    assert.deepEqual([settled, all.size], [[], 0]);
  });

  it('nothing is finished once the daemon is to stop, and nothing is looked up any more', async () => {
    const { clock, stopping, settled, lookUps, see, answer } = settling();
    see(10);
    await clock.advance(1_100);
    stopping.abort();
    await answer();
    see(20);
    await clock.advance(60_000);
    assert.deepEqual([settled, lookUps.length], [[], 1]);
  });

  it('they are not looked up a second time', async () => {
    const { all, clock, settled, lookUps, see, answer } = settling();
    see(10);
    await clock.advance(1_100);
    const other = { ...file, name: 'b.png' };
    all.add(other, { ...statOn(1), sizeBytes: 5, mtimeMs: clock.now(), ctimeMs: clock.now() });
    await clock.advance(5_000);
    assert.equal(lookUps.length, 1);
    await answer();
    await clock.advance(5_000);
    assert.equal(lookUps.length, 2);
    await answer();
    assert.deepEqual(settled.length, 2);
  });

  it('a file that goes on is not asked for its missing part, and neither is one that changed while that was asked', async () => {
    const asked: ReturnType<typeof gate<boolean>>[] = [];
    const ask = () => {
      const question = gate<boolean>();
      asked.push(question);
      return question.promise;
    };
    const { clock, settled, see, answer, all } = settling(ask, true);
    see(10);
    await clock.advance(1_100);
    while (asked.length === 0) {
      await answer();
      await clock.advance(2_000);
    }
    see(20);
    asked[0]?.open(false);
    await turns();
    assert.deepEqual([settled, all.size], [[], 1], 'it looked finished as it was before');
  });

  it('a file that is held is looked at again, and taken when it is free', async () => {
    const { clock, settled, see, answer, all } = settling();
    see(10);
    await clock.advance(1_100);
    await answer(new Map([['1:1', [{ pid: 1, name: 'ffmpeg' }]]]));
    assert.deepEqual([settled, all.heldOpen], [[], 1]);
    await clock.advance(1_000);
    await answer();
    assert.deepEqual([settled, all.heldOpen], [[10], 0]);
  });

  it('a file that is held and seen as it was goes on to be held, and is looked up no sooner', async () => {
    const { all, clock, lookUps, see, answer } = settling();
    see(10);
    const seen = { ...statOn(1), sizeBytes: 10, mtimeMs: clock.now() + 0.5, ctimeMs: clock.now() + 0.5 };
    await clock.advance(1_100);
    await answer(new Map([['1:1', [{ pid: 1, name: 'ffmpeg' }]]]));
    for (let hints = 0; hints < 4; hints += 1) {
      all.add(file, seen);
      await clock.advance(100);
    }
    assert.deepEqual([all.heldOpen, lookUps.length], [1, 1]);
  });

  it('a file that is told to settle once more goes on with what was seen of it meanwhile', async () => {
    const { all, clock, settled, lookUps, see, answer } = settling();
    see(20);
    all.again(file, { ...statOn(1), sizeBytes: 10 }, 100);
    await clock.advance(1_100);
    assert.equal(lookUps.length, 1, 'not a hundred quiet periods later');
    await answer();
    assert.deepEqual(settled, [20]);
  });
});

describe('while a file is read', () => {
  const stat: FileStat = statOn(1);

  async function inspecting() {
    const { ledger } = memoryLedger();
    const folder = await withFolder(ledger);
    const file: FolderFile = { ...folder, directory: '', name: 'a.png' };
    const clock = new HandClock();
    const stopping = new AbortController();
    const reads: { readonly isLastLook: boolean | undefined; readonly done: (inspection: Inspection) => void }[] = [];
    const standing = { mayTake: true, isExcluded: false };
    const lost: string[] = [];
    const unfinished: number[] = [];
    const errors: unknown[] = [];
    const work: number[] = [];
    const inspector = new Inspector({
      ledger,
      clock,
      random: { fraction: () => 0.5, token: () => 'token' },
      log: noLog,
      local: {
        isRemote: () => false,
        inspect: (_: unknown, __: unknown, isLastLook?: boolean) => {
          const read = gate<Inspection>();
          reads.push({ isLastLook, done: read.open });
          return read.promise;
        },
      } as unknown as LocalPort,
      matching: { begin: (_, __, nowMs) => ({ state: 'queued', notBeforeMs: nowMs }) },
      roots: { isThere: () => true, mayTake: () => standing.mayTake },
      rules: { isExcluded: () => standing.isExcluded },
      signal: stopping.signal,
      onWork: ({ content }) => work.push(content.id),
      onLost: ({ name }) => lost.push(name),
      onUnfinished: (_, __, quietPeriods) => unfinished.push(quietPeriods),
      onChange: () => {},
      onError: (error) => errors.push(error),
    });
    const add = async (seen = stat) => {
      inspector.add({ file, stat: seen });
      await turns();
    };
    const answer = async (inspection: Inspection) => {
      reads.at(-1)?.done(inspection);
      await turns();
    };
    const rows = () => {
      const directory = ledger.directories.find(folder.folderId, '');
      return directory === undefined ? [] : ledger.files.inDirectory(directory.id);
    };
    return { inspector, add, answer, reads, standing, stopping, lost, unfinished, errors, work, rows, ledger };
  }

  const digested = (seen = stat): Inspection => ({
    kind: 'fingerprint',
    fingerprint: { stat: seen, sha256: 'aa'.repeat(32), contentType: 'image/png' },
  });
  const problem = (code: string): Inspection => ({ kind: 'problem', problem: { code, reason: 'why' } });

  it('it may go on as it settled: then it is taken in', async () => {
    const { add, answer, rows, lost, work } = await inspecting();
    await add();
    await answer(digested());
    assert.deepEqual([rows().length, lost, work.length], [1, [], 1]);
  });

  for (const [what, change] of [
    ['size', { sizeBytes: 4 }],
    ['time', { mtimeMs: 2 }],
    ['inode', { inode: 2 }],
    ['change time', { ctimeMs: 2 }],
  ] as const) {
    it(`it may turn out to have another ${what} than when it settled: it is looked at again, and not taken in`, async () => {
      const { add, answer, rows, lost, work } = await inspecting();
      await add();
      await answer(digested({ ...stat, ...change }));
      assert.deepEqual([rows(), lost, work], [[], ['a.png'], []]);
    });
  }

  for (const inspection of [digested(), problem('empty'), { kind: 'unfinished', quietPeriods: 2 }] as const) {
    it(`its root may be another by then: nothing of it is written down (${inspection.kind})`, async () => {
      const { add, answer, standing, rows, lost, unfinished } = await inspecting();
      await add();
      standing.mayTake = false;
      await answer(inspection);
      assert.deepEqual([rows(), lost, unfinished], [[], ['a.png'], []]);
    });

    it(`a rule may leave it alone by then: nothing of it is written down (${inspection.kind})`, async () => {
      const { add, answer, standing, rows, lost, unfinished } = await inspecting();
      await add();
      standing.isExcluded = true;
      await answer(inspection);
      assert.deepEqual([rows(), lost, unfinished], [[], ['a.png'], []]);
    });

    it(`the daemon may be told to stop: nothing comes of it (${inspection.kind})`, async () => {
      const { add, answer, stopping, rows, lost, unfinished, errors } = await inspecting();
      await add();
      stopping.abort();
      await answer(inspection);
      assert.deepEqual([rows(), lost, unfinished, errors], [[], [], [], []]);
    });
  }

  for (const kind of ['changed', 'gone'] as const) {
    it(`it may be ${kind}: it is looked at again`, async () => {
      const { add, answer, rows, lost } = await inspecting();
      await add();
      await answer({ kind });
      assert.deepEqual([rows(), lost], [[], ['a.png']]);
    });
  }

  it('what could not be read is written down so that each scan sees a change, and what is no picture is not', async () => {
    for (const [code, isAgain] of [
      ['read_error', true],
      ['empty', false],
    ] as const) {
      const { add, answer, rows } = await inspecting();
      await add();
      await answer(problem(code));
      const [row] = rows();
      assert.equal(row?.problem?.code, code);
      assert.equal(row?.stat.ctimeMs === stat.ctimeMs, !isAgain);
    }
  });

  it('what was unfinished is looked at for the last time only as it was then', async () => {
    const { add, answer, reads, unfinished } = await inspecting();
    await add();
    await answer({ kind: 'unfinished', quietPeriods: 3 });
    await add({ ...stat, mtimeMs: 9 });
    await answer({ kind: 'unfinished', quietPeriods: 3 });
    await add({ ...stat, mtimeMs: 9 });
    await answer(digested({ ...stat, mtimeMs: 9 }));
    assert.deepEqual(unfinished, [3, 3]);
    assert.deepEqual(
      reads.map(({ isLastLook }) => isLastLook),
      [false, false, true],
    );
  });

  it('nothing is begun once the daemon is to stop', async () => {
    const { add, stopping, reads } = await inspecting();
    stopping.abort();
    await add();
    assert.equal(reads.length, 0);
  });

  it('the end waits for what is being read, and what waits behind it is forgotten', async () => {
    const { inspector, add, answer, reads, stopping } = await inspecting();
    for (let at = 0; at < 3; at += 1) await add();
    assert.equal(reads.length, 2);
    assert.equal(inspector.list().length, 3);
    stopping.abort();
    let isClosed = false;
    const closing = inspector.close().then(() => {
      isClosed = true;
    });
    await turns();
    assert.equal(isClosed, false);
    reads[0]?.done({ kind: 'gone' });
    await answer({ kind: 'gone' });
    await closing;
    assert.deepEqual([reads.length, inspector.size, inspector.list()], [2, 0, []]);
  });

  it('what is no known failure is told, but not of a ledger that was closed under it', async () => {
    for (const isStopping of [false, true]) {
      const { add, answer, errors, stopping, ledger } = await inspecting();
      await add();
      Object.assign(ledger, {
        write: async () => {
          if (isStopping) stopping.abort();
          throw new TypeError('a bug');
        },
      });
      await answer(digested());
      assert.deepEqual(
        errors.map((error) => error instanceof TypeError),
        isStopping ? [] : [true],
      );
    }
  });
});

describe('the end', () => {
  it('of the intake waits for what becomes durable', async (t) => {
    let go = () => {};
    const drop = await openDrop(t, { a: 'a' });
    const write = drop.ledger.write.bind(drop.ledger);
    let isHeld = false;
    Object.assign(drop.ledger, {
      write: async (run: Parameters<typeof write>[0]) => {
        if (drop.intake.pendingFiles > 0 && !isHeld) {
          isHeld = true;
          await new Promise<void>((resolve) => {
            go = resolve;
          });
        }
        return await write(run);
      },
    });
    void drop.intake.scan(drop.folder);
    await until('a row is written', () => isHeld);
    drop.stop();
    let isClosed = false;
    const closing = drop.intake.close().then(() => {
      isClosed = true;
    });
    await turns();
    assert.equal(isClosed, false);
    go();
    await closing;
    assert.ok(drop.contentOf('a'));
  });
});

describe('while files are looked at once more', () => {
  it('none is once the daemon is to stop, or their folder is not believed any more; each at its turn', async () => {
    for (const [how, expected] of [
      ['goes on', ['a', 'b', 'c']],
      ['stops', ['a']],
      ['is away', ['a']],
    ] as const) {
      const { ledger } = memoryLedger();
      const folder = await withFolder(ledger);
      await knowFiles(ledger, folder, ['a', 'b', 'c']);
      const clock = new HandClock();
      const directoryId = ledger.directories.find(folder.folderId, '')?.id ?? 0;
      await ledger.write(({ racyFiles }) => {
        for (const name of ['a', 'b', 'c']) racyFiles.note(directoryId, name, 1);
      });
      const stopping = new AbortController();
      let isAway = false;
      const seen: string[] = [];
      let inHand = 0;
      const examiner = {
        name: async (_: unknown, __: string, name: string) => {
          assert.equal(inHand, 0, 'one at a time');
          inHand += 1;
          await turns();
          inHand -= 1;
          seen.push(name);
          if (how === 'stops') stopping.abort();
          if (how === 'is away') isAway = true;
        },
      };
      const deps = { ledger, clock, roots: { mayTake: () => !isAway }, signal: stopping.signal };
      await lookAtRacy(deps, examiner, folder);
      assert.equal(inHand, 0);
      assert.deepEqual(seen.sort(), [...expected], how);
      // Taken for ten minutes: not again at once, and again if nothing came of it.
      assert.equal(ledger.racyFiles.due(folder.folderId, clock.now(), 9).length, 0);
      assert.equal(ledger.racyFiles.due(folder.folderId, clock.now() + 10 * 60_000 - 1, 9).length, 0);
      assert.equal(ledger.racyFiles.due(folder.folderId, clock.now() + 10 * 60_000, 9).length, 3);
    }
  });
});

describe('while what vanished is written down', () => {
  async function vanishing() {
    const { ledger } = memoryLedger();
    const folder = await withFolder(ledger);
    await knowFiles(ledger, folder, ['sub/a', 'sub/b', 'sub/c', 'sub/deep/d']);
    const stopping = new AbortController();
    const disk = {
      isThere: true,
      away: '',
      gone: new Set(['sub', 'sub/a', 'sub/b', 'sub/c', 'sub/deep', 'sub/deep/d']),
    };
    const told: string[] = [];
    /** Called before each write. */
    let onWrite = (_: number) => {};
    let writes = 0;
    const write = ledger.write.bind(ledger);
    let inHand = 0;
    Object.assign(ledger, {
      write: async (run: Parameters<typeof write>[0]) => {
        assert.equal(inHand, 0, 'one after the other');
        inHand += 1;
        writes += 1;
        onWrite(writes);
        await turns();
        const result = await write(run);
        inHand -= 1;
        return result;
      },
    });
    const unwatched: string[] = [];
    const all = new Vanishing({
      ledger,
      clock: new HandClock(),
      random: { fraction: () => 0.5, token: () => 'token' },
      log: noLog,
      local: { look: () => assert.fail('not asked'), detour: () => null },
      matching: { begin: () => assert.fail('not asked') },
      roots: {
        isThere: ({ root, directory }: { root: string; directory: string }) => {
          assert.equal(root, '/drop');
          return disk.isThere && disk.away !== directory;
        },
      } as unknown as RootGuard,
      watch: { ...nobodyWatches, remove: (_, directory) => void unwatched.push(directory) },
      signal: stopping.signal,
      vanishedPerWrite: 1,
      isGone: (_, directory, name) => disk.gone.has(directory === '' ? name : `${directory}/${name}`),
      onVanished: (path) => told.push(path),
    });
    const id = (path: string) => ledger.directories.find(folder.folderId, path)?.id ?? 0;
    const left = () =>
      ['sub', 'sub/deep'].flatMap((directory) =>
        ledger.files.inDirectory(id(directory)).flatMap(({ name, isGone }) => (isGone ? [] : [name])),
      );
    const areGone = () => ['sub', 'sub/deep'].map((path) => ledger.directories.find(folder.folderId, path)?.isGone);
    return {
      all,
      folder,
      disk,
      stopping,
      told,
      left,
      areGone,
      id,
      unwatched,
      writes: () => writes,
      inHand: () => inHand,
      at: (happens: (write: number) => void) => {
        onWrite = happens;
      },
    };
  }

  it('all of a tree is, itself last', async () => {
    const { all, folder, id, left, areGone, told, unwatched, inHand, writes } = await vanishing();
    await all.tree(folder, 'sub', id('sub'));
    assert.deepEqual([left(), areGone(), told], [[], [true, true], ['/drop/sub', '/drop/sub/deep']]);
    assert.deepEqual([unwatched, inHand(), writes()], [['sub', 'sub/deep'], 0, 6]);
  });

  it('costs a write for each slice, and none where there is nothing', async () => {
    const { all, folder, id, writes, inHand, left } = await vanishing();
    await all.files(folder, 'sub', id('sub'), []);
    assert.equal(writes(), 0);
    await all.files(folder, 'sub', id('sub'), ['a', 'b', 'c']);
    assert.deepEqual([writes(), inHand(), left()], [3, 0, ['d']]);
  });

  it('nothing is in a directory whose drive is away, whatever is beside it', async () => {
    const { all, folder, id, left, disk, areGone, told } = await vanishing();
    disk.away = 'sub/deep';
    await all.tree(folder, 'sub', id('sub'));
    assert.deepEqual([left(), areGone(), told], [['d'], [true, false], ['/drop/sub']]);
    await all.files(folder, 'sub/deep', id('sub/deep'), ['d']);
    assert.deepEqual(left(), ['d']);
  });

  it('a directory whose drive goes away meanwhile is not gone, though its names were', async () => {
    const { all, folder, id, left, disk, areGone, at } = await vanishing();
    at((write) => {
      if (write === 4) disk.away = 'sub/deep';
    });
    await all.tree(folder, 'sub', id('sub'));
    assert.deepEqual([left(), areGone()], [[], [true, false]]);
  });

  it('the names below what is gone are, also where they can be seen below what is in its place', async () => {
    const { all, folder, id, left, disk, areGone } = await vanishing();
    disk.gone = new Set(['sub']);
    await all.tree(folder, 'sub', id('sub'));
    assert.deepEqual([left(), areGone()], [[], [true, true]]);
  });

  it('what is back by then is not gone', async () => {
    const { all, folder, id, left, disk, at } = await vanishing();
    at((write) => write === 2 && disk.gone.delete('sub/b'));
    await all.files(folder, 'sub', id('sub'), ['a', 'b', 'c']);
    assert.deepEqual(left(), ['b', 'd']);
  });

  it('nothing more is once its folder is not believed any more', async () => {
    const { all, folder, id, left, disk, at, areGone } = await vanishing();
    at((write) => {
      if (write === 2) disk.isThere = false;
    });
    await all.tree(folder, 'sub', id('sub'));
    assert.deepEqual([left().length, areGone()], [2, [false, false]]);
    await all.tree(folder, 'sub', id('sub'));
    await all.files(folder, 'sub', id('sub'), ['c']);
    assert.deepEqual([left().length, areGone()], [2, [false, false]]);
  });

  it('a directory that is back when its turn comes stays, or its files would be looked for by nobody', async () => {
    const { all, folder, id, disk, at, areGone } = await vanishing();
    // The fifth is the directory below, the sixth this one.
    at((write) => {
      if (write === 6) disk.gone.delete('sub');
    });
    await all.tree(folder, 'sub', id('sub'));
    assert.deepEqual(areGone(), [false, true]);
  });

  it('a directory that is gone is, also where that above it is back by then', async () => {
    const { all, folder, id, disk, at, areGone } = await vanishing();
    at((write) => write === 5 && disk.gone.delete('sub'));
    await all.tree(folder, 'sub', id('sub'));
    assert.deepEqual(areGone(), [false, true]);
  });

  it('nothing more is once the daemon is to stop', async () => {
    const { all, folder, id, left, stopping, at } = await vanishing();
    at((write) => write === 1 && stopping.abort(new Error('enough')));
    await assert.rejects(all.tree(folder, 'sub', id('sub')), { message: 'enough' });
    assert.equal(left().length, 3);
  });

  it('what another has told already is not told again', async () => {
    const { all, folder, id, left } = await vanishing();
    await all.files(folder, 'sub', id('sub'), ['a', 'a', 'never seen']);
    assert.deepEqual(left(), ['b', 'c', 'd']);
  });
});

describe('while a directory is read', () => {
  it('its root may be another by then: nothing of the listing is taken', async (t) => {
    let happens = () => {};
    const drop = await openDrop(t, { sub: { a: 'a' } }, {});
    await drop.scan();
    const { read } = drop.local;
    Object.assign(drop.local, {
      read: async (...args: Parameters<typeof read>) => {
        const result = await read(...args);
        happens();
        return result;
      },
    });
    writeFileSync(join(drop.root, 'sub', 'b'), 'b');
    happens = () => {
      renameSync(drop.root, `${drop.root}.old`);
      mkdirSync(join(drop.root, 'other'), { recursive: true });
    };
    drop.hint('sub', null);
    await until('the hint was looked into', () => drop.intake.isIdle);
    assert.equal(drop.contentOf('b'), undefined);
    assert.deepEqual(drop.present('sub'), ['a']);
    assert.equal(drop.troubles.length, 1);
    rmSync(`${drop.root}.old`, { recursive: true });
  });

  it('a problem of it is told under its name, and of the root that is gone the scan says why', async (t) => {
    const drop = await openDrop(t, { sub: { a: 'a' } }, {});
    await drop.scan();
    const { read } = drop.local;
    const problem = { code: 'unreadable_directory', reason: 'no' };
    const end = (result: unknown) => Object.assign(drop.local, { read: async () => result });
    end({ kind: 'problem', problem });
    drop.hint('sub', null);
    await until('the hint was looked into', () => drop.intake.isIdle);
    assert.deepEqual(drop.present(), ['sub']);
    assert.deepEqual(drop.present('sub'), ['a'], 'what is in it is left as it was');
    Object.assign(drop.local, { read });
    drop.hint('sub', null);
    await until('the hint was looked into', () => drop.intake.isIdle);
    assert.deepEqual(drop.present(), [], 'and readable again');
    end({ kind: 'gone' });
    writeFileSync(join(drop.root, 'b'), 'b');
    drop.hint('', null);
    await until('the root was scanned', () => drop.contentOf('b') !== undefined);
  });

  it('what a walk cannot read is a problem, unless its folder is not believed any more', async (t) => {
    const drop = await openDrop(t, { a: 'a' }, {});
    await drop.scan();
    const problem = { code: 'unreadable_directory', reason: 'no' };
    const walking = (before: () => void) =>
      Object.assign(drop.local, {
        walk: async (_: string, __: string, handlers: Parameters<LocalPort['walk']>[2]) => {
          before();
          await handlers.onUnreadable('sub', problem);
        },
      });
    walking(() => {});
    await drop.intake.scan(drop.folder);
    assert.deepEqual(drop.present(), ['a', 'sub']);
    rmSync(join(drop.root, 'a'));
    walking(() => {
      renameSync(drop.root, `${drop.root}.old`);
      mkdirSync(drop.root);
    });
    const { ledger, folder } = drop;
    const directoryId = ledger.directories.find(folder.folderId, '')?.id ?? 0;
    await ledger.write(({ files }) => files.remove(directoryId, 'sub'));
    await drop.intake.scan(drop.folder);
    assert.deepEqual(drop.present(), ['a'], 'nothing of another root is written down');
    rmSync(`${drop.root}.old`, { recursive: true });
  });

  it('a walk that fails as no folder does fails the scan, and one that is told to stop ends without a word', async (t) => {
    const drop = await openDrop(t, {}, {});
    const failing = (error: Error) => Object.assign(drop.local, { walk: () => Promise.reject(error) });
    failing(new TypeError('a bug'));
    await assert.rejects(drop.intake.scan(drop.folder), TypeError);
    failing(new SyncError('full', { code: 'ledger_full', scope: 'process', op: 'commit' }));
    await assert.rejects(drop.intake.scan(drop.folder), { code: 'ledger_full' });
    assert.equal(drop.intake.isIdle, true);
    failing(new SyncError('not there', { code: 'folder_missing', op: 'scan' }));
    assert.equal(await drop.intake.scan(drop.folder), false);
    assert.equal(drop.troubles.at(-1)?.code, 'folder_missing');
    failing(new TypeError('a bug'));
    drop.stop();
    assert.equal(await drop.intake.scan(drop.folder), false);
  });
});
