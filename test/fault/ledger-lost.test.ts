import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { assertReadyOnce, mark, requests } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { ended } from '../support/process.ts';
import { mountSmallDisk, whyNoSmallDisk } from '../support/small-disk.ts';
import { damageFile, ledgerIn } from '../support/state-dir.ts';
import { type World, worldWithFlora } from '../support/world.ts';

const files = 4;
const quick = { FLORA_SYNC_SETTLE: '50ms' };

async function syncsAll(world: World): Promise<string> {
  const { code, stdout, stderr } = await world.run(['sync', '--json'], quick);
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  const { ready, pending, rejected, failed } = JSON.parse(stdout);
  assert.deepEqual({ ready, pending, rejected, failed }, { ready: files, pending: 0, rejected: 0, failed: 0 });
  return stderr;
}

function snapshotsOf(world: World): readonly string[] {
  return readdirSync(join(world.stateDir, 'snapshots')).map((name) => join(world.stateDir, 'snapshots', name));
}

/** What FLORA was asked that makes or fills assets. */
async function sent(world: World, since: number): Promise<readonly string[]> {
  const routes = (await requests(world, since)).map(({ route }) => String(route));
  return routes.filter((route) => !['workspaces', 'list', 'get'].includes(route));
}

describe('a ledger that is lost between runs', () => {
  const losses: Readonly<Record<string, (ledger: string) => void>> = {
    damaged: damageFile,
    'deleted, with its log': (ledger) => {
      for (const suffix of ['', '-wal', '-shm']) rmSync(ledger + suffix, { force: true });
    },
  };
  for (const [how, lose] of Object.entries(losses)) {
    it(`(${how}) is restored from the snapshot of the last sync, and nothing is sent again`, async (t) => {
      const world = await worldWithFlora(t);
      writePictures(world.drop, files);
      await syncsAll(world);
      const [snapshot = '', ...more] = snapshotsOf(world);
      assert.deepEqual(more, []);
      assert.match(snapshot, /ledger-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z\.sqlite$/);
      assert.equal(statSync(snapshot).mode & 0o777, 0o600);
      assert.equal(statSync(world.stateDir).mode & 0o777, 0o700);
      const before = await world.ls();
      lose(ledgerIn(world.stateDir));
      const lost = existsSync(ledgerIn(world.stateDir)) ? readFileSync(ledgerIn(world.stateDir)) : null;
      const since = await mark(world);
      const stderr = await syncsAll(world);
      assert.match(stderr, /restored from its snapshot of/);
      const aside = readdirSync(world.stateDir).filter((name) => name.startsWith('ledger.sqlite.corrupt-'));
      assert.equal(aside.length, lost === null ? 0 : 1);
      if (lost !== null) {
        assert.match(stderr, /the ledger was damaged; it is set aside/);
        assert.ok(readFileSync(join(world.stateDir, aside[0] ?? '')).equals(lost), 'and kept as it was');
      }
      assert.deepEqual(await world.ls(), before);
      assert.deepEqual(await sent(world, since), []);
      assert.equal(await assertReadyOnce(world, [world.drop]), files);
      assert.deepEqual(snapshotsOf(world), [snapshot], 'and that one is not a day old');
    });
  }
});

describe('a snapshot for which there is no room', { skip: whyNoSmallDisk }, () => {
  it('is a warning, not a failure', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, files);
    world.directory('state');
    const disk = await mountSmallDisk(t, world.stateDir, 8 * 1024 * 1024);
    const running = world.startUnder(disk.under, ['sync', '--json'], quick);
    const { code, stdout, stderr } = await ended(running, 60_000);
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).ready, files);
    const warnings = running.logs().filter(({ msg }) => msg.includes('snapshot'));
    assert.deepEqual(
      warnings.map(({ code, msg }) => ({ code, msg })),
      [
        {
          code: 'snapshot_no_room',
          msg: 'No snapshot of the ledger could be taken (the disk is almost full)',
        },
      ],
    );
    assert.match(String(warnings[0]?.['hint']), /Make room on the disk/);
  });
});
