import assert from 'node:assert/strict';
import { copyFileSync, cpSync, linkSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { assertReadyOnce, localFiles, mark, readyAssets, requests } from '../support/flora.ts';
import { picture, writePictures } from '../support/pictures.ts';
import { ended } from '../support/process.ts';
import { until } from '../support/until.ts';
import { type World, worldWithFlora } from '../support/world.ts';

/** The requests that make assets or send bytes. */
async function sendsSince(world: World, since: number): Promise<readonly string[]> {
  const all = await requests(world, since);
  return all
    .filter(({ route }) => route === 'create' || route === 'upload')
    .map(({ route, path }) => `${route} ${path}`);
}

function plant(world: World): void {
  for (let shoot = 0; shoot < 6; shoot += 1) writePictures(join(world.drop, 'job', `shoot ${shoot}`), 20, shoot * 20);
}

/** Renames the top, moves a third elsewhere, copies some, touches all. Returns how many files there are then. */
function rearrange(world: World, round: string): number {
  const [top] = ['job', 'job first', 'job second'].map((name) => join(world.drop, name)).filter((path) => has(path));
  assert.ok(top);
  renameSync(top, join(world.drop, `job ${round}`));
  const files = localFiles(join(world.drop, `job ${round}`)).map(String);
  const elsewhere = join(world.drop, `moved ${round}`);
  mkdirSync(elsewhere);
  for (const [index, path] of files.entries()) {
    if (index % 3 === 0) renameSync(path, join(elsewhere, basename(path)));
    else if (index % 10 === 1) copyFileSync(path, `${path}.copy.png`);
  }
  for (const path of localFiles(world.drop)) utimesSync(path, new Date(), new Date(2_000_000_000_000));
  return localFiles(world.drop).length;
}

function has(path: string): boolean {
  try {
    return localFiles(path).length >= 0;
  } catch {
    return false;
  }
}

describe('identity', () => {
  it('sends nothing again after renames, moves, copies and touches, while down and while running', async (t) => {
    const world = await worldWithFlora(t);
    plant(world);
    assert.equal((await world.run(['sync'])).code, 0);
    const since = await mark(world);
    const first = rearrange(world, 'first');
    const synced = await world.run(['sync', '--json']);
    const { ready, uploaded } = JSON.parse(synced.stdout);
    assert.deepEqual({ ready, uploaded, code: synced.code }, { ready: first, uploaded: 0, code: 0 });

    const daemon = world.start(['run']);
    await world.lsUntil(
      'the daemon has looked',
      (lines) => lines.filter((line) => line.state === 'ready').length === first,
    );
    await until('it has scanned', () => daemon.logs().some(({ msg }) => msg === 'scanned'));
    const second = rearrange(world, 'second');
    const paths = new Set(localFiles(world.drop).map(String));
    await world.lsUntil('everything is ready under its new name', (lines) => {
      const found = lines.filter(({ state, path }) => state === 'ready' && paths.has(path));
      return found.length === second && lines.every(({ state }) => state === 'ready' || state === 'gone');
    });
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);
    assert.deepEqual(await sendsSince(world, since), []);
    assert.equal(await assertReadyOnce(world, [world.drop]), 120);
  });

  it('tells in `why` where a moved file came from and what a copy is of', async (t) => {
    const world = await worldWithFlora(t);
    const [a = '', b = '', c = ''] = writePictures(world.drop, 3);
    await world.run(['sync']);
    renameSync(a, join(world.drop, 'renamed.png'));
    copyFileSync(b, join(world.drop, 'copied.png'));
    // Another inode, as after a move between two file systems.
    copyFileSync(c, join(world.drop, 'across.png'));
    rmSync(c);
    assert.equal((await world.run(['sync'])).code, 0);
    const why = async (name: string) => (await world.run(['why', join(world.drop, name)])).stdout;
    assert.match(await why('renamed.png'), /moved.*from .*picture-0\.png \(the same inode and bytes\)/);
    assert.match(await why('copied.png'), /copied.*of .*picture-1\.png/);
    assert.match(await why('across.png'), /moved.*from .*picture-2\.png \(the same bytes\)/);
  });

  it('is not fooled by an inode that another file has now', async (t) => {
    const world = await worldWithFlora(t);
    const [path = ''] = writePictures(world.drop, 1);
    await world.run(['sync']);
    // The same inode, other bytes.
    writeFileSync(path, picture(77));
    renameSync(path, join(world.drop, 'other.png'));
    const { stdout } = await world.run(['sync', '--json']);
    assert.equal(JSON.parse(stdout).uploaded, 1);
    assert.doesNotMatch((await world.run(['why', join(world.drop, 'other.png')])).stdout, /moved/);
    await assertReadyOnce(world, [world.drop], { alsoReady: [picture(0)] });
  });

  it('sends nothing after a restore from a backup: new inodes, new times, the same bytes', async (t) => {
    const world = await worldWithFlora(t);
    plant(world);
    await world.run(['sync']);
    const since = await mark(world);
    cpSync(world.drop, join(world.base, 'backup'), { recursive: true });
    rmSync(join(world.drop, 'job'), { recursive: true });
    cpSync(join(world.base, 'backup'), world.drop, { recursive: true });
    const { code, stdout } = await world.run(['sync', '--json']);
    assert.deepEqual({ code, uploaded: JSON.parse(stdout).uploaded }, { code: 0, uploaded: 0 });
    assert.deepEqual(await sendsSince(world, since), []);
  });

  it('gives a copy in another destination an asset of its own', async (t) => {
    const world = await worldWithFlora(t);
    const other = world.directory('other');
    const config = join(world.base, 'config.toml');
    writeFileSync(config, `[[folder]]\npath = "${world.drop}"\n[[folder]]\npath = "${other}"\ndestination = "b"\n`);
    writePictures(world.drop, 3);
    writePictures(other, 3);
    const { FLORA_SYNC_FOLDER: _, ...env } = world.launch().env;
    const daemon = world.startWith({ ...env, FLORA_SYNC_CONFIG: config }, ['sync', '--json']);
    const { code, stdout } = await ended(daemon);
    assert.deepEqual({ code, uploaded: JSON.parse(stdout).uploaded }, { code: 0, uploaded: 6 });
    assert.equal((await readyAssets(world)).length, 6);
  });
});

