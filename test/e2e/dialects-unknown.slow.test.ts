import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { dialects } from '../../src/emulator/dialects.ts';
import { mark, storedAssets } from '../support/flora.ts';
import { budget, creates, files, mainScenario, orphans, statusOf } from '../support/main-scenario.ts';
import { writePictures } from '../support/pictures.ts';
import { worldWithFlora } from '../support/world.ts';

describe('a FLORA that cannot be understood', { concurrency: 4 }, () => {
  const syncOnce = async (t: TestContext, dialect: string) => {
    const world = await worldWithFlora(t, dialects[dialect]?.settings);
    writePictures(world.drop, files);
    const { code, stderr } = await world.run(['sync'], {}, 240_000);
    const status = await statusOf(world);
    return { world, code, stderr, status };
  };

  it('that names no target gets no more than the budget of assets, and everything says why', async (t) => {
    const { world, code, stderr, status } = await syncOnce(t, 'no-target');
    assert.equal(code, 3);
    const why = /FLORA answers otherwise than this version knows: the answer to reserve has no upload target/;
    assert.match(stderr, why);
    assert.match(status.trouble, why);
    assert.match(status.creation.reason, why);
    const made = (await storedAssets(world)).length;
    assert.ok(made > 0 && made <= budget, `${made} assets`);
    for (const { state, reason } of await world.ls()) assert.ok(state === 'queued' && reason !== null);
    // Over all lives: the next one begins with what is left of the budget.
    await world.run(['sync'], {}, 240_000);
    assert.ok((await storedAssets(world)).length <= budget, `${(await storedAssets(world)).length} assets`);
    // A person opens it again.
    const [first] = await world.ls();
    await world.run(['retry', first?.path ?? '']);
    assert.equal((await statusOf(world)).creation, null);
  });

  for (const dialect of ['no-meta', 'unreadable-listing']) {
    it(`in its listing (${dialect}) keeps a new ledger waiting, and nothing is made`, async (t) => {
      const { world, code, stderr, status } = await syncOnce(t, dialect);
      // What is there is not empty, but cannot be read: only without any asset there is nothing to read.
      if (dialect === 'unreadable-listing') {
        assert.equal(code, 0);
        rmSync(world.stateDir, { recursive: true });
        const since = await mark(world);
        const again = await world.run(['sync'], {}, 240_000);
        assert.equal(again.code, 3);
        assert.match(again.stderr, /none can be read/);
        assert.equal(await creates(world, since), 0);
        return;
      }
      assert.equal(code, 3);
      assert.equal(await creates(world), 0);
      assert.match(stderr, /does not tell whether there are more pages/);
      assert.match(status.trouble, /does not tell whether there are more pages/);
    });
  }

  it('that lists no ids has its files recognised by their bytes, and they wait: nothing is sent again', (t) =>
    mainScenario(t, dialects['no-ids']?.settings ?? {}));

  it('that has other words for its states gets each file once, and none is called ready', async (t) => {
    const { world, code, status } = await syncOnce(t, 'other-words');
    assert.equal(code, 3);
    assert.deepEqual([(await storedAssets(world)).length, await orphans(world)], [files, 0]);
    assert.match(status.waiting[0].reason, /"available", which this version does not know/);
    rmSync(world.stateDir, { recursive: true });
    const since = await mark(world);
    await world.run(['sync'], {}, 240_000);
    assert.equal(await creates(world, since), 0);
  });
});
