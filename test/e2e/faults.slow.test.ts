import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EmulatorOptions } from '../../src/emulator/emulator.ts';
import { addFaults, assertReadyOnce, faultHits, requests, storedAssets } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { type World, worldWithFlora } from '../support/world.ts';

const routes = ['create', 'upload', 'complete'] as const;
const uploads = { FLORA_SYNC_CONCURRENCY: '16' };

/** One `sync` over that many files, which has to end with everything ready once. */
async function syncsOnce(world: World, files: number): Promise<void> {
  writePictures(world.drop, files);
  const { code, stdout, stderr } = await world.run(['sync', '--json'], uploads, 120_000);
  const problems = stderr.split('\n').filter((line) => line.includes('"reason"'));
  assert.equal(code, 0, `${stdout}${problems.slice(-10).join('\n')}${stderr.slice(-500)}`);
  assert.equal(JSON.parse(stdout).ready, files);
  assert.equal(await assertReadyOnce(world, [world.drop]), files);
}

describe('sync over a bad line brings every content to ready exactly once', () => {
  // One in five of the requests that reserve, send or complete; what closes the door for everybody only a few times.
  for (const [kind, times] of [
    ['drop-before', undefined],
    ['drop-after', undefined],
    ['status', undefined],
    ['cut-body', undefined],
    ['rate-limit', 2],
    ['html', 2],
  ] as const) {
    it(`when answers are hit by ${kind}`, async (t) => {
      const world = await worldWithFlora(t);
      for (const [index, route] of routes.entries()) {
        const fault = { kind, probability: 0.2, seed: 7 + index, match: { route }, retryAfterSec: 0 };
        await addFaults(world, times === undefined ? fault : { ...fault, times });
      }
      await syncsOnce(world, 100);
      const hits = (await faultHits(world))[kind] ?? 0;
      assert.ok(hits >= (times === undefined ? 30 : 4), `${kind} has hit only ${hits} times`);
    });
  }

  it('when everything goes wrong at once, also after the effect and for good under the same key', async (t) => {
    const world = await worldWithFlora(t, { idempotency: 'replay' });
    for (const [index, route] of routes.entries()) {
      const rule = { match: { route }, probability: 0.1, times: 5 };
      await addFaults(
        world,
        { ...rule, kind: 'drop-after', seed: 11 + index },
        { ...rule, kind: 'drop-before', seed: 21 + index, afterBytes: 50 },
        { ...rule, kind: 'status', status: 503, seed: 31 + index },
        { ...rule, kind: 'status', status: 500, effect: 'after', seed: 41 + index },
        { ...rule, kind: 'cut-body', seed: 51 + index },
        { ...rule, kind: 'status', status: 500, remember: true, seed: 61 + index },
      );
    }
    await syncsOnce(world, 100);
    const hits = Object.values(await faultHits(world)).reduce((sum, count) => sum + count, 0);
    assert.ok(hits > 60, `${hits} faults have hit`);
  });

  it('when reservations run out before their bytes are there', async (t) => {
    const world = await worldWithFlora(t, { reservationTtlMs: 1_500 });
    const upload = { route: 'upload' } as const;
    await addFaults(
      world,
      { kind: 'expire', probability: 0.2, seed: 3, match: upload },
      { kind: 'delay', delayMs: 1_600, effect: 'before', probability: 0.1, seed: 4, match: upload },
      { kind: 'delay', delayMs: 1_600, effect: 'after', probability: 0.1, seed: 5, match: { route: 'create' } },
    );
    await syncsOnce(world, 60);
    assert.ok(
      (await requests(world)).some(({ route }) => route === 'retry'),
      'some were renewed',
    );
    const { expire = 0, delay = 0 } = await faultHits(world);
    assert.ok(expire > 3 && delay > 3, `${expire} expired, ${delay} delayed`);
  });

  const variants: readonly [string, Partial<EmulatorOptions>][] = [
    ['with targets that take a plain PUT', { uploadStyle: 'put' }],
    ['where a used idempotency key is replayed instead of refused', { idempotency: 'replay' }],
    ['where processing takes a while', { processingMs: 300 }],
  ];
  for (const [what, options] of variants) {
    it(what, async (t) => {
      const world = await worldWithFlora(t, options);
      for (const [index, route] of routes.entries()) {
        await addFaults(world, { kind: 'drop-after', probability: 0.2, seed: 70 + index, times: 8, match: { route } });
      }
      await syncsOnce(world, 50);
      if (options.uploadStyle === 'put') {
        const methods = (await requests(world)).filter(({ route }) => route === 'upload').map(({ method }) => method);
        assert.deepEqual([...new Set(methods)], ['PUT']);
      }
    });
  }

  it('and whatever was reserved in vain never becomes ready', async (t) => {
    const world = await worldWithFlora(t, { idempotency: 'reject' });
    await addFaults(world, { kind: 'drop-after', probability: 0.5, seed: 9, times: 10, match: { route: 'create' } });
    await syncsOnce(world, 30);
    const orphans = (await storedAssets(world)).filter(({ status }) => status !== 'ready');
    assert.ok(orphans.length > 5, `${orphans.length} orphans`);
    for (const orphan of orphans) assert.deepEqual([orphan.status, orphan.sha256], ['pending_upload', null]);
  });
});
