import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { FakeClock, whyNoFakeClock } from '../support/fake-clock.ts';
import { addFaults, assertReadyOnce, clearFaults, mark, requests } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { ended, logged } from '../support/process.ts';
import { worldWithFlora } from '../support/world.ts';

const dayMs = 24 * 3_600_000;

/** Has the clock of a process jump by a day soon after its start. */
const jumpingClock = `const now = Date.now; const jumpsAtMs = now() + 500;
  Date.now = () => now() + (now() < jumpsAtMs ? 0 : ${dayMs});`;

describe('a clock that is set while sync runs', () => {
  it('makes it seem no longer than it took', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 2);
    const hook = join(world.base, 'clock.cjs');
    writeFileSync(hook, jumpingClock);
    const env = { NODE_OPTIONS: `--require=${hook}`, FLORA_SYNC_SETTLE: '1s' };
    const { code, stdout, stderr } = await world.run(['sync', '--json'], env);
    assert.equal(code, 0, stderr);
    const { seconds } = JSON.parse(stdout);
    // How long it took depends on the moment of the jump, which makes files look old: only a day it was not.
    assert.ok(seconds > 0 && seconds < dayMs / 2_000, stdout);
  });
});

describe('a clock that jumps', { skip: whyNoFakeClock }, () => {
  it('by a day ahead, then a day back between runs over one ledger, holds nothing up', async (t) => {
    // A lost answer is told again under its key: what is created twice would be counted.
    const world = await worldWithFlora(t, { idempotency: 'replay' });
    let files = 0;
    for (const offset of ['+0', '+1d', '-1d', '+0', '+400d', '+0']) {
      const clock = new FakeClock(world, offset);
      writePictures(world.drop, 4, files);
      files += 4;
      // Each leaves work behind that waits for a moment in its own time.
      await addFaults(world, { kind: 'status', status: 503, match: { route: 'create' }, times: 3 });
      const broken = world.start(['run'], clock.env);
      await logged(broken, 'a try has failed', ({ code }) => code === 'server_error', 1);
      broken.kill('SIGKILL');
      await ended(broken);
      await clearFaults(world);
      const before = await mark(world);
      const { code, stdout, stderr } = await world.run(['sync', '--json'], clock.env, 30_000);
      assert.equal(code, 0, `${offset}: ${stdout}\n${stderr}`);
      assert.equal(JSON.parse(stdout).ready, files, offset);
      const creates = (await requests(world, before)).filter(({ route }) => route === 'create').length;
      assert.ok(creates <= 4, `${offset}: what was ready is not created again`);
      assert.equal(await assertReadyOnce(world, [world.drop]), files);
    }
  });

  it('under the running daemon, ahead and back, holds nothing up', async (t) => {
    const world = await worldWithFlora(t);
    const clock = new FakeClock(world, '+0');
    const daemon = world.start(['run'], clock.env);
    let files = 0;
    for (const [offset, aheadMs] of [
      ['+0', 0],
      ['+1d', dayMs],
      ['-1d', -dayMs],
      ['+0', 0],
    ] as const) {
      clock.set(offset);
      await addFaults(world, { kind: 'status', status: 503, match: { route: 'create' }, times: 1 });
      writePictures(world.drop, 5, files);
      files += 5;
      const lines = await logged(daemon, `ready at ${offset}`, ({ to }) => to === 'ready', files);
      assert.ok(
        Math.abs(Number(lines.at(-1)?.['time']) - Date.now() - aheadMs) < 60_000,
        `its clock stands at ${offset}`,
      );
    }
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0, daemon.stderr());
    assert.equal(await assertReadyOnce(world, [world.drop]), files);
  });
});
