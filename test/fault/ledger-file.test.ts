import assert from 'node:assert/strict';
import { copyFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { assertReadyOnce } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { ended, logged } from '../support/process.ts';
import { type World, worldWithFlora } from '../support/world.ts';

/** How soon the daemon has to notice, with work to do. */
const noticedWithinMs = 60_000;

const tamperings: Readonly<Record<string, (ledger: string) => void>> = {
  'removed with its directory': (ledger) => {
    rmSync(dirname(ledger), { recursive: true, force: true });
  },
  deleted: (ledger) => {
    for (const suffix of ['', '-wal', '-shm']) rmSync(ledger + suffix, { force: true });
  },
  'replaced by a copy': (ledger) => {
    copyFileSync(ledger, `${ledger}.copy`);
    renameSync(`${ledger}.copy`, ledger);
  },
};

async function endsSoon(world: World, tamper: (ledger: string) => void): Promise<void> {
  writePictures(world.drop, 2);
  const daemon = world.start(['run'], { FLORA_SYNC_SETTLE: '50ms' });
  await logged(daemon, 'two are ready', ({ to }) => to === 'ready', 2);
  tamper(join(world.stateDir, 'ledger.sqlite'));
  writePictures(world.drop, 2, 2);
  const { code, stderr } = await ended(daemon, noticedWithinMs);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /ledger.*(deleted|replaced|removed|gone|not there)/i);
  assert.doesNotMatch(stderr, /please report/);
}

// SQLite goes on writing to a file that has no name any more: all that is written there is lost at the next start.
describe('a ledger file that vanishes under the running daemon', { concurrency: true }, () => {
  for (const [how, tamper] of Object.entries(tamperings)) {
    it(`(${how}) is noticed soon, and ends it with an error`, async (t) => {
      const world = await worldWithFlora(t);
      await endsSoon(world, tamper);
      assert.equal((await world.run(['sync'])).code, 0);
      await assertReadyOnce(world, [world.drop]);
    });
  }
});
