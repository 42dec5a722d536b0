import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { RouteName } from '../../src/emulator/journal.ts';
import { addFaults, admitKeys, assertReadyOnce, faultHits, requests } from '../support/flora.ts';
import { noise, writePictures } from '../support/pictures.ts';
import { ended, logged } from '../support/process.ts';
import { areAll, KEY, type World, worldWithFlora } from '../support/world.ts';

const files = 6;

async function syncsOnce(world: World, contents: number): Promise<void> {
  const { code, stdout, stderr } = await world.run(['sync', '--json'], { FLORA_SYNC_SETTLE: '50ms' });
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  const { ready, pending, rejected, failed } = JSON.parse(stdout);
  assert.deepEqual({ ready, pending, rejected, failed }, { ready: contents, pending: 0, rejected: 0, failed: 0 });
  assert.equal(await assertReadyOnce(world, [world.drop]), contents);
}

describe('an answer that breaks off half-way', () => {
  for (const route of ['workspaces', 'list', 'create', 'complete', 'get', 'retry'] as const satisfies RouteName[]) {
    it(`to ${route} costs nothing but another request`, async (t) => {
      const world = await worldWithFlora(t);
      writePictures(world.drop, files);
      // What makes it ask for these at all.
      if (route === 'get') await addFaults(world, { kind: 'drop-after', match: { route: 'complete' }, times: 2 });
      if (route === 'retry') await addFaults(world, { kind: 'expire', match: { route: 'upload' }, times: 2 });
      await addFaults(world, { kind: 'cut-body', match: { route }, times: 2 });
      await syncsOnce(world, files);
      const { 'cut-body': cuts = 0 } = await faultHits(world);
      // The listing is walked once in a sync, and what it would have told is not needed.
      assert.ok(cuts >= (route === 'list' ? 1 : 2), `${cuts} answers were cut`);
    });
  }
});

describe('an upload of which FLORA took only a part', () => {
  it('is sent again as a whole, wherever it broke off', async (t) => {
    const world = await worldWithFlora(t);
    const large = noise(1, 250);
    writeFileSync(join(world.drop, 'large.png'), large);
    const sizeBytes = large.length;
    const uploads = () => requests(world).then((all) => all.filter(({ route }) => route === 'upload'));
    const cuts = [0, 500, Math.floor(sizeBytes / 2), sizeBytes - 1];
    for (const afterBytes of cuts) {
      await addFaults(world, { kind: 'drop-before', afterBytes, match: { route: 'upload' }, times: 1 });
    }
    await syncsOnce(world, 1);
    assert.equal((await uploads()).length, cuts.length + 1);
  });
});

describe('a key that is replaced under way', () => {
  it('fails nothing: run says once that it is refused, reads the new one, and says once that it goes on', async (t) => {
    const world = await worldWithFlora(t);
    const keyFile = join(world.base, 'key');
    writeFileSync(keyFile, KEY, { mode: 0o600 });
    const paths = writePictures(world.drop, 80);
    // Slow enough for the flip to fall into the work.
    await addFaults(world, { kind: 'delay', delayMs: 30 });
    const { FLORA_API_KEY: _, ...env } = world.launch().env;
    const daemon = world.startWith({ ...env, FLORA_API_KEY_FILE: keyFile }, ['run']);
    await logged(daemon, 'ten are ready', ({ to }) => to === 'ready', 10);
    const fresh = 'sk_live_e2e_the_new_oneSECRET';
    await admitKeys(world, fresh);
    await logged(daemon, 'the refusal', ({ code }) => code === 'key_refused');
    writeFileSync(keyFile, `${fresh}\n`, { mode: 0o600 });
    await logged(daemon, 'all are ready', ({ to }) => to === 'ready', paths.length);
    const lines = await world.ls();
    assert.ok(areAll('ready', ...paths)(lines));
    daemon.kill('SIGTERM');
    const { code, stdout, stderr } = await ended(daemon);
    assert.equal(code, 0, stderr);
    assert.equal(await assertReadyOnce(world, [world.drop]), paths.length);
    const count = (isWanted: (line: { msg: string; code?: unknown }) => boolean) =>
      daemon.logs().filter(isWanted).length;
    assert.equal(
      count((line) => line.code === 'key_refused'),
      1,
      stderr,
    );
    assert.equal(
      count(({ msg }) => msg === 'FLORA answers again'),
      1,
      stderr,
    );
    assert.equal(
      count(({ msg }) => msg.includes('-> rejected')),
      0,
    );
    assert.ok(![KEY, fresh].some((key) => `${stdout}${stderr}`.includes(key)), 'no key is told');
  });
});
