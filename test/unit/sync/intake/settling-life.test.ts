import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FilePath, FileStat, Holder } from '../../../../src/core/entry.ts';
import { Settling } from '../../../../src/sync/intake/settling.ts';
import type { LocalPort } from '../../../../src/sync/ports/local.ts';
import { CountingClock } from '../../../support/counting-clock.ts';

// What settling costs, what it hands on, and what it leaves behind.

const file = { root: '/drop', directory: '', name: 'a.png' };

function open(quietMs = 2_000) {
  const clock = new CountingClock();
  const disk = {
    inode: 1,
    changedMs: clock.now() - 0.25,
    isHeld: false,
    lookUpMs: 0,
    isRemote: false,
    isUnwritten: false,
    fails: null as Error | null,
    /** Called while something is asked of the disk. */
    onAsked: () => {},
  };
  let timersSet = 0;
  const setTimer = clock.setTimer.bind(clock);
  clock.setTimer = (delayMs, callback) => {
    timersSet += 1;
    return setTimer(delayMs, callback);
  };
  const lost: string[] = [];
  const stopping = new AbortController();
  const settled: [string, FileStat][] = [];
  const errors: unknown[] = [];
  const lookUps: { readonly atMs: number; readonly keys: number; readonly all: boolean | undefined }[] = [];
  const looks: number[] = [];
  const asked: number[] = [];
  const gone = new Set<string>();
  const statNow = (): FileStat => {
    const { changedMs, inode } = disk;
    return { sizeBytes: 3, mtimeMs: changedMs, ctimeMs: changedMs, inode, device: 1 };
  };
  const startMs = clock.now();
  const local = {
    look: ({ name }: FilePath) => {
      looks.push(clock.now() - startMs);
      return gone.has(name) ? { kind: 'gone' } : { kind: 'file', stat: statNow() };
    },
    isRemote: ({ name }: FilePath, device: number) => {
      assert.equal(device, 1);
      return disk.isRemote && name !== '';
    },
    looksUnwritten: async ({ name }: FilePath, signal: AbortSignal) => {
      assert.deepEqual([name, signal], ['a.png', stopping.signal]);
      asked.push(clock.now() - startMs);
      disk.onAsked();
      return disk.isUnwritten;
    },
    openForWriting: async (keys: ReadonlySet<string>, signal: AbortSignal, all?: boolean) => {
      assert.equal(signal, stopping.signal);
      lookUps.push({ atMs: clock.now() - startMs, keys: keys.size, all });
      clock.pass(disk.lookUpMs);
      disk.onAsked();
      const { fails } = disk;
      disk.fails = null;
      if (fails !== null) throw fails;
      const holders: Holder[] = [{ pid: 4711, name: 'ffmpeg' }];
      return new Map(disk.isHeld ? [...keys].map((key) => [key, holders]) : []);
    },
  } as unknown as LocalPort;
  const settling = new Settling<typeof file>({
    clock,
    local,
    quietMs,
    signal: stopping.signal,
    onSettled: ({ name }, stat) => settled.push([name, stat]),
    onLost: ({ name }) => {
      assert.ok(gone.has(name), 'nothing else is lost');
      lost.push(name);
    },
    onError: (error) => errors.push(error),
  });
  const timers = () => timersSet;
  return {
    ...{ clock, disk, gone, local, settling, settled, lost, errors, lookUps, looks, asked, statNow, stopping, timers },
  };
}

