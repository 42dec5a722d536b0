import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type FoldingFileSystem, foldingFileSystems, mountFolding } from '../support/case-folding-mounts.ts';
import { assertReadyOnce, storedAssets } from '../support/flora.ts';
import { openMountSpace } from '../support/mounts.ts';
import { picture, writePictures } from '../support/pictures.ts';
import { ended, logged, type Running } from '../support/process.ts';
import { areAll, type LsLine, type World, worldWithFlora } from '../support/world.ts';

// What is found between the scans is found because it is watched; a file that is taken for two would be sent twice.
const settings = { FLORA_SYNC_RESCAN_INTERVAL: '1h', FLORA_SYNC_COPIES: 'separate' };

interface Bench {
  readonly world: World;
  /** The drop folder as this process sees it. */
  readonly drop: string;
  run(args: readonly string[]): Running;
}

async function onFolding(t: TestContext, fileSystem: FoldingFileSystem): Promise<Bench> {
  const world = await worldWithFlora(t);
  const space = await openMountSpace(t);
  await mountFolding(t, space, fileSystem, world.base, world.drop);
  return { world, drop: space.inside(world.drop), run: (args) => world.startUnder(space.under, args, settings) };
}

async function onDisk(t: TestContext): Promise<Bench> {
  const world = await worldWithFlora(t);
  return { world, drop: world.drop, run: (args) => world.start(args, settings) };
}

async function watching({ run }: Bench): Promise<Running> {
  const daemon = run(['run']);
  await logged(daemon, 'scanned', ({ msg }) => msg === 'scanned');
  return daemon;
}

async function stops(daemon: Running): Promise<void> {
  daemon.kill('SIGTERM');
  const { code, stderr } = await ended(daemon, 20_000);
  assert.equal(code, 0, stderr.slice(-2_000));
}

/** Each of these takes a moment; the next whole scan comes in an hour. */
const momentMs = 30_000;

/** Whether exactly these are there, and ready. */
function areOnly({ world }: Bench, ...names: readonly string[]): (lines: readonly LsLine[]) => boolean {
  const paths = names.map((name) => join(world.drop, name)).sort();
  return (lines) => {
    const here = lines.filter(({ state }) => state !== 'gone');
    const isReady = here.every(({ state }) => state === 'ready');
    return isReady && JSON.stringify(here.map(({ path }) => path).sort()) === JSON.stringify(paths);
  };
}

async function verifies({ run }: Bench): Promise<void> {
  const { code, stdout, stderr } = await ended(run(['verify', '--json']), 60_000);
  assert.equal(code, 0, stdout + stderr);
}

