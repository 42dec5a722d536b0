import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertReadyOnce } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { ended, logged } from '../support/process.ts';
import { until } from '../support/until.ts';
import { worldWithFlora } from '../support/world.ts';

const rounds = 10;
const quick = { FLORA_SYNC_SETTLE: '50ms' };

describe('two daemons started at the same moment on one ledger', () => {
  it(`have one winner, ${rounds} times, also where the last winner was killed`, async (t) => {
    const world = await worldWithFlora(t);
    for (let round = 0; round < rounds; round += 1) {
      const [file = ''] = writePictures(world.drop, 1, round);
      const both = [world.start(['run'], quick), world.start(['run'], quick)] as const;
      await until(`round ${round}: one of them ends`, () => both.some((one) => !one.isRunning()));
      const [first, second] = both;
      const [winner, loser] = first.isRunning() ? [first, second] : [second, first];
      const { code, stderr } = await ended(loser);
      assert.equal(code, 4, `round ${round}: ${stderr}`);
      assert.match(stderr, new RegExp(`Another flora-sync \\(pid ${winner.pid}\\) owns the ledger in`));
      await logged(winner, 'it is ready', ({ to, path }) => to === 'ready' && path === file);
      assert.ok(winner.isRunning(), winner.stderr());
      winner.kill(round % 2 === 0 ? 'SIGKILL' : 'SIGTERM');
      await ended(winner);
    }
    assert.equal(await assertReadyOnce(world, [world.drop]), rounds);
  });
});
