import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  addFaults,
  clearFaults,
  faultHits,
  requests,
  seedAssets,
  setListOrder,
  unseedAssets,
} from '../support/flora.ts';
import { seeded, writePictures } from '../support/pictures.ts';
import { ended } from '../support/process.ts';
import { until, untilAsync } from '../support/until.ts';
import { worldWithFlora } from '../support/world.ts';

const reconciled = 'reconciled with the listing of FLORA';

describe('the listing', () => {
  it('of 20,000 assets that come and go between its pages makes nothing of ours missing', async (t) => {
    const world = await worldWithFlora(t);
    const random = seeded(20_000);
    const paths = writePictures(world.drop, 40);
    await seedAssets(world, 'early', 10_000);
    assert.equal((await world.run(['sync'])).code, 0);
    await seedAssets(world, 'late', 10_000);
    // In an order that tells nothing, so that every walk is a full one.
    await setListOrder(world, 'shuffled');
    const daemon = world.start(['run'], { FLORA_SYNC_RECONCILE_INTERVAL: '100ms' });
    const walks = () => daemon.logs().filter(({ msg }) => msg === reconciled);
    await until('the first walk is over', () => walks().length > 0);
    for (let round = 0; walks().length < 4; round += 1) {
      await unseedAssets(world, random() < 0.5 ? 'early' : 'late', 1 + Math.floor(random() * 300));
      await seedAssets(world, 'late', 1 + Math.floor(random() * 300));
      assert.ok(round < 2_000 && daemon.isRunning(), 'the walks come to an end');
    }
    const last = walks().at(-1);
    assert.ok(last?.['is_full'] === true && Number(last['pages']) > 150, JSON.stringify(last));
    assert.deepEqual([...new Set((await world.ls()).map(({ state }) => state))], ['ready']);
    assert.equal((await world.ls()).length, paths.length);
    assert.equal(daemon.logs().filter(({ to, from }) => from === 'ready' && to !== undefined).length, 0);
    daemon.kill('SIGTERM');
    await ended(daemon);
  });

  it('that is odd, endless, repeated, HTML or cut is told, read again, and never believed', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 5);
    assert.equal((await world.run(['sync'])).code, 0);
    await seedAssets(world, 'theirs', 250);
    await setListOrder(world, 'shuffled');
    const match = { route: 'list' } as const;
    const daemon = world.start(['run'], { FLORA_SYNC_RECONCILE_INTERVAL: '200ms' });
    for (const kind of ['repeat-cursor', 'endless', 'odd-items', 'html', 'cut-body'] as const) {
      const before = daemon.logs().length;
      await addFaults(world, { kind, match });
      // A walk that was under way may end well, without having met the fault: only what is told after the hit counts.
      await untilAsync(`${kind} was answered`, async () =>
        Object.values(await faultHits(world)).some((hits) => hits > 0),
      );
      const hit = kind === 'odd-items' ? daemon.logs().length : before;
      const isTold = () =>
        daemon
          .logs()
          .slice(hit)
          .some(({ msg, error, code }) =>
            kind === 'odd-items' ? msg === reconciled : typeof error === 'string' || code === 'not_flora',
          );
      await until(`${kind} was met`, isTold);
      await clearFaults(world);
      const mended = daemon.logs().length;
      await until(`${kind} is over`, () =>
        daemon
          .logs()
          .slice(mended)
          .some(({ msg }) => msg === reconciled),
      );
      assert.deepEqual([...new Set((await world.ls()).map(({ state }) => state))], ['ready'], kind);
    }
    const texts = daemon.logs().map((line) => JSON.stringify(line));
    for (const told of [/its cursor repeats/, /pages in a row show nothing new/, /is not JSON/, /was lost/]) {
      assert.ok(
        texts.some((text) => told.test(text)),
        String(told),
      );
    }
    assert.equal((await requests(world)).filter(({ route }) => route === 'create').length, 5);
    daemon.kill('SIGTERM');
    await ended(daemon);
  });
});
