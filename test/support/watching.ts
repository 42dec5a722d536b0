import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { assertReadyOnce } from './flora.ts';
import { writePictures } from './pictures.ts';
import { ended, logged, type Running } from './process.ts';
import { type World, worldWithFlora } from './world.ts';

/** A daemon that has scanned once, so that what comes now is found because it watches. */
export async function watching(t: TestContext): Promise<{ world: World; daemon: Running }> {
  const world = await worldWithFlora(t);
  const daemon = world.start(['run']);
  await logged(daemon, 'scanned', ({ msg }) => msg === 'scanned');
  return { world, daemon };
}

export async function stops(daemon: Running): Promise<void> {
  daemon.kill('SIGTERM');
  const { code, signal, stderr } = await ended(daemon, 20_000);
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, stderr.slice(-2_000));
}

/** So many hundred pictures in as many directories, copied in as one tree under a daemon that watches. */
export async function takesBurst(t: TestContext, hundreds: number): Promise<void> {
  const { world, daemon } = await watching(t);
  const outside = world.directory('outside');
  const count = hundreds * 100;
  for (let at = 0; at < hundreds; at += 1) writePictures(join(outside, `set ${at}`, 'raw'), 100, at * 100);
  cpSync(outside, join(world.drop, 'import'), { recursive: true });
  await logged(daemon, `${count} files ready`, ({ to }) => to === 'ready', count);
  const lines = await world.ls();
  assert.equal(lines.filter(({ state }) => state === 'ready').length, count);
  await stops(daemon);
  assert.equal(await assertReadyOnce(world, [world.drop]), count);
}
