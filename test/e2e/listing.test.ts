import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addFaults, clearFaults, faultHits, requests, seedAssets, setListOrder } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { ended } from '../support/process.ts';
import { until, untilAsync } from '../support/until.ts';
import { worldWithFlora } from '../support/world.ts';

const reconciled = 'reconciled with the listing of FLORA';

describe('the listing', () => {
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
