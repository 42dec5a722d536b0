import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { assertReadyOnce } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { type Cleanup, type Exit, ended } from '../support/process.ts';
import { type LedgerCall, ledgerCalls, tampered, whyNoStrace } from '../support/strace.ts';
import { type World, worldWithFlora } from '../support/world.ts';

// `FLORA_SYNC_TEST_KILLS=all` takes every write (minutes); a number, that many of them.
const wish = process.env['FLORA_SYNC_TEST_KILLS'] ?? '20';
const seed = Number(process.env['FLORA_SYNC_TEST_SEED'] ?? Date.now() % 1e9);

/** Two contents, one of them twice: small, and still with everything that a ledger writes. */
async function smallWorld(t: Cleanup): Promise<World> {
  const world = await worldWithFlora(t);
  const [first = ''] = writePictures(world.drop, 2);
  copyFileSync(first, join(world.drop, 'copy.png'));
  return world;
}

async function syncTampered(world: World, inject?: string): Promise<Exit> {
  const under = tampered(world, inject === undefined ? {} : { inject });
  return await ended(world.startUnder(under, ['sync'], { FLORA_SYNC_SETTLE: '1ms' }), 60_000);
}

/** Evenly spread, from a first one that differs from run to run, so that in time all have their turn. */
function choose(calls: readonly LedgerCall[]): readonly LedgerCall[] {
  if (wish === 'all') return calls;
  const step = Math.max(1, Math.ceil(calls.length / Number(wish)));
  return calls.filter((_, index) => index % step === seed % step);
}

describe('kill -9 at a write to the ledger', { skip: whyNoStrace }, () => {
  it(`loses nothing and doubles nothing, whichever it was (FLORA_SYNC_TEST_SEED=${seed})`, {
    concurrency: 2,
  }, async (t) => {
    const counted = await smallWorld(t);
    const { code, stderr } = await syncTampered(counted);
    assert.equal(code, 0, stderr);
    const calls = ledgerCalls(counted);
    assert.ok(calls.length > 100, `only ${calls.length} writes were seen`);
    const chosen = choose(calls);
    let kills = 0;
    const kill = ({ name, nth }: LedgerCall) =>
      t.test(`${name} ${nth}`, async (each) => {
        const world = await smallWorld(each);
        const victim = await syncTampered(world, `${name}:signal=KILL:when=${nth}`);
        // No two runs group their commits alike: one may be through before it comes to the last writes of another.
        assert.ok(victim.signal === 'SIGKILL' || victim.code === 0, `ended with ${victim.code}:\n${victim.stderr}`);
        if (victim.signal === 'SIGKILL') kills += 1;
        const { code, stdout, stderr } = await world.run(['sync', '--json']);
        assert.equal(code, 0, `${stdout}\n${stderr}`);
        const { ready, pending, rejected, failed } = JSON.parse(stdout);
        assert.deepEqual({ ready, pending, rejected, failed }, { ready: 3, pending: 0, rejected: 0, failed: 0 });
        assert.equal(await assertReadyOnce(world, [world.drop]), 2);
      });
    await Promise.all(chosen.map(kill));
    t.diagnostic(`${kills} kills, at ${chosen.length} of the ${calls.length} writes of a run`);
    assert.ok(kills >= chosen.length * 0.8, `only ${kills} of ${chosen.length} were killed`);
  });
});
