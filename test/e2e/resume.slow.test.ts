import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writePictures } from '../support/pictures.ts';
import { ended, logged } from '../support/process.ts';
import { areAll, type World, worldWithFlora } from '../support/world.ts';

/** Another directory in the place of the drop folder, and an empty one: as when a drive is not mounted. */
function replaceDrop(world: World): void {
  renameSync(world.drop, join(world.base, 'elsewhere'));
  mkdirSync(world.drop);
}

async function resume(world: World, folder: string) {
  const { code, stdout, stderr } = await world.run(['resume', folder, '--json']);
  return { code, stderr, ...(stdout === '' ? {} : JSON.parse(stdout)) };
}

describe('resume', () => {
  it('has the daemon take a folder as it is that it had halted', async (t) => {
    const world = await worldWithFlora(t);
    const files = writePictures(world.drop, 2);
    const daemon = await world.startDaemon({ FLORA_SYNC_RESCAN_INTERVAL: '300ms' });
    await world.lsUntil('they are ready', areAll('ready', ...files));
    assert.deepEqual(await resume(world, world.drop), {
      code: 0,
      stderr: '',
      folder: world.drop,
      outcome: 'unchanged',
      message: 'is not halted',
    });
    replaceDrop(world);
    await logged(daemon, 'it is halted', ({ code }) => code === 'folder_replaced');
    assert.match((await world.run(['status'])).stdout, /is empty, and not the directory that it was/);

    const { code, outcome } = await resume(world, `${world.drop}/`);
    assert.deepEqual([code, outcome], [0, 'accepted']);
    await world.lsUntil('what is not there is gone', areAll('gone', ...files));
    assert.doesNotMatch((await world.run(['status'])).stdout, /not the directory that it was/);
    const [fresh = ''] = writePictures(world.drop, 1, 40);
    await world.lsUntil('new files are taken', areAll('ready', fresh));
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);
  });

  it('cannot bring back a folder that is not there', async (t) => {
    const world = await worldWithFlora(t);
    const files = writePictures(world.drop, 1);
    const daemon = await world.startDaemon({ FLORA_SYNC_RESCAN_INTERVAL: '300ms' });
    await world.lsUntil('it is ready', areAll('ready', ...files));
    renameSync(world.drop, join(world.base, 'elsewhere'));
    await logged(daemon, 'it is halted', ({ code }) => code === 'folder_missing');
    const beside = await resume(world, world.drop);
    assert.deepEqual([beside.code, beside.outcome], [3, 'halted']);
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);
    const alone = await resume(world, world.drop);
    assert.deepEqual([alone.code, alone.outcome], [3, 'halted']);
    renameSync(join(world.base, 'elsewhere'), world.drop);
    assert.equal((await world.run(['sync'])).code, 0);
    assert.ok(areAll('ready', ...files)(await world.ls()));
  });

  it('without a daemon, has the next sync take the folder as it is', async (t) => {
    const world = await worldWithFlora(t);
    const files = writePictures(world.drop, 2);
    assert.equal((await world.run(['sync'])).code, 0);
    replaceDrop(world);
    assert.equal((await world.run(['sync'])).code, 3, 'it is halted');
    assert.ok(areAll('ready', ...files)(await world.ls()));
    const { code, outcome, message } = await resume(world, world.drop);
    assert.deepEqual([code, outcome, message], [0, 'accepted', 'is taken as it is at the next `run` or `sync`']);
    assert.equal((await world.run(['sync'])).code, 0);
    assert.ok(areAll('gone', ...files)(await world.ls()));
    rmdirSync(world.drop);
  });

  it('of what is no drop folder ends with 2 and names those that there are', async (t) => {
    const world = await worldWithFlora(t);
    const none = await resume(world, world.drop);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /no ledger/);
    assert.equal((await world.run(['sync'])).code, 0);
    for (const folder of [join(world.drop, 'sub'), world.base]) {
      const { code, stderr } = await resume(world, folder);
      assert.equal(code, 2, stderr);
      assert.ok(stderr.includes(`It knows ${world.drop}`), stderr);
    }
    assert.equal((await world.run(['resume'])).code, 2);
  });
});