async function syncs({ run }: Bench): Promise<Record<string, number>> {
  const { code, stdout, stderr } = await ended(run(['sync', '--json']), 60_000);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

for (const fileSystem of foldingFileSystems) {
  describe(`names on ${fileSystem.name}, where case does not matter`, { skip: fileSystem.whyNot }, () => {
    const { keepsCase } = fileSystem;

    it('a file and a directory that are renamed in case only are there once, and nothing is sent again', {
      skip: !keepsCase && 'its listings have one case only',
    }, async (t) => {
      const on = await onFolding(t, fileSystem);
      const { world, drop } = on;
      writePictures(drop, 2);
      writePictures(join(drop, 'Shots', 'deep'), 2, 2);
      const daemon = await watching(on);
      const deep = (directory: string) => [2, 3].map((number) => `${directory}/deep/picture-${number}.png`);
      await world.lsUntil('four are ready', areOnly(on, 'picture-0.png', 'picture-1.png', ...deep('Shots')), momentMs);

      renameSync(join(drop, 'picture-0.png'), join(drop, 'Picture-0.PNG'));
      await world.lsUntil(
        'the new name only',
        areOnly(on, 'Picture-0.PNG', 'picture-1.png', ...deep('Shots')),
        momentMs,
      );
      renameSync(join(drop, 'Shots'), join(drop, 'shots'));
      await world.lsUntil(
        'the new directory only',
        areOnly(on, 'Picture-0.PNG', 'picture-1.png', ...deep('shots')),
        momentMs,
      );
      await verifies(on);

      // It is watched under its new name. (A writer who spells a directory otherwise is another inode to exfat-fuse, of which
      // no event tells: that is for the scan.)
      writePictures(join(drop, 'shots', 'deep'), 1, 4);
      const all = ['Picture-0.PNG', 'picture-1.png', ...deep('shots'), 'shots/deep/picture-4.png'];
      await world.lsUntil('a fifth', areOnly(on, ...all), momentMs);
      for (const name of ['PICTURE-0.png', 'picture-0.PNG', 'Picture-0.PNG', 'picture-0.png', 'Picture-0.PNG'])
        renameSync(join(drop, readdirSync(drop).find((each) => /^picture-0/i.test(each)) ?? ''), join(drop, name));
      writePictures(drop, 1, 5);
      await world.lsUntil('there and back', areOnly(on, ...all, 'picture-5.png'), momentMs);
      await verifies(on);
      await stops(daemon);
      assert.equal((await storedAssets(world)).length, 6, 'nothing was begun twice');
      assert.equal(await assertReadyOnce(world, [drop]), 6);
    });

    it('a file that is written by another spelling is the one that is listed', async (t) => {
      const on = await onFolding(t, fileSystem);
      const { world, drop } = on;
      const daemon = await watching(on);
      const listed = (name: RegExp) => readdirSync(drop).find((each) => name.test(each)) ?? '';
      writeFileSync(join(drop, 'Shot.PNG'), picture(1));
      await world.lsUntil('it is ready', areOnly(on, listed(/shot/i)), momentMs);
      // Of another size, because exFAT's times may be those of the first version.
      writeFileSync(join(drop, 'sHOT.png'), picture(2, 8));
      writeFileSync(join(drop, 'OTHER.png'), picture(3));
      const areBoth = areOnly(on, listed(/shot/i), listed(/other/i));
      // The first version is ready, too.
      const isSecond = (lines: readonly LsLine[]) => lines.some(({ size }) => size === picture(2, 8).length);
      await world.lsUntil('the second version is ready', (lines) => areBoth(lines) && isSecond(lines), momentMs);
      await verifies(on);
      await stops(daemon);
      assert.equal((await storedAssets(world)).length, 3, 'two versions of one, and another');
    });

    it('seen by whole scans alone, it is the same', async (t) => {
      const on = await onFolding(t, fileSystem);
      const { world, drop } = on;
      writePictures(join(drop, 'Shots'), 2);
      assert.equal((await syncs(on))['uploaded'], 2);
      renameSync(join(drop, 'Shots', 'picture-0.png'), join(drop, 'Shots', 'PICTURE-0.png'));
      renameSync(join(drop, 'Shots'), join(drop, 'sHOTS'));
      const listed = () => {
        const directory = readdirSync(drop).find((name) => name.toLowerCase() === 'shots') ?? '';
        return readdirSync(join(drop, directory)).map((name) => `${directory}/${name}`);
      };
      for (let round = 1; round <= 2; round += 1) {
        assert.equal((await syncs(on))['uploaded'], 0);
        assert.ok(areOnly(on, ...listed())(await world.ls()), `round ${round}`);
      }
      await verifies(on);
      assert.equal((await storedAssets(world)).length, 2);
    });
  });
}

describe('a name that changes its kind', () => {
  it('a ready file’s name that becomes the directory it moves into is right in a moment, twelve of twelve', async (t) => {
    const on = await onDisk(t);
    const { world, drop } = on;
    const numbers = Array.from({ length: 12 }, (_, number) => number);
    for (const number of numbers) writeFileSync(join(drop, `shot-${number}`), picture(number));
    const daemon = await watching(on);
    await world.lsUntil('all are ready', areOnly(on, ...numbers.map((number) => `shot-${number}`)), momentMs);
    for (const number of numbers) {
      const shot = join(drop, `shot-${number}`);
      renameSync(shot, join(drop, 't'));
      mkdirSync(shot);
      renameSync(join(drop, 't'), join(shot, 'a.png'));
    }
    await world.lsUntil('all have moved', areOnly(on, ...numbers.map((number) => `shot-${number}/a.png`)), momentMs);
    await verifies(on);
    await stops(daemon);
    assert.equal((await storedAssets(world)).length, 12);
  });

  it('a file that becomes a link into the folder, and a directory that becomes a file, are right in a moment', async (t) => {
    const on = await onDisk(t);
    const { world, drop } = on;
    writePictures(drop, 1);
    writePictures(join(drop, 'album'), 2, 1);
    const daemon = await watching(on);
    await world.lsUntil(
      'three are ready',
      areOnly(on, 'picture-0.png', 'album/picture-1.png', 'album/picture-2.png'),
      momentMs,
    );
    renameSync(join(drop, 'picture-0.png'), join(drop, 'album', 'picture-0.png'));
    symlinkSync('album/picture-0.png', join(drop, 'picture-0.png'));
    const moved = [0, 1, 2].map((number) => `album/picture-${number}.png`);
    await world.lsUntil('it is where the link leads', areOnly(on, ...moved), momentMs);

    renameSync(join(drop, 'album'), join(drop, 'z'));
    writeFileSync(join(drop, 'album'), picture(9));
    await world.lsUntil(
      'the album is a file',
      areOnly(on, 'album', ...moved.map((path) => path.replace('album', 'z'))),
      30_000,
    );
    await verifies(on);
    await stops(daemon);
    assert.equal((await storedAssets(world)).length, 4);
  });
});

describe('what nobody dropped for FLORA', () => {
  it('is neither sent nor rejected, so that sync ends with 0; a download is taken once its tool is done', async (t) => {
    const on = await onDisk(t);
    const { world, drop } = on;
    writePictures(drop, 1);
    for (const directory of [
      '@eaDir',
      '$RECYCLE.BIN',
      'System Volume Information',
      'Previews.lrdata',
      'Film.mp4.download',
    ])
      writePictures(join(drop, directory, 'deep'), 1, 50);
    for (const name of [
      'Thumbs.db',
      'DESKTOP.INI',
      'Icon\r',
      'a.png:Zone.Identifier',
      'a.mp4.filepart',
      'b.temp',
      'c.png.!qB',
    ])
      writeFileSync(join(drop, name), 'x');
    writeFileSync(join(drop, 'film.png'), picture(7));
    writeFileSync(join(drop, 'film.png.aria2'), 'state');
    assert.deepEqual(
      { ...(await syncs(on)), bytes: 0, seconds: 0 },
      {
        ...{ ready: 1, uploaded: 1, unchanged: 0, rejected: 0, failed: 0, pending: 0, bytes: 0, seconds: 0 },
      },
    );
    assert.ok(areOnly(on, 'picture-0.png')(await world.ls()));

    const daemon = await watching(on);
    writeFileSync(join(drop, 'film.png'), picture(8));
    writePictures(drop, 1, 1);
    await world.lsUntil('another is ready', areOnly(on, 'picture-0.png', 'picture-1.png'), momentMs);
    rmSync(join(drop, 'film.png.aria2'));
    await world.lsUntil('the download is', areOnly(on, 'picture-0.png', 'picture-1.png', 'film.png'), momentMs);
    await stops(daemon);
    assert.equal((await storedAssets(world)).length, 3);
    assert.ok(areAll('ready', join(drop, 'film.png'))(await world.ls()));
  });
});
