import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FileStat } from '../../../../src/core/entry.ts';
import { Settling } from '../../../../src/sync/intake/settling.ts';
import type { LocalPort } from '../../../../src/sync/ports/local.ts';
import { HandClock } from '../../../support/hand-clock.ts';

const file = { root: '/drop', directory: '', name: 'a.png' };

function open(quietMs = 2_000) {
  const clock = new HandClock();
  const disk = {
    stat: null as FileStat | null,
    isHeld: false,
    lookUpMs: 0,
    /** It keeps whole seconds. */
    isCoarse: false,
    isRemote: false,
    isUnwritten: false,
  };
  const settled: string[] = [];
  const lost: string[] = [];
  let lookUps = 0;
  let looks = 0;
  const local = {
    look: () => {
      looks += 1;
      return disk.stat === null ? { kind: 'gone' } : { kind: 'file', stat: disk.stat };
    },
    isRemote: () => disk.isRemote,
    looksUnwritten: async () => disk.isUnwritten,
    openForWriting: async (keys: ReadonlySet<string>) => {
      lookUps += 1;
      clock.pass(disk.lookUpMs);
      return new Map(disk.isHeld ? [...keys].map((key) => [key, [{ pid: 4711, name: 'ffmpeg' }]]) : []);
    },
  } as unknown as LocalPort;
  const settling = new Settling<typeof file>({
    clock,
    local,
    quietMs,
    signal: new AbortController().signal,
    onSettled: ({ name }) => settled.push(name),
    onLost: ({ name }) => lost.push(name),
    onError: (error) => assert.fail(String(error)),
  });
  const write = (sizeBytes: number) => {
    const changedMs = disk.isCoarse ? Math.floor(clock.now() / 1_000) * 1_000 : clock.now() - 0.25;
    disk.stat = { sizeBytes, mtimeMs: changedMs, ctimeMs: changedMs, inode: 1, device: 1 };
    return disk.stat;
  };
  return { clock, disk, settled, lost, settling, write, lookUps: () => lookUps, looks: () => looks };
}

