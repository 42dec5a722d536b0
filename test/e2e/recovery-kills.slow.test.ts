import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { addFaults, assertReadyOnce, mark, requests } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { ended } from '../support/process.ts';
import { untilAsync } from '../support/until.ts';
import { type World, worldWithFlora } from '../support/world.ts';

describe('a lost ledger', () => {
  it('survives kills on the way', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(join(world.drop, 'many'), 60);
    await world.run(['sync']);
    rmSync(world.stateDir, { recursive: true });
    const since = await mark(world);
    await addFaults(world, { kind: 'delay', delayMs: 30, match: { route: 'download' } });
    for (let life = 0; life < 4; life += 1) {
      const daemon = world.start(['run']);
      const before = await downloads(world, since);
      await untilAsync('some bytes were compared', async () => (await downloads(world, since)) >= before + 8, 120_000);
      daemon.kill('SIGKILL');
      await ended(daemon);
    }
    assert.equal((await world.run(['sync'])).code, 0);
    assert.ok((await requests(world, since)).every(({ route }) => route !== 'create'));
    await assertReadyOnce(world, [world.drop]);
  });
});

async function downloads(world: World, since: number): Promise<number> {
  return (await requests(world, since)).filter(({ route }) => route === 'download').length;
}
