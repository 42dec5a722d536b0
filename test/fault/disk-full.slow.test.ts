import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addFaults, assertReadyOnce } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { ended, logged, type Running } from '../support/process.ts';
import { mountSmallDisk, whyNoSmallDisk } from '../support/small-disk.ts';
import { injectedCalls, tampered, whyNoStrace } from '../support/strace.ts';
import { until } from '../support/until.ts';
import { type World, worldWithFlora } from '../support/world.ts';

const isFull = /disk .*is full/i;
const quick = { FLORA_SYNC_SETTLE: '50ms' };

async function saysThatItIsFull(running: Running): Promise<void> {
  await until('the daemon says that the disk is full', () => isFull.test(running.stderr()) || !running.isRunning());
  assert.match(running.stderr(), isFull);
  assert.doesNotMatch(running.stderr(), /please report/);
}

/** There is room again: either it goes on by itself, or it has ended with an error and its supervisor starts it again. */
async function goesOn(running: Running, restart: () => Running, ready: number): Promise<void> {
  const readyLines = (one: Running) => one.logs().filter(({ to }) => to === 'ready').length;
  const before = readyLines(running);
  await until('it goes on or ends', () => !running.isRunning() || readyLines(running) > before);
  let current = running;
  if (!running.isRunning()) {
    const { code, stderr } = await running.exited;
    assert.equal(code, 1, stderr);
    assert.match(stderr, /Make room/);
    current = restart();
  }
  await until('everything is ready', () => readyLines(running) + readyLines(current) >= ready || !current.isRunning());
  current.kill('SIGTERM');
  assert.equal((await ended(current)).code, 0, current.stderr());
}

async function assertAllReady(world: World, last: Running, files: number): Promise<void> {
  const { code, stdout, stderr } = await ended(last, 60_000);
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  const { ready, pending, rejected, failed } = JSON.parse(stdout);
  assert.deepEqual({ ready, pending, rejected, failed }, { ready: files, pending: 0, rejected: 0, failed: 0 });
  assert.equal(await assertReadyOnce(world, [world.drop]), files);
}

describe('when the disk with the ledger is full', () => {
  it('run says so, loses nothing, and goes on once there is room', { skip: whyNoSmallDisk }, async (t) => {
    const world = await worldWithFlora(t);
    const disk = await mountSmallDisk(t, world.directory('state'), 8 * 1024 * 1024);
    const start = () => world.startUnder(disk.under, ['run'], quick);
    writePictures(world.drop, 2);
    const daemon = start();
    await logged(daemon, 'two are ready', ({ to }) => to === 'ready', 2);
    disk.fill();
    writePictures(world.drop, 20, 2);
    await saysThatItIsFull(daemon);
    disk.makeRoom();
    await goesOn(daemon, start, 20);
    await assertAllReady(world, world.startUnder(disk.under, ['sync', '--json'], quick), 22);
  });

  it('already at the start, run says so, and a later start finds everything', { skip: whyNoSmallDisk }, async (t) => {
    const world = await worldWithFlora(t);
    const disk = await mountSmallDisk(t, world.directory('state'), 8 * 1024 * 1024);
    const start = () => world.startUnder(disk.under, ['run'], quick);
    writePictures(world.drop, 3);
    disk.fill();
    const daemon = start();
    await saysThatItIsFull(daemon);
    disk.makeRoom();
    await goesOn(daemon, start, 3);
    await assertAllReady(world, world.startUnder(disk.under, ['sync', '--json'], quick), 3);
  });

  it('a command that waits for room does not keep the daemon from stopping', { skip: whyNoSmallDisk }, async (t) => {
    const world = await worldWithFlora(t);
    const disk = await mountSmallDisk(t, world.directory('state'), 8 * 1024 * 1024);
    await addFaults(world, { kind: 'status', status: 400, match: { route: 'create' } });
    const [path = ''] = writePictures(world.drop, 1);
    const daemon = world.startUnder(disk.under, ['run'], quick);
    await logged(daemon, 'it is refused', ({ to }) => to === 'rejected', 1);
    disk.fill();
    const retry = world.startUnder(disk.under, ['retry', path], quick);
    await saysThatItIsFull(daemon);
    daemon.kill('SIGTERM');
    // Not before room is made: nobody makes any here.
    const { signal } = await ended(daemon, 60_000);
    assert.equal(signal, null);
    assert.notEqual((await ended(retry)).code, 0);
  });

  // The 40th write is one of the first commit, the others are somewhere in the work, which takes at least 120; some writes
  // later there is room.
  for (const [first, last] of [
    [40, 41],
    [75, 75],
    [90, 95],
    [110, 110],
  ] as const) {
    it(`for the writes ${first} to ${last} of sync, nothing is lost`, { skip: whyNoStrace }, async (t) => {
      const world = await worldWithFlora(t);
      writePictures(world.drop, 3);
      const under = tampered(world, { inject: `pwrite64:error=ENOSPC:when=${first}..${last}` });
      const sync = world.startUnder(under, ['sync'], quick);
      const { code, stderr } = await ended(sync);
      assert.ok(injectedCalls(world) > 0, 'a write was refused');
      assert.match(stderr, isFull);
      assert.ok(code === 0 || code === 1, stderr);
      if (code === 1) assert.match(stderr, /Make room/);
      await assertAllReady(world, world.start(['sync', '--json'], quick), 3);
    });
  }
});
