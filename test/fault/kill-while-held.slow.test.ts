import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RouteName } from '../../src/emulator/journal.ts';
import { addFaults, assertReadyOnce, clearFaults, requests, type StoredAsset, storedAssets } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { ended } from '../support/process.ts';
import { untilAsync } from '../support/until.ts';
import { type World, worldWithFlora } from '../support/world.ts';

const files = 3;

/** Where the emulator holds a request: before it reads it, between its checks and its effect, or before the answer. */
const moments = {
  'before it is read': { kind: 'hang', effect: 'before' },
  'before its effect': { kind: 'delay', effect: 'before', delayMs: 3_600_000 },
  'after its effect': { kind: 'delay', effect: 'after', delayMs: 3_600_000 },
} as const;

/** How the effect of a request shows in its asset; a GET has none. */
const effects: Readonly<Record<string, (asset: StoredAsset) => boolean>> = {
  create: () => true,
  upload: ({ sha256 }) => sha256 !== null,
  complete: ({ status }) => status === 'ready',
  get: () => true,
  retry: ({ status, expires_at }) => status === 'pending_upload' && (expires_at ?? 0) > Date.now(),
};

async function isHeld(world: World, route: RouteName, moment: keyof typeof moments): Promise<boolean> {
  const held = (await requests(world)).find((entry) => entry.route === route && entry.fault !== null);
  if (held === undefined || moment !== 'after its effect') return held !== undefined;
  const asset = (await storedAssets(world)).find(({ asset_id }) => asset_id === held.asset_id);
  return asset !== undefined && effects[route]?.(asset) === true;
}

/** What makes the daemon come to this request at all. */
async function provoke(world: World, route: RouteName): Promise<void> {
  if (route === 'retry') await addFaults(world, { kind: 'expire', match: { route: 'upload' }, times: 1 });
  // An answer to complete that tells nothing is followed by a look.
  if (route === 'get') await addFaults(world, { kind: 'cut-body', match: { route: 'complete' }, times: 1 });
}

const cases = (['create', 'upload', 'complete', 'get', 'retry'] as const).flatMap((route) => [
  ...(Object.keys(moments) as (keyof typeof moments)[]).map((moment) => ({ route, moment, idempotency: 'replay' })),
  // Where used keys are refused, the effect that we never heard of meets us as a conflict.
  { route, moment: 'after its effect', idempotency: 'reject' } as const,
]) as readonly { route: RouteName; moment: keyof typeof moments; idempotency: 'replay' | 'reject' }[];

describe('kill -9 while FLORA holds a request loses nothing and doubles nothing', () => {
  for (const { route, moment, idempotency } of cases) {
    it(`${route}, ${moment}, where used keys are met with ${idempotency}`, async (t) => {
      const world = await worldWithFlora(t, { idempotency });
      writePictures(world.drop, files);
      await provoke(world, route);
      await addFaults(world, { ...moments[moment], match: { route }, times: 1 });
      const victim = world.start(['run'], { FLORA_SYNC_SETTLE: '50ms' });
      await untilAsync(`${route} is held ${moment}`, () => isHeld(world, route, moment), 30_000, victim.stderr);
      victim.kill('SIGKILL');
      assert.equal((await ended(victim)).signal, 'SIGKILL');
      await clearFaults(world);

      const { code, stdout, stderr } = await world.run(['sync', '--json']);
      assert.equal(code, 0, `${stdout}\n${stderr}`);
      assert.equal(JSON.parse(stdout).ready, files);
      assert.equal(await assertReadyOnce(world, [world.drop]), files);
      const orphans = (await storedAssets(world)).filter(({ status }) => status !== 'ready');
      // Where used keys are refused, whatever was answered at the moment of the kill is reserved anew.
      const mayLeave = idempotency === 'reject' ? files : 0;
      assert.ok(orphans.length <= mayLeave, `${orphans.length} reservations were left behind`);
      for (const { sha256 } of orphans) assert.equal(sha256, null, 'what was left behind holds no bytes');
    });
  }
});
