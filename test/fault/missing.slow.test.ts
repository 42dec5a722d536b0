import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { FakeClock, whyNoFakeClock } from '../support/fake-clock.ts';
import { alterAsset, mark, readyAssets, requests } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { ended } from '../support/process.ts';
import { type LsLine, type World, worldWithFlora } from '../support/world.ts';

/** Three files are ready; then the asset of the first is not in FLORA any more. */
async function withHiddenAsset(t: TestContext): Promise<{ world: World; path: string; assetId: string }> {
  const world = await worldWithFlora(t);
  const [path = ''] = writePictures(world.drop, 3);
  assert.equal((await world.run(['sync'])).code, 0);
  const assetId = (await world.ls()).find((line) => line.path === path)?.asset_id;
  assert.ok(assetId);
  await alterAsset(world, assetId, { hide: true });
  return { world, path, assetId };
}

/** A daemon lives at that time until `ls` shows what is wanted. */
async function liveAt(
  world: World,
  offset: string,
  what: string,
  isWanted: (lines: readonly LsLine[]) => boolean,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const daemon = world.start(['run'], { ...new FakeClock(world, offset).env, ...more });
  await world.lsUntil(what, isWanted);
  daemon.kill('SIGKILL');
  await ended(daemon);
}

const showing = (path: string, state: string) => (lines: readonly LsLine[]) =>
  lines.some((line) => line.path === path && line.state === state);

describe('an asset that is hidden at FLORA', { skip: whyNoFakeClock }, () => {
  it('is reported after the second look, with nothing sent, and is ready again when it is shown again', async (t) => {
    const { world, path, assetId } = await withHiddenAsset(t);
    const since = await mark(world);
    await liveAt(world, '+25h', 'the daily full listing has lacked it', showing(path, 'checking'));
    await liveAt(world, '+26h', 'it is missing', showing(path, 'missing'));
    const { code, stdout } = await world.run(['sync', '--json'], new FakeClock(world, '+26h').env);
    const { ready, failed, pending } = JSON.parse(stdout);
    assert.deepEqual({ code, ready, failed, pending }, { code: 3, ready: 2, failed: 1, pending: 0 });
    assert.match((await world.run(['why', path])).stdout, /not in FLORA any more/);
    assert.equal((await requests(world, since)).filter(({ route }) => route === 'create').length, 0);
    await alterAsset(world, assetId, { hide: false });
    await liveAt(world, '+52h', 'it is ready again', showing(path, 'ready'));
    assert.equal((await readyAssets(world)).length, 3);
  });

  it('is sent again, as a new asset, only where the settings say so', async (t) => {
    const { world, path, assetId } = await withHiddenAsset(t);
    const upload = { FLORA_SYNC_ON_MISSING: 'upload' };
    await liveAt(world, '+25h', 'the daily full listing has lacked it', showing(path, 'checking'), upload);
    const isAnother = (lines: readonly LsLine[]) =>
      lines.some((line) => line.path === path && line.state === 'ready' && line.asset_id !== assetId);
    await liveAt(world, '+26h', 'it is ready as another asset', isAnother, upload);
    assert.equal((await readyAssets(world)).length, 4, 'the hidden one among them');
  });

  it('is sent again by a setting that comes after it was reported', async (t) => {
    const { world, path, assetId } = await withHiddenAsset(t);
    await liveAt(world, '+25h', 'the daily full listing has lacked it', showing(path, 'checking'));
    await liveAt(world, '+26h', 'it is missing', showing(path, 'missing'));
    const upload = { FLORA_SYNC_ON_MISSING: 'upload' };
    const { code } = await world.run(['sync'], { ...new FakeClock(world, '+26h').env, ...upload });
    assert.equal(code, 0);
    assert.notEqual((await world.ls()).find((line) => line.path === path)?.asset_id, assetId);
  });
});
