import assert from 'node:assert/strict';
import { mkdirSync, promises, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ScannedDirectory } from '../../src/local/walk/scanner.ts';
import type { WatchTarget } from '../../src/local/watch/watcher.ts';
import { inotifyWatches } from '../support/descriptors.ts';
import { type Follower, follow } from '../support/follower.ts';
import { readDirectory } from '../support/read-directory.ts';
import { bytes, link, plant, plantTemporary, type Tree } from '../support/tree.ts';
import { until } from '../support/until.ts';

const isLinux = process.platform === 'linux';

async function appears(follower: Follower, ...paths: readonly string[]): Promise<void> {
  for (const path of paths) await until(`${path} is found`, () => follower.files.has(path));
}

function numbered(count: number): Tree {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`${n}.png`, 'x']));
}

function listing(root: string, directory: string): ScannedDirectory {
  const found = readDirectory(root, directory);
  assert.ok(found);
  return found;
}

test('a new file is hinted with its directory and name', async (t) => {
  const root = plantTemporary(t, { sub: {} });
  const follower = await follow(t, root);
  assert.equal(follower.watcher.watchedCount(), 2);
  plant(join(root, 'sub'), { 'a.png': 'x' });
  await appears(follower, 'sub/a.png');
  if (isLinux) assert.ok(follower.hints.some(([directory, name]) => directory === 'sub' && name === 'a.png'));
});

test('every directory is hinted once after its watch was armed', async (t) => {
  const root = plantTemporary(t, { sub: {} });
  const follower = await follow(t, root);
  assert.deepEqual(follower.hints.map(([directory, name]) => `${directory}:${name}`).sort(), [':null', 'sub:null']);
});

test('names with quotes, newlines and backslashes are hinted as they are', async (t) => {
  const root = plantTemporary(t, { 'back\\slash': {}, 'new\nline': {} });
  const follower = await follow(t, root);
  plant(root, { 'back\\slash': { 'a"\n\'.png': 'x' }, 'new\nline': { 'b\\c.png': 'x' } });
  await appears(follower, 'back\\slash/a"\n\'.png', 'new\nline/b\\c.png');
});

test('names that are not UTF-8 are found, files and directories', { skip: !isLinux }, async (t) => {
  const root = plantTemporary(t, { 'known\uDCFF': {} });
  const follower = await follow(t, root);
  plant(root, { 'file\uDC80.png': 'x', 'known\uDCFF': { 'a\uDC81.png': 'x' } });
  await appears(follower, 'file\uDC80.png', 'known\uDCFF/a\uDC81.png');
  mkdirSync(bytes(join(root, 'new\uDCE9')));
  await until('the directory is watched', () => follower.watcher.isKnown('new\uDCE9'));
  plant(join(root, 'new\uDCE9'), { 'b.png': 'x', deep: { 'c.png': 'x' } });
  await appears(follower, 'new\uDCE9/b.png', 'new\uDCE9/deep/c.png');
});

test('hidden and temporary names give no hints until they get their real name', async (t) => {
  const root = plantTemporary(t, {});
  const follower = await follow(t, root);
  plant(root, { '.hidden': 'x', 'a.png.part': 'x', '.git': {}, _done: { 'b.png': 'x' } });
  renameSync(join(root, 'a.png.part'), join(root, 'a.png'));
  await appears(follower, 'a.png');
  const names = follower.hints.map(([, name]) => name);
  for (const name of ['.hidden', 'a.png.part', '.git']) assert.ok(!names.includes(name), name);
  assert.deepEqual([...follower.files], ['a.png']);
});

test('a root that is a link is watched where it leads to', async (t) => {
  const real = plantTemporary(t, { sub: {} });
  const root = join(plantTemporary(t, { root: link(real) }), 'root');
  const follower = await follow(t, root);
  plant(real, { 'a.png': 'x', sub: { 'b.png': 'x' } });
  await appears(follower, 'a.png', 'sub/b.png');
});

