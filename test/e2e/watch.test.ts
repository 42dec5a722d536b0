import assert from 'node:assert/strict';
import {
  closeSync,
  cpSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { assertReadyOnce, mark, readyAssets, requests, sha256, storedAssets } from '../support/flora.ts';
import { noise, picture, writePictures } from '../support/pictures.ts';
import { logged } from '../support/process.ts';
import { stops, takesBurst, watching } from '../support/watching.ts';
import { areAll, type World, worldWithFlora } from '../support/world.ts';

async function creates(world: World, since: number): Promise<number> {
  return (await requests(world, since)).filter(({ route }) => route === 'create').length;
}

describe('run', () => {
  it('takes files that are copied in, moved in, and moved in as a whole tree', async (t) => {
    const { world, daemon } = await watching(t);
    const outside = world.directory('outside');
    writePictures(outside, 2);
    writePictures(join(outside, 'tree', 'one'), 5, 10);
    writePictures(join(outside, 'tree', 'two', 'three'), 5, 20);
    cpSync(join(outside, 'picture-0.png'), join(world.drop, 'copied.png'));
    renameSync(join(outside, 'picture-1.png'), join(world.drop, 'moved.png'));
    renameSync(join(outside, 'tree'), join(world.drop, 'tree'));
    const lines = await world.lsUntil('12 ready', (all) => all.filter(({ state }) => state === 'ready').length === 12);
    assert.equal(lines.length, 12);
    await stops(daemon);
    assert.equal(await assertReadyOnce(world, [world.drop]), 12);
  });

  it('does not touch a file that is held open for writing, however long it stalls, and takes it once it is closed', async (t) => {
    const { world, daemon } = await watching(t);
    const slow = join(world.drop, 'slow.png');
    const whole = noise(1, 100);
    const file = openSync(slow, 'w');
    try {
      writeSync(file, whole.subarray(0, 20_000));
      fsyncSync(file);
      // Each of these takes a quiet period from its writing to its being ready.
      for (const round of [1, 2, 3]) {
        const [marker] = writePictures(world.drop, 1, round);
        assert.ok(marker !== undefined);
        await world.lsUntil(`quiet period ${round} is over`, areAll('ready', marker));
      }
      const names = (await storedAssets(world)).map(({ name }) => name);
      assert.equal(names.length, 3, 'only the markers were announced to FLORA');
      assert.ok(!names.includes('slow.png'));
      writeSync(file, whole.subarray(20_000));
    } finally {
      closeSync(file);
    }
    await world.lsUntil('the slow file is ready', areAll('ready', slow));
    await stops(daemon);
    assert.equal(await assertReadyOnce(world, [world.drop]), 4);
    assert.equal((await storedAssets(world)).filter(({ name }) => name === 'slow.png').length, 1);
  });

  it('brings both versions of an overwritten file, each once and neither half', async (t) => {
    const { world, daemon } = await watching(t);
    const path = join(world.drop, 'poster.png');
    const [first, second] = [noise(1, 60), noise(2, 90)];
    writeFileSync(path, first);
    await world.lsUntil('the first version is ready', areAll('ready', path));
    const file = openSync(path, 'r+');
    writeSync(file, second.subarray(0, 9_000), 0, 9_000, 0);
    const [marker] = writePictures(world.drop, 1);
    assert.ok(marker !== undefined);
    await world.lsUntil('a quiet period is over', areAll('ready', marker));
    writeSync(file, second, 9_000, second.length - 9_000, 9_000);
    closeSync(file);
    const digest = sha256(second);
    await world.lsUntil('the second version is ready', (lines) =>
      lines.some((line) => line.path === path && line.state === 'ready' && line.sha256 === digest),
    );
    await stops(daemon);
    assert.equal(await assertReadyOnce(world, [world.drop], { alsoReady: [first] }), 3);
  });

  it('follows a rename without a new asset, and a deletion by calling the path gone while the asset stays', async (t) => {
    const { world, daemon } = await watching(t);
    mkdirSync(join(world.drop, 'sub'));
    const [kept, deleted] = writePictures(world.drop, 2);
    assert.ok(kept !== undefined && deleted !== undefined);
    const before = await world.lsUntil('both are ready', areAll('ready', kept, deleted));
    const from = await mark(world);

    const renamed = join(world.drop, 'sub', 'renamed.png');
    renameSync(kept, renamed);
    rmSync(deleted);
    const ready = areAll('ready', renamed);
    const gone = areAll('gone', kept, deleted);
    const after = await world.lsUntil('new path ready, old paths gone', (lines) => ready(lines) && gone(lines));
    const assetOf = (lines: typeof before, path: string) => lines.find((line) => line.path === path)?.asset_id;
    assert.equal(assetOf(after, renamed), assetOf(before, kept));
    assert.equal(await creates(world, from), 0);
    assert.equal((await readyAssets(world)).length, 2);

    // Back under its old name: nothing but a line in the ledger.
    writeFileSync(deleted, picture(1));
    await world.lsUntil('the deleted file is back', areAll('ready', deleted));
    assert.equal(await creates(world, from), 0);
    await stops(daemon);
  });

  // Of 2,000: e2e/burst.slow.
  it('loses none of 400 files that are copied in at once', async (t) => {
    await assert.doesNotReject(takesBurst(t, 4));
  });

  it('tells status who it is while it runs, and status says so when it does not', async (t) => {
    const world = await worldWithFlora(t);
    const status = async (expected = 0) => {
      const { code, stdout } = await world.run(['status', '--json']);
      assert.equal(code, expected);
      return JSON.parse(stdout);
    };
    const contract = ['counts', 'daemon', 'folders', 'inflight', 'last_reconcile'];
    // There is no ledger yet, which is said by the exit code.
    assert.deepEqual((await status(2)).daemon, { running: false, pid: null, state: 'stopped', since: null });

    const [path] = writePictures(world.drop, 1);
    const daemon = world.start(['run', '--json']);
    await logged(daemon, 'scanned', ({ msg }) => msg === 'scanned');
    await logged(daemon, 'reconciled', ({ msg }) => msg.startsWith('reconciled'));
    await logged(daemon, 'ready', ({ to }) => to === 'ready');
    const live = await status();
    for (const key of contract) assert.ok(key in live, key);
    assert.equal(live.daemon.running, true);
    assert.equal(live.daemon.pid, daemon.pid);
    assert.equal(live.daemon.state, 'watching');
    assert.ok(Date.parse(live.daemon.since) > 0);
    assert.deepEqual(live.folders, [{ path: world.drop, counts: { ready: 1 } }]);
    assert.deepEqual(live.counts, { ready: 1 });
    assert.deepEqual(live.inflight, []);
    assert.equal(live.last_reconcile.error, null);
    const told = JSON.parse(daemon.stdout());
    assert.deepEqual([told.pid, told.folders], [daemon.pid, [world.drop]]);

    await stops(daemon);
    const { daemon: stopped, counts } = await status();
    assert.deepEqual(stopped, { running: false, pid: null, state: 'stopped', since: null });
    assert.deepEqual(counts, { ready: 1 });
    assert.ok(path !== undefined);
    // Everybody may look; nobody else may enter.
    const words = await world.run(['status']);
    assert.match(words.stdout, /not running/);
  });
});
