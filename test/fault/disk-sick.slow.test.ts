import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { assertReadyOnce } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { ended } from '../support/process.ts';
import { injectedCalls, ledgerCalls, tampered, whyNoStrace } from '../support/strace.ts';
import { type World, worldWithFlora } from '../support/world.ts';

const quick = { FLORA_SYNC_SETTLE: '50ms' };
const files = 3;

/** Runs it with a call that fails; an error that lasts has to end it, clearly. */
async function runsWith(world: World, command: string, inject: string, mayEndWell = false): Promise<void> {
  const under = tampered(world, { inject, calls: [inject.slice(0, inject.indexOf(':'))] });
  const { code, stderr } = await ended(world.startUnder(under, [command], quick));
  assert.ok(injectedCalls(world) > 0, 'a call was made to fail');
  if (mayEndWell && code === 0) return;
  assert.equal(code, 1, stderr);
  assert.match(stderr, /The ledger cannot be used \((SQLITE_IOERR\w*|EIO)\)/);
  assert.match(stderr, /see that its disk is healthy, then start again/);
  assert.doesNotMatch(stderr, /please report/);
}

async function recovers(world: World): Promise<void> {
  const { code, stdout, stderr } = await world.run(['sync', '--json'], quick);
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  const { ready, pending, rejected, failed } = JSON.parse(stdout);
  assert.deepEqual({ ready, pending, rejected, failed }, { ready: files, pending: 0, rejected: 0, failed: 0 });
  assert.equal(await assertReadyOnce(world, [world.drop]), files);
  const setAside = readdirSync(world.stateDir).filter((name) => name.includes('corrupt'));
  assert.deepEqual(setAside, [], 'a ledger on a sick disk is not a damaged ledger');
}

describe('when the disk with the ledger fails', { skip: whyNoStrace }, () => {
  it('at a sync, the process ends and says so, and the next start recovers', async (t) => {
    const counted = await worldWithFlora(t);
    writePictures(counted.drop, files);
    const counting = counted.startUnder(tampered(counted, {}), ['sync'], quick);
    assert.equal((await ended(counting)).code, 0, counting.stderr());
    const syncs = ledgerCalls(counted).filter(({ name }) => name === 'fsync' || name === 'fdatasync');
    assert.ok(syncs.length > 10, `${syncs.length} syncs`);
    // Four make the database and its schema; every run comes to the tenth before it closes the ledger.
    for (const nth of [2, 4, 6, 8, 10]) {
      await t.test(`number ${nth} of ${syncs.length}`, async (each) => {
        const world = await worldWithFlora(each);
        writePictures(world.drop, files);
        await runsWith(world, nth % 4 === 0 ? 'run' : 'sync', `${syncs[0]?.name}:error=EIO:when=${nth}`);
        await recovers(world);
      });
    }
  });

  it('at a write', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, files);
    await runsWith(world, 'run', 'pwrite64:error=EIO:when=100+');
    await recovers(world);
  });

  // The first ones are opening and the check, at which a ledger would be found to be damaged.
  for (const when of ['1', '4', '4+', '7+', '10', '12+', '14', '17+']) {
    it(`at a read (${when}), and does not take the ledger for a damaged one`, async (t) => {
      const world = await worldWithFlora(t);
      writePictures(world.drop, files - 1);
      assert.equal((await world.run(['sync'], quick)).code, 0);
      writePictures(world.drop, 1, files - 1);
      await runsWith(world, 'sync', `pread64:error=EIO:when=${when}`, !when.endsWith('+'));
      await recovers(world);
    });
  }
});