test('a burst of 2,000 files in new nested directories loses nothing', async (t) => {
  const root = plantTemporary(t, {});
  const follower = await follow(t, root);
  const expected: string[] = [];
  for (let n = 0; n < 2000; n += 1) {
    const directory = `job${n % 10}/shot${n % 100}/take${n % 200}`;
    mkdirSync(join(root, directory), { recursive: true });
    writeFileSync(join(root, directory, `${n}.png`), 'x');
    expected.push(`${directory}/${n}.png`);
    // In several turns, so that directories are being armed while files arrive in them.
    if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await until('all 2,000 are found', () => follower.files.size === expected.length);
  assert.deepEqual([...follower.files].sort(), expected.sort());
});

test('a tree that is moved in is found and watched at all levels', async (t) => {
  const root = plantTemporary(t, {});
  const elsewhere = plantTemporary(t, { job: { 'a.png': 'x', b: { 'c.png': 'x', d: { 'e.png': 'x' } } } });
  const follower = await follow(t, root);
  renameSync(join(elsewhere, 'job'), join(root, 'job'));
  await appears(follower, 'job/a.png', 'job/b/c.png', 'job/b/d/e.png');
  await until('all are watched', () => follower.watcher.watchedCount() === 4);
  plant(join(root, 'job/b/d'), { 'late.png': 'x' });
  await appears(follower, 'job/b/d/late.png');
});

test('a directory that is removed and made again at once is watched again', async (t) => {
  const root = plantTemporary(t, { sub: {} });
  const follower = await follow(t, root);
  for (const round of ['1', '2', '3']) {
    const before = statSync(join(root, 'sub'));
    rmdirSync(join(root, 'sub'));
    mkdirSync(join(root, 'sub'));
    const after = statSync(join(root, 'sub'));
    t.diagnostic(`inode ${before.ino === after.ino ? 'reused' : 'new'}`);
    if (isLinux) await until('a live watch', () => inotifyWatches() === 2);
    plant(join(root, 'sub'), { [`${round}.png`]: 'x' });
    await appears(follower, `sub/${round}.png`);
    rmSync(join(root, 'sub', `${round}.png`));
    await until('it is gone again', () => !follower.files.has(`sub/${round}.png`));
  }
});

test('a directory made again is another one by its birth time, though it has the inode of the old', {
  skip: !isLinux,
}, async (t) => {
  const root = plantTemporary(t, { sub: {} });
  const { watcher } = await follow(t, root, { isDeaf: true });
  rmdirSync(join(root, 'sub'));
  mkdirSync(join(root, 'sub'));
  // In the same turn, so that no event can have told the watcher.
  await watcher.add([listing(root, 'sub')]);
  assert.equal(inotifyWatches(), 2);
});

test('the end of a directory makes its watch suspect where there are no birth times', { skip: !isLinux }, async (t) => {
  const root = plantTemporary(t, { sub: {} });
  const { watcher, hints } = await follow(t, root, { isDeaf: true });
  const withoutBirth = (): WatchTarget => {
    const found = listing(root, 'sub');
    return { ...found, identity: { ...found.identity, birthtimeMs: 0 } };
  };
  await watcher.add([withoutBirth()]);
  assert.equal(inotifyWatches(), 2);
  rmdirSync(join(root, 'sub'));
  mkdirSync(join(root, 'sub'));
  await until('its end is hinted', () => hints.some(([directory, name]) => directory === '' && name === 'sub'));
  await watcher.add([withoutBirth()]);
  assert.equal(inotifyWatches(), 2);
});

test('another directory under the same name is armed anew by a scan alone', async (t) => {
  const root = plantTemporary(t, { sub: { below: {} } });
  const follower = await follow(t, root, { isDeaf: true });
  renameSync(join(root, 'sub'), `${root}-old`);
  t.after(() => rmSync(`${root}-old`, { recursive: true }));
  plant(root, { sub: { below: {} } });
  await follower.scan();
  if (isLinux) await until('three live watches', () => inotifyWatches() === 3);
  assert.equal(follower.watcher.watchedCount(), 3);
});

test('a directory that moved within the root hints under its new name', async (t) => {
  const root = plantTemporary(t, { a: { deep: {} } });
  const follower = await follow(t, root);
  renameSync(join(root, 'a'), join(root, 'b'));
  await until('the new place is watched', () => follower.watcher.isKnown('b/deep') && !follower.watcher.isKnown('a'));
  if (isLinux) await until('three live watches', () => inotifyWatches() === 3);
  plant(join(root, 'b/deep'), { 'x.png': 'x' });
  await appears(follower, 'b/deep/x.png');
});

test('a directory that moved out is let go with all below, and taken back when it returns', async (t) => {
  const root = plantTemporary(t, { a: { deep: {} } });
  const outside = plantTemporary(t, {});
  const follower = await follow(t, root);
  renameSync(join(root, 'a'), join(outside, 'a'));
  await until('it is forgotten', () => !follower.watcher.isKnown('a') && !follower.watcher.isKnown('a/deep'));
  if (isLinux) await until('one watch is left', () => inotifyWatches() === 1);
  renameSync(join(outside, 'a'), join(root, 'a'));
  await until('it is watched again', () => follower.watcher.watchedCount() === 3);
  plant(join(root, 'a/deep'), { 'x.png': 'x' });
  await appears(follower, 'a/deep/x.png');
});

test('a root that is removed and made again is watched again by the next scan', async (t) => {
  const parent = plantTemporary(t, { root: { sub: {} } });
  const root = join(parent, 'root');
  const follower = await follow(t, root);
  rmSync(root, { recursive: true });
  await until('the end of the root is hinted', () =>
    follower.hints.some(([directory, name]) => directory === '' && name === null),
  );
  plant(parent, { root: { sub: { 'a.png': 'x' } } });
  await follower.scan();
  await appears(follower, 'sub/a.png');
  plant(root, { 'b.png': 'x', sub: { 'c.png': 'x' } });
  await appears(follower, 'b.png', 'sub/c.png');
});

test('a directory with many entries is watched without chokidar, and so are those that grow', async (t) => {
  const root = plantTemporary(t, { large: numbered(30), small: {} });
  const follower = await follow(t, root, { largeDirectoryEntries: 20 });
  plant(join(root, 'large'), { 'new.png': 'x', sub: { 'a.png': 'x' } });
  await appears(follower, 'large/new.png', 'large/sub/a.png');
  plant(join(root, 'large/sub'), { 'b.png': 'x' });
  plant(join(root, 'small'), numbered(40));
  await appears(follower, 'large/sub/b.png', 'small/39.png');
  plant(join(root, 'small'), { 'late.png': 'x' });
  await appears(follower, 'small/late.png');
  rmSync(join(root, 'large'), { recursive: true });
  await until('it is forgotten', () => !follower.watcher.isKnown('large') && !follower.watcher.isKnown('large/sub'));
  if (isLinux) await until('two live watches', () => inotifyWatches() === 2);
});

test('what was added is armed once, however often it is added', { skip: !isLinux }, async (t) => {
  const root = plantTemporary(t, { a: {}, b: {} });
  const { watcher } = await follow(t, root, { isDeaf: true });
  const listings = ['', 'a', 'b'].map((directory) => listing(root, directory));
  await Promise.all([watcher.add(listings), watcher.add(listings), watcher.add(listings)]);
  assert.equal(inotifyWatches(), 3);
  assert.equal(watcher.watchedCount(), 3);
});

test('what is removed is no longer watched, and can be added again', { skip: !isLinux }, async (t) => {
  const root = plantTemporary(t, { a: { b: {} }, c: {} });
  const { watcher } = await follow(t, root, { isDeaf: true });
  const listings = ['a', 'a/b'].map((directory) => listing(root, directory));
  for (let round = 0; round < 3; round += 1) {
    watcher.remove('a');
    assert.equal(watcher.isKnown('a/b'), false);
    await until('two watches are left', () => inotifyWatches() === 2);
    await watcher.add(listings);
    assert.equal(inotifyWatches(), 4);
  }
});

test('directories that are gone by the time they are added are forgotten, and do not keep others waiting', async (t) => {
  const root = plantTemporary(t, { gone: { deep: {} }, here: {} });
  const { watcher } = await follow(t, root, { isDeaf: true });
  const gone = ['gone', 'gone/deep'].map((directory) => listing(root, directory));
  watcher.remove('gone');
  rmSync(join(root, 'gone'), { recursive: true });
  await watcher.add([...gone, listing(root, 'here')]);
  assert.equal(watcher.isKnown('gone'), false);
  assert.equal(watcher.watchedCount(), 2);
});

test('a burst that fills the queue of the kernel is noticed, and the rescan finds what was lost', {
  skip: !isLinux,
}, async (t) => {
  const root = plantTemporary(t, { sub: {} });
  const follower = await follow(t, root, {
    limits: { maxUserWatches: null, maxUserInstances: null, maxQueuedEvents: 2000 },
    largeDirectoryEntries: 10_000,
  });
  for (let n = 0; n < 3000; n += 1) writeFileSync(join(root, 'sub', `${n}.png`), 'x');
  await until('the overflow is noticed', () => follower.overflows > 0);
  await until('all are found', () => follower.files.size === 3000);
});

test('nothing is hinted after close, and every watch is given back', async (t) => {
  const root = plantTemporary(t, { a: {}, b: numbered(30) });
  const follower = await follow(t, root, { largeDirectoryEntries: 20 });
  await follower.watcher.close();
  if (isLinux) await until('no watch is left', () => inotifyWatches() === 0);
  const hints = follower.hints.length;
  plant(root, { 'a.png': 'x', b: { 'c.png': 'x' } });
  await new Promise((resolve) => setImmediate(resolve));
  await follower.watcher.add([listing(root, '')]);
  assert.equal(follower.watcher.isKnown('a.png'), false);
  assert.equal(follower.hints.length, hints);
});

test('a directory with a few dozen entries is not listed again at each event', { skip: !isLinux }, async (t) => {
  const root = plantTemporary(t, { some: numbered(40) });
  const follower = await follow(t, root, { isDeaf: true });
  const looks: string[] = [];
  const { lstat } = promises;
  t.after(() => {
    promises.lstat = lstat;
    syncBuiltinESMExports();
  });
  // What chokidar lists a directory with.
  promises.lstat = ((path: string) => {
    looks.push(path);
    return lstat(path);
  }) as typeof lstat;
  syncBuiltinESMExports();
  plant(root, { 'at the top.png': 'x' });
  await until('chokidar has listed the root', () => looks.some((path) => path.endsWith('at the top.png')));
  looks.length = 0;
  plant(join(root, 'some'), { 'new.png': 'x' });
  await until('it is hinted', () => follower.hints.some(([directory, name]) => directory === 'some' && name !== null));
  plant(root, { 'at the end.png': 'x' });
  await until('chokidar has listed the root again', () => looks.some((path) => path.endsWith('at the end.png')));
  assert.deepEqual(
    looks.filter((path) => path.includes('/some/')),
    [],
  );
});
