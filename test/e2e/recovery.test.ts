import assert from 'node:assert/strict';
import { copyFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  addFaults,
  alterAsset,
  assertReadyOnce,
  clearFaults,
  localFiles,
  mark,
  readyAssets,
  requests,
  storedAssets,
} from '../support/flora.ts';
import { picture, writePictures } from '../support/pictures.ts';
import { ended } from '../support/process.ts';
import { type World, worldWithFlora } from '../support/world.ts';

/** Not the first picture, but just as long. */
function otherPicture(size: number): Buffer {
  for (let number = 500; ; number += 1) if (picture(number).length === size) return picture(number);
}

function loseLedger(world: World): void {
  rmSync(world.stateDir, { recursive: true });
}

async function createsSince(world: World, since: number): Promise<number> {
  return (await requests(world, since)).filter(({ route }) => route === 'create').length;
}

describe('a lost ledger', () => {
  it('is rebuilt from what FLORA has: no new asset, and the bytes fetched for it are told', async (t) => {
    const world = await worldWithFlora(t);
    const paths = writePictures(world.drop, 130);
    for (const path of paths.slice(0, 20)) copyFileSync(path, `${path}.copy.png`);
    await world.run(['sync']);
    // Names that FLORA never heard of.
    for (const path of paths.slice(20, 40)) renameSync(path, `${path}.renamed.png`);
    loseLedger(world);
    const since = await mark(world);
    const { code, stdout } = await world.run(['sync']);
    assert.equal(code, 0);
    assert.equal(await createsSince(world, since), 0);
    assert.match(stdout, /150 files ready in FLORA \(0 uploaded now/);
    const bytes = paths.map((path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0);
    assert.match(stdout, /130 contents were in FLORA already: recognised by the bytes, [\d.]+ .?i?B fetched/);
    assert.ok(bytes.length > 0);
    await assertReadyOnce(world, [world.drop]);
    // And from then on nothing of it is left to do.
    const again = await mark(world);
    await world.run(['sync']);
    assert.deepEqual([...new Set((await requests(world, again)).map(({ route }) => route))].sort(), [
      'list',
      'workspaces',
    ]);
  });

  it('adopts by bytes only: the same name and size are not enough', async (t) => {
    const world = await worldWithFlora(t);
    const [path = ''] = writePictures(world.drop, 1);
    await world.run(['sync']);
    loseLedger(world);
    writeFileSync(path, otherPicture(statSync(path).size));
    const { stdout } = await world.run(['sync', '--json']);
    assert.equal(JSON.parse(stdout).uploaded, 1);
    await assertReadyOnce(world, [world.drop], { alsoReady: [picture(0)] });
  });

  it('waits with a file whose bytes in FLORA cannot be compared, says so, and goes on when they can', async (t) => {
    const world = await worldWithFlora(t);
    const [path = ''] = writePictures(world.drop, 2);
    await world.run(['sync']);
    loseLedger(world);
    await addFaults(world, { kind: 'status', status: 503, match: { route: 'download' } });
    const daemon = world.start(['run']);
    const [line] = await world.lsUntil(
      'both wait',
      (lines) =>
        lines.length === 2 &&
        lines.every(({ state, reason }) => state === 'matching' && /cannot be compared/.test(reason ?? '')),
    );
    assert.match(line?.reason ?? '', /asset_/);
    await clearFaults(world);
    await world.lsUntil('both are recognised', (lines) => lines.every(({ state }) => state === 'ready'));
    daemon.kill('SIGTERM');
    await ended(daemon);
    assert.equal((await readyAssets(world)).length, 2);
    assert.match((await world.run(['why', path])).stdout, /adopted/);
  });

  it('waits for an upload of the same name that FLORA has not finished', async (t) => {
    const world = await worldWithFlora(t, { processingMs: 3_600_000 });
    const [path = ''] = writePictures(world.drop, 1);
    const first = world.start(['run']);
    await world.lsUntil('it is being processed', (lines) => lines.some(({ state }) => state === 'checking'));
    first.kill('SIGKILL');
    await ended(first);
    loseLedger(world);
    const daemon = world.start(['run']);
    await world.lsUntil('it waits', (lines) => lines.some(({ reason }) => /still open in FLORA/.test(reason ?? '')));
    const [asset] = await storedAssets(world);
    assert.ok(asset);
    await alterAsset(world, asset.asset_id, { status: 'ready' });
    await world.lsUntil('it is recognised', (lines) => lines.every(({ state }) => state === 'ready'));
    daemon.kill('SIGTERM');
    await ended(daemon);
    assert.equal((await storedAssets(world)).length, 1);
    assert.equal((await world.ls())[0]?.asset_id, asset.asset_id);
    assert.ok(localFiles(world.drop).map(String).includes(path));
  });

  it('that is damaged comes back from its snapshot, and what came after that is recognised by its bytes', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 10);
    await world.run(['sync']);
    // Of the same day: no second snapshot knows these.
    writePictures(join(world.drop, 'later'), 10, 10);
    await world.run(['sync']);
    truncateSync(join(world.stateDir, 'ledger.sqlite'), 5_000);
    const since = await mark(world);
    const { code, stderr, stdout } = await world.run(['sync']);
    assert.equal(code, 0, stderr);
    assert.equal(await createsSince(world, since), 0);
    assert.match(stdout, /10 contents were in FLORA already/);
    assert.match(stderr, /snapshot/);
    await assertReadyOnce(world, [world.drop]);
  });

  it('is not looked up where the settings say upload', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 2);
    await world.run(['sync']);
    loseLedger(world);
    const { stdout } = await world.run(['sync', '--json'], { FLORA_SYNC_ON_NEW_LEDGER: 'upload' });
    assert.equal(JSON.parse(stdout).uploaded, 2);
  });
});
