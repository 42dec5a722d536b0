import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import type { TestContext } from 'node:test';
import type { EmulatorSettings } from '../../src/emulator/dialects.ts';
import { assertReadyOnce, mark, requests, storedAssets } from './flora.ts';
import { writePictures } from './pictures.ts';
import { ended } from './process.ts';
import { untilAsync } from './until.ts';
import { type World, worldWithFlora } from './world.ts';

export const files = 20;
/** What may be without bytes before the first file was accepted, and what more one that was accepted allows. */
export const budget = 8;

/** Where FLORA shows other bytes than it was sent, or none, a lost ledger cannot recognise them: the files wait, and say so. */
function isRecognised({ urlHost, conversion, listing }: Partial<EmulatorSettings>): boolean {
  return (urlHost ?? 'bytes') === 'bytes' && (conversion ?? 'none') === 'none' && listing !== 'no-ids';
}

/** How many assets were asked for. */
export async function creates(world: World, since = 0): Promise<number> {
  return (await requests(world, since)).filter(({ route }) => route === 'create').length;
}

export async function statusOf(world: World) {
  return JSON.parse((await world.run(['status', '--json'])).stdout);
}

/** How many assets never got a byte. */
export async function orphans(world: World): Promise<number> {
  return (await storedAssets(world)).filter(({ sha256 }) => sha256 === null).length;
}

/** Twenty files, a kill in the middle, the rest; then a lost ledger, and everything again. */
export async function mainScenario(t: TestContext, settings: Partial<EmulatorSettings>): Promise<void> {
  const world = await worldWithFlora(t, settings);
  writePictures(world.drop, files);
  const victim = world.start(['sync'], { FLORA_SYNC_SETTLE: '50ms' });
  await untilAsync('it is in the middle', async () => (await creates(world)) >= 5);
  victim.kill('SIGKILL');
  await ended(victim);

  const { code, stdout, stderr } = await world.run(['sync'], {}, 150_000);
  assert.equal(code, 0, `${stdout}\n${stderr.slice(-3_000)}`);
  assert.equal(await assertReadyOnce(world, [world.drop]), files);
  // Beside the budget those whose answers the kill has lost: as many as may be on their way by then.
  assert.ok((await orphans(world)) <= 2 * budget, `${await orphans(world)} assets without a byte`);

  rmSync(world.stateDir, { recursive: true });
  const since = await mark(world);
  const again = await world.run(['sync'], {}, 150_000);
  assert.equal(again.code, isRecognised(settings) ? 0 : 3, `${again.stdout}\n${again.stderr.slice(-3_000)}`);
  assert.equal(await creates(world, since), 0, 'what FLORA has is not sent again');
  assert.equal(await assertReadyOnce(world, [world.drop]), files);
  const { waiting, counts } = await statusOf(world);
  if (isRecognised(settings)) assert.deepEqual(counts, { ready: files });
  else assert.equal(waiting[0].code, 'match_unreadable');
}