describe('copies = separate', () => {
  const separate = { FLORA_SYNC_COPIES: 'separate' };

  it('gives each path its own asset, and still follows what is moved', async (t) => {
    const world = await worldWithFlora(t);
    const [a = ''] = writePictures(world.drop, 2);
    copyFileSync(a, join(world.drop, 'copy.png'));
    linkSync(a, join(world.drop, 'link.png'));
    await world.run(['sync'], separate);
    assert.equal((await readyAssets(world)).length, 4);
    const assets = async () => new Map((await world.ls()).map(({ path, asset_id }) => [basename(path), asset_id]));
    const before = await assets();
    renameSync(a, join(world.drop, 'renamed.png'));
    const since = await mark(world);
    assert.equal((await world.run(['sync'], separate)).code, 0);
    assert.deepEqual(await sendsSince(world, since), []);
    assert.equal((await assets()).get('renamed.png'), before.get('picture-0.png'));
    copyFileSync(join(world.drop, 'renamed.png'), join(world.drop, 'another.png'));
    await world.run(['sync'], separate);
    assert.equal((await readyAssets(world)).length, 5);
  });

  it('follows a drop folder that was renamed, with the setting', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 5);
    await world.run(['sync'], separate);
    const since = await mark(world);
    const renamed = join(world.base, 'renamed drop');
    renameSync(world.drop, renamed);
    assert.equal((await world.run(['sync'], { ...separate, FLORA_SYNC_FOLDER: renamed })).code, 0);
    assert.deepEqual(await sendsSince(world, since), []);
  });

  it('finds each its own asset again after the ledger was lost', async (t) => {
    const world = await worldWithFlora(t);
    const [a = ''] = writePictures(world.drop, 1);
    for (const name of ['b.png', 'c.png']) copyFileSync(a, join(world.drop, name));
    await world.run(['sync'], separate);
    rmSync(world.stateDir, { recursive: true });
    const since = await mark(world);
    assert.equal((await world.run(['sync'], separate)).code, 0);
    assert.deepEqual(await sendsSince(world, since), []);
    assert.equal(new Set((await world.ls()).map(({ asset_id }) => asset_id)).size, 3);
  });
});