describe('Settling', () => {
  it('releases a file once it kept still for the quiet period', async () => {
    const { clock, settling, settled, write } = open();
    settling.add(file, write(10));
    await clock.advance(2_019);
    assert.deepEqual(settled, []);
    await clock.advance(1);
    assert.deepEqual(settled, ['a.png']);
    assert.equal(settling.size, 0);
  });

  it('waits a tick longer where times are whole seconds: a change within one does not show', async () => {
    const { clock, disk, settling, settled, write } = open(500);
    disk.isCoarse = true;
    settling.add(file, write(10));
    await clock.advance(700);
    // In the same second and size; the hint that tells of it shows nothing new.
    settling.add(file, write(10));
    await clock.advance(1_799);
    assert.deepEqual(settled, []);
    await clock.advance(1);
    assert.deepEqual(settled, ['a.png']);
  });

  it('waits for what a server may still be shown wrong, and then while a part of the file seems to be missing', async () => {
    const { clock, disk, settling, settled, write } = open();
    disk.isRemote = true;
    disk.isUnwritten = true;
    settling.add(file, write(10));
    await clock.advance(60_000);
    assert.deepEqual(settled, []);
    write(10);
    disk.isUnwritten = false;
    await clock.advance(5_000);
    assert.deepEqual(settled, [], 'it was written to, and is as young as that');
    await clock.advance(2_100);
    assert.deepEqual(settled, ['a.png']);
  });

  it('takes a file that ends in zeros all the same, once nobody has touched it for ten minutes', async () => {
    const { clock, disk, settling, settled, write } = open();
    disk.isRemote = true;
    disk.isUnwritten = true;
    settling.add(file, write(10));
    await clock.advance(599_000);
    assert.deepEqual(settled, []);
    await clock.advance(4_000);
    assert.deepEqual(settled, ['a.png']);
    assert.equal(settling.size, 0);
  });

  it('does not wait for missing parts of files that are old, or whose writers can be seen', async () => {
    const { clock, disk, settling, settled, write } = open();
    disk.isUnwritten = true;
    settling.add(file, write(10));
    await clock.advance(2_020);
    assert.deepEqual(settled, ['a.png']);
    disk.isRemote = true;
    const old = write(10);
    clock.pass(25 * 60 * 60_000);
    settling.add(file, old);
    await clock.advance(5_020);
    assert.deepEqual(settled, ['a.png', 'a.png']);
  });

  it('holds a file for more quiet periods when it is told so, unless its times prove that it had them', async () => {
    const { clock, settling, settled, write } = open();
    const old = write(10);
    await clock.advance(5_000);
    settling.again(file, old, 2);
    settling.add(file, old);
    await clock.advance(3_999);
    assert.deepEqual(settled, [], 'two and the first one are 6 s, and it is 5 s old');
    assert.equal(settling.size, 1);
    await clock.advance(1);
    assert.deepEqual(settled, ['a.png']);
    settling.again(file, old, 2);
    await clock.advance(0);
    assert.deepEqual(settled, ['a.png', 'a.png'], 'by now it is older');
    settling.again(file, old, 9);
    settling.add(file, write(20));
    settling.again(file, old, 9);
    await clock.advance(2_019);
    assert.equal(settled.length, 2);
    await clock.advance(1);
    assert.equal(settled.length, 3, 'what changed settles like any other');
  });

  it('looks no second time at what was old at the first; but again at what somebody holds open', async () => {
    const { clock, disk, settling, settled, write, looks } = open();
    const old = write(10);
    await clock.advance(5_000);
    settling.add(file, old);
    await clock.advance(0);
    assert.deepEqual(settled, ['a.png']);
    assert.equal(looks(), 0);
    disk.isHeld = true;
    settling.add(file, old);
    await clock.advance(500);
    assert.equal(looks(), 0);
    disk.isHeld = false;
    write(20);
    await clock.advance(1_500);
    assert.deepEqual(settled, ['a.png']);
    assert.notEqual(looks(), 0);
    await clock.advance(2_000);
    assert.deepEqual(settled, ['a.png', 'a.png']);
  });

  it('begins the quiet period again at each change, also one that no event told', async () => {
    const { clock, settling, settled, write } = open();
    settling.add(file, write(10));
    await clock.advance(1_500);
    write(20);
    await clock.advance(1_500);
    assert.deepEqual(settled, []);
    await clock.advance(2_000);
    assert.deepEqual(settled, ['a.png']);
  });

  it('waits for a writer that stalls, however long, and no longer than until it closes', async () => {
    const { clock, settling, settled, write, disk } = open();
    settling.add(file, write(10));
    disk.isHeld = true;
    await clock.advance(60_000);
    assert.deepEqual(settled, []);
    assert.equal(settling.heldOpen, 1);
    disk.isHeld = false;
    await clock.advance(2_000);
    assert.deepEqual(settled, ['a.png']);
  });

  it('tells who holds a file, since it was first seen to be held, also while it goes on changing', async () => {
    const { clock, settling, write, disk } = open();
    const { signal } = new AbortController();
    settling.add(file, write(10));
    assert.deepEqual(
      (await settling.list(signal)).map(({ file: { name }, held, isSettled }) => ({ name, held, isSettled })),
      [{ name: 'a.png', held: null, isSettled: false }],
    );
    disk.isHeld = true;
    await clock.advance(1_000);
    const sinceMs = clock.now();
    const held = { sinceMs, holders: [{ pid: 4711, name: 'ffmpeg' }] };
    assert.deepEqual((await settling.list(signal))[0]?.held, held, 'nobody had looked before');
    for (const size of [20, 30, 40]) {
      await clock.advance(1_000);
      settling.add(file, write(size));
      const [listed] = await settling.list(signal);
      assert.deepEqual(listed?.held, held);
      assert.equal(listed?.stat.sizeBytes, size);
    }
    await clock.advance(10_000);
    assert.deepEqual((await settling.list(signal))[0]?.held, held, 'and while it stalls');
    assert.equal(settling.heldOpen, 1);
    disk.isHeld = false;
    assert.equal((await settling.list(signal))[0]?.held, null);
  });

  it('says of another file under the same name that it has not been held before', async () => {
    const { clock, settling, write, disk } = open();
    const { signal } = new AbortController();
    settling.add(file, write(10));
    disk.isHeld = true;
    await settling.list(signal);
    await clock.advance(1_000);
    settling.add(file, { ...write(10), inode: 2 });
    assert.equal((await settling.list(signal))[0]?.held?.sinceMs, clock.now());
  });

  it('lists nothing, and looks nobody up, when nothing waits', async () => {
    const { settling, lookUps } = open();
    assert.deepEqual(await settling.list(new AbortController().signal), []);
    assert.equal(lookUps(), 0);
  });

  it('does not wait for a file that was finished long ago', async () => {
    const { clock, settling, settled, write } = open();
    const stat = write(10);
    await clock.advance(5_000);
    settling.add(file, stat);
    await clock.advance(0);
    assert.deepEqual(settled, ['a.png']);
  });

  it('rests ten times as long as it took to look up the holders, also while files trickle in', async () => {
    const { clock, disk, settling, settled, write, lookUps } = open();
    const old = write(10);
    await clock.advance(5_000);
    disk.lookUpMs = 10;
    settling.add({ ...file, name: 'first.png' }, old);
    await clock.advance(0);
    assert.equal(lookUps(), 1);
    settling.add({ ...file, name: 'second.png' }, old);
    await clock.advance(99);
    assert.deepEqual(settled, ['first.png']);
    assert.equal(lookUps(), 1);
    await clock.advance(1);
    assert.deepEqual(settled, ['first.png', 'second.png']);
  });

  it('looks up the holders once for a whole batch', async () => {
    const { clock, settling, settled, write, lookUps } = open();
    const stat = write(10);
    for (let index = 0; index < 100; index += 1) settling.add({ ...file, name: `${index}.png` }, stat);
    await clock.advance(2_020);
    assert.equal(settled.length, 100);
    assert.equal(lookUps(), 1);
  });

  it('hands back what went away instead of releasing it', async () => {
    const { clock, settling, settled, lost, write, disk } = open();
    settling.add(file, write(10));
    disk.stat = null;
    await clock.advance(2_020);
    assert.deepEqual(settled, []);
    assert.deepEqual(lost, ['a.png']);
  });

  it('forgets what is below a directory that vanished', async () => {
    const { clock, settling, settled, write } = open();
    settling.add({ ...file, directory: 'x' }, write(10));
    settling.forget('/drop/x');
    await clock.advance(5_000);
    assert.deepEqual(settled, []);
    assert.equal(settling.size, 0);
  });

  it('forgets all below, at any depth and however often it came, and nothing beside', async () => {
    const { clock, settling, settled, write } = open();
    const stat = write(10);
    for (let round = 0; round < 2; round += 1) {
      settling.add({ ...file, directory: 'x' }, stat);
      settling.add({ ...file, directory: 'x' }, write(11));
      settling.add({ ...file, directory: 'x/deep/er' }, stat);
      settling.add({ ...file, directory: 'x', name: 'b.png' }, stat);
      settling.add({ ...file, directory: 'xy', name: 'beside.png' }, stat);
      settling.forget('/drop/x/b.png');
      settling.forget('/drop/x');
      assert.equal(settling.size, 1, 'in the second round too');
    }
    await clock.advance(5_000);
    assert.deepEqual(settled, ['beside.png']);
  });
});
