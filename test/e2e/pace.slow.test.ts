import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertReadyOnce, refusedByLimit, setLimit } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { ended } from '../support/process.ts';
import { untilAsync } from '../support/until.ts';
import { areAll, type World, worldWithFlora } from '../support/world.ts';

interface ToldPace {
  readonly requests_per_minute: number;
  readonly kind: string;
}

async function toldPace(world: World): Promise<ToldPace | null> {
  const { stdout } = await world.run(['status', '--json']);
  return JSON.parse(stdout).pace;
}

describe('the limit that FLORA shows', () => {
  it('is told by status, and known to the next life before it is refused anything', async (t) => {
    const world = await worldWithFlora(t);
    await setLimit(world, { kind: 'bucket', calls: 10, burst: 10, retryAfter: 1 });
    const files = writePictures(world.drop, 60);
    const daemon = await world.startDaemon();
    await world.lsUntil('everything is ready', areAll('ready', ...files));
    const learned = (await toldPace(world)) ?? assert.fail('nothing was learned');
    // 600 a minute is what is allowed.
    const { requests_per_minute: perMinute } = learned;
    assert.ok(perMinute > 200 && perMinute < 1_200, `${perMinute}`);
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);

    const refused = await refusedByLimit(world);
    const next = await world.startDaemon();
    let told: ToldPace | null = null;
    await untilAsync('the next life tells it', async () => {
      told = await toldPace(world);
      return told !== null;
    });
    assert.deepEqual(told, learned);
    assert.equal(await refusedByLimit(world), refused);
    next.kill('SIGTERM');
    assert.equal((await ended(next)).code, 0);
    assert.equal(await assertReadyOnce(world, [world.drop]), 60);
  });
});