describe('a file that settles', () => {
  it('is looked at once, when it may be quiet, and handed on as it looked then; no timer is left', async () => {
    const { clock, settling, settled, looks, lookUps, statNow } = open();
    settling.add(file, statNow());
    await clock.advance(2_019);
    assert.deepEqual([looks, lookUps, clock.live.size], [[], [], 1]);
    await clock.advance(10_000);
    assert.deepEqual([looks, settled], [[2_020], [['a.png', statNow()]]]);
    assert.deepEqual(lookUps, [{ atMs: 2_020, keys: 1, all: undefined }]);
    assert.equal(clock.live.size, 0);
  });

  it('is not looked at because another one is due', async () => {
    const { clock, settling, looks, statNow } = open();
    settling.add(file, statNow());
    await clock.advance(1_000);
    settling.add({ ...file, name: 'b.png' }, { ...statNow(), mtimeMs: clock.now(), inode: 2 });
    await clock.advance(1_020);
    assert.equal(looks.length, 1);
  });

  it('that changed until it is looked at waits on, and nobody is looked up', async () => {
    const { clock, disk, settling, settled, looks, lookUps, statNow } = open();
    settling.add(file, statNow());
    await clock.advance(2_000);
    disk.changedMs = clock.now() + 0.5;
    await clock.advance(2_019);
    assert.deepEqual([looks, lookUps, settled], [[2_020], [], []]);
    await clock.advance(21);
    assert.deepEqual([looks, lookUps.length, settled.length], [[2_020, 4_040], 1, 1]);
  });

  it('that is gone when it is looked at is waited for no more, and told as lost', async () => {
    const { clock, gone, settling, lost, looks, settled, statNow } = open();
    gone.add('a.png');
    settling.add(file, statNow());
    settling.add({ ...file, name: 'b.png' }, statNow());
    await clock.advance(10_000);
    assert.deepEqual([lost, looks.length, settling.size, clock.live.size], [['a.png'], 2, 0, 0]);
    assert.deepEqual(
      settled.map(([name]) => name),
      ['b.png'],
    );
  });

  it('has one timer with all others, which is set anew only for one that is due sooner', async () => {
    const { clock, settling, timers, statNow, looks } = open();
    for (const name of ['a', 'b', 'c']) settling.add({ ...file, name }, statNow());
    assert.deepEqual([clock.live.size, timers()], [1, 1]);
    settling.add({ ...file, name: 'old' }, { ...statNow(), mtimeMs: 1, ctimeMs: 1.5 });
    assert.deepEqual([clock.live.size, timers()], [1, 2]);
    await clock.advance(0);
    assert.deepEqual([looks, settling.size, clock.live.size], [[], 3, 1]);
  });

  it('that changes while somebody has it open is held by nobody for all that is known', async () => {
    const { clock, disk, settling, statNow } = open();
    disk.isHeld = true;
    settling.add(file, statNow());
    await clock.advance(2_020);
    assert.equal(settling.heldOpen, 1);
    disk.changedMs = clock.now() + 0.5;
    settling.add(file, statNow());
    assert.equal(settling.heldOpen, 0, 'it waits because it changed');
  });

  it('is finished where nobody can say whether a part of it is missing', async () => {
    const { clock, disk, local, settling, settled, errors, statNow } = open();
    disk.isRemote = true;
    Object.assign(local, { looksUnwritten: undefined });
    settling.add(file, statNow());
    await clock.advance(10_000);
    assert.deepEqual([settled.length, errors], [1, []]);
  });

  it('is not finished once the daemon is to stop, whatever was asked by then; no timer is set any more', async () => {
    for (const question of [1, 2]) {
      const { clock, disk, settling, settled, stopping, statNow } = open();
      disk.isRemote = true;
      let questions = 0;
      disk.onAsked = () => {
        questions += 1;
        if (questions === question) stopping.abort();
      };
      settling.add(file, statNow());
      await clock.advance(60_000);
      assert.deepEqual([questions, settled, settling.size, clock.live.size], [question, [], 1, 0]);
    }
  });

  it('that is told to settle once more is held by nobody, and looked at no second time where it is old', async () => {
    const { clock, settling, settled, looks, statNow } = open();
    clock.pass(60_000);
    settling.again(file, statNow(), 2);
    assert.deepEqual([settling.heldOpen, settling.size], [0, 1]);
    await clock.advance(0);
    assert.deepEqual([settled.length, looks], [1, []]);
  });

  it('that somebody holds is looked for again every quarter of a second at least, or twice in its quiet period', async () => {
    for (const [quietMs, pauseMs] of [
      [100, 250],
      [2_000, 1_000],
    ] as const) {
      const { clock, disk, settling, lookUps, statNow } = open(quietMs);
      disk.isHeld = true;
      settling.add(file, statNow());
      await clock.advance(quietMs + 20 + 3 * pauseMs);
      const [first = 0] = lookUps.map(({ atMs }) => atMs);
      assert.deepEqual(
        lookUps.map(({ atMs }) => atMs - first),
        [0, pauseMs, 2 * pauseMs, 3 * pauseMs],
      );
      assert.equal(settling.heldOpen, 1);
    }
  });

  it('whose missing part is waited for is asked for it every two seconds, or once in its quiet period', async () => {
    for (const [quietMs, pauseMs] of [
      [100, 2_000],
      [5_000, 5_000],
    ] as const) {
      const { clock, disk, settling, asked, settled, statNow } = open(quietMs);
      disk.isRemote = true;
      disk.isUnwritten = true;
      settling.add(file, statNow());
      await clock.advance(40_000);
      const pauses = asked.map((atMs, at) => atMs - (asked[at - 1] ?? 0)).slice(1, 4);
      assert.deepEqual(pauses, [pauseMs, pauseMs, pauseMs]);
      disk.isUnwritten = false;
      await clock.advance(pauseMs);
      assert.equal(settled.length, 1);
    }
  });

  it('waits for a rest after a look that took long, of a quarter of a second at most', async () => {
    const { clock, disk, settling, lookUps, statNow } = open(100);
    disk.lookUpMs = 1_000;
    settling.add(file, statNow());
    await clock.advance(120);
    settling.add({ ...file, name: 'b.png' }, { ...statNow(), inode: 2 });
    await clock.advance(5_000);
    const [first, second] = lookUps;
    assert.equal((second?.atMs ?? 0) - (first?.atMs ?? 0), 1_000 + 250);
  });

  it('goes on after a look that failed, and the failure is told', async () => {
    const { clock, disk, settling, errors, settled, statNow } = open();
    const bug = new TypeError('a bug');
    disk.fails = bug;
    settling.add(file, statNow());
    await clock.advance(2_020);
    assert.deepEqual(errors, [bug]);
    assert.equal(settled.length, 1);
  });
});

describe('what settles, as people see it', () => {
  it('is all of it as it looks now, with all holders, also what came while they were looked up', async () => {
    const { settling, stopping, lookUps, statNow, disk } = open();
    const stat = statNow();
    disk.isHeld = true;
    settling.add(file, stat);
    const listing = settling.list(stopping.signal);
    const other = { ...file, name: 'b.png' };
    settling.add(other, { ...stat, inode: 2 });
    const sinceMs = 1_800_000_000_000;
    assert.deepEqual(await listing, [
      { file, stat, isSettled: false, held: { sinceMs, holders: [{ pid: 4711, name: 'ffmpeg' }] } },
      { file: other, stat: { ...stat, inode: 2 }, isSettled: false, held: null },
    ]);
    assert.deepEqual(lookUps, [{ atMs: 0, keys: 1, all: true }]);
  });
});

describe('the end of settling', () => {
  it('forgets all that waits, and leaves no timer', async () => {
    const { clock, settling, settled, statNow } = open();
    settling.add(file, statNow());
    settling.close();
    assert.deepEqual([settling.size, clock.live.size], [0, 0]);
    await clock.advance(60_000);
    assert.deepEqual(settled, []);
  });
});
