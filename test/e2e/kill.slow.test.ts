import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { addFaults, assertReadyOnce, clearFaults, mark } from '../support/flora.ts';
import { noise, seeded, writePictures } from '../support/pictures.ts';
import { ended } from '../support/process.ts';
import { untilAsync } from '../support/until.ts';
import { worldWithFlora } from '../support/world.ts';

const kills = 20;

describe('kill -9', () => {
  for (const seed of [20_260_101, Number(process.env['FLORA_SYNC_TEST_SEED'] ?? Date.now() % 1e9)]) {
    it(`at ${kills} random moments loses nothing and doubles nothing (FLORA_SYNC_TEST_SEED=${seed})`, async (t) => {
      const random = seeded(seed);
      const world = await worldWithFlora(t);
      const files = writePictures(join(world.drop, 'backlog'), 120);
      // Answers come late, before or after the effect, so that most kills leave an effect without its answer.
      for (const route of ['create', 'upload', 'complete'] as const) {
        await addFaults(
          world,
          { kind: 'delay', delayMs: 60, effect: 'after', probability: 0.5, seed, match: { route } },
          { kind: 'delay', delayMs: 40, effect: 'before', match: { route } },
        );
      }
      let midway = 0;
      for (let round = 0; round < kills; round += 1) {
        // There is always something new, something large and something known to be in the middle of.
        writePictures(join(world.drop, `round ${round}`), 2, 1_000 + 2 * round);
        writeFileSync(join(world.drop, `large ${round}.png`), noise(round, 150));
        const copied = files[Math.floor(random() * files.length)];
        assert.ok(copied !== undefined);
        copyFileSync(copied, join(world.drop, `copy ${round}.png`));

        const from = await mark(world);
        const command = random() < 0.5 ? 'sync' : 'run';
        const victim = world.start([command], { FLORA_SYNC_SETTLE: '50ms' });
        // Some die while they start, the others somewhere in their work.
        if (random() < 0.85) {
          await untilAsync('the process asks FLORA something', async () => (await mark(world)) > from);
        }
        await delay(random() * 250);
        victim.kill('SIGKILL');
        const { signal, code, stderr } = await ended(victim);
        assert.ok(signal === 'SIGKILL' || code === 0, `round ${round}, ${command} ended with ${code}:\n${stderr}`);
        if (signal === 'SIGKILL') midway += 1;
      }
      assert.ok(midway >= kills / 2, `only ${midway} of ${kills} kills hit a process that was at work`);

      await clearFaults(world);
      const { code, stdout, stderr } = await world.run(['sync', '--json']);
      assert.equal(code, 0, `${stdout}\n${stderr.slice(-2_000)}`);
      const contents = await assertReadyOnce(world, [world.drop]);
      assert.equal(contents, 120 + 3 * kills);
      const { ready, pending, rejected, failed } = JSON.parse(stdout);
      assert.deepEqual(
        { ready, pending, rejected, failed },
        { ready: 120 + 4 * kills, pending: 0, rejected: 0, failed: 0 },
      );
    });
  }
});
