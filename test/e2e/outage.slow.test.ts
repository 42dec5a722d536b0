import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addFaults, admitKeys, assertReadyOnce, clearFaults, mark, requests } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { ended, logged } from '../support/process.ts';
import { untilAsync } from '../support/until.ts';
import { areAll, KEY, World, worldWithFlora } from '../support/world.ts';

describe('FLORA', () => {
  it('out of reach ends sync with 5 and keeps run waiting until it is there, with everything then ready', async (t) => {
    const world = await worldWithFlora(t);
    await world.stopFlora();
    const files = writePictures(world.drop, 5);
    const sync = await world.run(['sync']);
    assert.equal(sync.code, 5, sync.stderr);
    assert.match(sync.stderr, /127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)/);

    const daemon = world.start(['run']);
    await logged(daemon, 'trouble', ({ msg }) => msg.includes('cannot be reached'));
    const status = await world.run(['status']);
    assert.match(status.stdout, /FLORA: .*cannot be reached/);
    assert.ok(daemon.isRunning());
    await world.startFlora();
    await logged(daemon, 'recovered', ({ msg }) => msg === 'FLORA answers again');
    await world.lsUntil('everything is ready', areAll('ready', ...files));
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);
    assert.equal(await assertReadyOnce(world, [world.drop]), 5);
    assert.equal(daemon.logs().filter(({ msg }) => msg.includes('cannot be reached')).length, 1, 'told once');
  });

  it('gone in the middle of the work loses nothing', async (t) => {
    const world = await worldWithFlora(t);
    const files = writePictures(world.drop, 120);
    const daemon = world.start(['run']);
    await logged(daemon, 'ten are ready', ({ to }) => to === 'ready', 10);
    await world.stopFlora();
    await logged(daemon, 'trouble', ({ msg }) => msg.includes('cannot be reached'));
    await world.startFlora();
    await world.lsUntil('everything is ready', areAll('ready', ...files), 60_000);
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);
    assert.equal(await assertReadyOnce(world, [world.drop]), 120);
  });

  it('refusing the key ends sync with 5, names no key, and says what would do', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 1);
    const wrong = 'sk_live_wrongwrongwrong';
    const before = await mark(world);
    const { code, stdout, stderr } = await world.run(['sync'], { FLORA_API_KEY: wrong });
    assert.equal(code, 5, stderr);
    assert.match(stderr, /401/);
    assert.match(stderr, /req_/);
    assert.match(stderr, /key/);
    assert.ok(!`${stdout}${stderr}`.includes(wrong) && !`${stdout}${stderr}`.includes(KEY));
    assert.ok((await requests(world, before)).every(({ method }) => method === 'GET'));
  });

  it('refusing the key keeps run waiting, with the reason in status, until it takes the key', async (t) => {
    const world = await worldWithFlora(t, { apiKeys: ['sk_live_another'] });
    const files = writePictures(world.drop, 3);
    const daemon = world.start(['run']);
    await logged(daemon, 'the refusal', ({ code }) => code === 'key_refused');
    assert.match((await world.run(['status'])).stdout, /FLORA: .*401/);
    await admitKeys(world, KEY);
    await world.lsUntil('everything is ready', areAll('ready', ...files));
    assert.equal(daemon.logs().filter(({ code }) => code === 'key_refused').length, 1, 'told once');
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);
    assert.equal(await assertReadyOnce(world, [world.drop]), 3);
  });

  it('that never answers an upload does not keep SIGTERM from ending run, and the next sync goes on from there', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 6);
    await addFaults(world, { kind: 'hang', match: { route: 'upload' } });
    const daemon = world.start(['run']);
    await untilAsync('an upload hangs', async () => (await requests(world)).some(({ route }) => route === 'upload'));
    const { inflight } = JSON.parse((await world.run(['status', '--json'])).stdout);
    assert.ok(inflight.length > 0 && inflight[0].asset_id.startsWith('asset_'), JSON.stringify(inflight));
    daemon.kill('SIGTERM');
    const { code, stderr } = await ended(daemon, 20_000);
    assert.equal(code, 0, stderr);
    await clearFaults(world);
    assert.equal((await world.run(['sync'])).code, 0);
    assert.equal(await assertReadyOnce(world, [world.drop]), 6);
  });

  it('that has never been asked is not needed to look at an empty state directory', async (t) => {
    const world = new World(t);
    for (const args of [['status'], ['status', '--json'], ['ls'], ['ls', '--json']]) {
      // 2: there is no ledger. Not 5: nobody was asked.
      assert.equal((await world.run(args)).code, 2, args.join(' '));
    }
  });
});
