import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { assertReadyOnce, storedAssets } from '../support/flora.ts';
import { type MountSpace, openMountSpace, whyNoMounts } from '../support/mounts.ts';
import { writePictures } from '../support/pictures.ts';
import { ended, logged, type Running } from '../support/process.ts';
import { untilAsync } from '../support/until.ts';
import { areAll, type LsLine, type World, worldWithFlora } from '../support/world.ts';

// What is found between the scans is found because it is watched.
const settings = { FLORA_SYNC_RESCAN_INTERVAL: '1h' };

interface Bench {
  readonly world: World;
  readonly space: MountSpace;
  /** The drop folder as this process sees it. */
  readonly drop: string;
  start(): Promise<Running>;
}

async function bench(t: TestContext): Promise<Bench> {
  const world = await worldWithFlora(t);
  const space = await openMountSpace(t);
  const start = async () => {
    const daemon = world.startUnder(space.under, ['run'], settings);
    await logged(daemon, 'scanned', ({ msg }) => msg === 'scanned');
    return daemon;
  };
  return { world, space, drop: space.inside(world.drop), start };
}

/** As `ls` names what was written below `inside`. */
function named({ world, drop }: Bench, paths: readonly string[]): readonly string[] {
  return paths.map((path) => join(world.drop, path.slice(drop.length)));
}

/** A drive with these files, mounted nowhere yet but at its own place. */
function prepareDrive({ world, space }: Bench, name: string, from: string): string {
  const place = world.directory(name);
  space.mount('-t', 'tmpfs', 'tmpfs', place);
  cpSync(from, space.inside(place), { recursive: true, preserveTimestamps: true });
  return place;
}

async function troubleUntil(world: World, what: string, isWanted: (trouble: string | undefined) => boolean) {
  let trouble: string | undefined;
  const look = async () => {
    const { stdout } = await world.run(['status', '--json']);
    trouble = JSON.parse(stdout).folders[0].trouble;
    return isWanted(trouble);
  };
  await untilAsync(what, look, 60_000, () => `status says: ${trouble}`);
}

/** Only the second file proves it: the first may be met by the look that follows each arming of a watch. */
async function isWatched(on: Bench, directory: string, first: number): Promise<void> {
  for (const number of [first, first + 1]) {
    const paths = named(on, writePictures(directory, 1, number));
    await on.world.lsUntil(`${paths} is found by watching`, areAll('ready', ...paths), 30_000);
  }
}

async function stops(daemon: Running): Promise<void> {
  daemon.kill('SIGTERM');
  const { code, stderr } = await ended(daemon, 20_000);
  assert.equal(code, 0, stderr.slice(-2_000));
}

const waits = (line: LsLine | undefined) => line?.reason?.includes('not there just now') === true;

/** Leaves a file in the ledger that could not be sent yet. */
async function unsent(on: Bench, directory: string, number: number): Promise<string> {
  await on.world.stopFlora();
  const [path = ''] = named(on, writePictures(directory, 1, number));
  await on.world.lsUntil('it is in the ledger', (lines) => lines.some((line) => line.path === path));
  return path;
}

/** Everything is ready but the one, which is tried, found away, and kept. */
async function keepsWaiting(on: Bench, path: string, ready: readonly string[]): Promise<void> {
  await on.world.startFlora();
  const find = (lines: readonly LsLine[]) => lines.find((line) => line.path === path);
  const lines = await on.world.lsUntil('it waits for its drive', (all) => waits(find(all)));
  assert.ok(areAll('ready', ...ready)(lines));
  assert.deepEqual(
    lines.filter(({ state }) => state === 'gone'),
    [],
  );
}

const halts = (daemon: Running) =>
  daemon.logs().filter(({ code, level }) => level === 50 && `${code}`.startsWith('folder_'));
const resumes = (daemon: Running) => daemon.logs().filter(({ msg }) => msg.includes('can be read again'));

describe('a drop folder on a drive', { skip: whyNoMounts }, () => {
  it('that is unmounted and mounted again: halts with a message, loses nothing, and goes on by itself', async (t) => {
    const on = await bench(t);
    const { world, space } = on;
    const drive = world.directory('drive');
    space.mount('--bind', drive, world.drop);
    const ready = named(on, [...writePictures(on.drop, 2), ...writePictures(join(on.drop, 'sub'), 2, 2)]);
    const daemon = await on.start();
    await world.lsUntil('four are ready', areAll('ready', ...ready));
    const late = await unsent(on, join(on.drop, 'sub'), 4);

    space.umount('-l', world.drop);
    await troubleUntil(world, 'status says that it is not mounted', (trouble) =>
      /not to be mounted/.test(trouble ?? ''),
    );
    await keepsWaiting(on, late, ready);

    space.mount('--bind', drive, world.drop);
    await logged(daemon, 'it goes on', ({ msg }) => msg.includes('can be read again'));
    await troubleUntil(world, 'status is quiet', (trouble) => trouble === undefined);
    await world.lsUntil('the late one is ready', areAll('ready', ...ready, late));
    await isWatched(on, on.drop, 10);
    await isWatched(on, join(on.drop, 'sub'), 20);

    // Nothing is on its way now that would stumble over it, and no event tells.
    space.umount('-l', world.drop);
    await troubleUntil(world, 'status says so again', (trouble) => /not to be mounted/.test(trouble ?? ''));
    await stops(daemon);
    assert.deepEqual([halts(daemon).length, resumes(daemon).length], [2, 1]);
    assert.equal(await assertReadyOnce(world, [drive]), 9);
    assert.equal((await storedAssets(world)).length, 9, 'nothing was begun twice');
  });

  it('that comes back from a backup, on another device, is the same to it, and is watched anew', async (t) => {
    const on = await bench(t);
    const { world, space } = on;
    space.mount('-t', 'tmpfs', 'tmpfs', world.drop);
    const ready = named(on, [...writePictures(on.drop, 2), ...writePictures(join(on.drop, 'sub'), 2, 2)]);
    const backup = prepareDrive(on, 'backup', on.drop);
    const daemon = await on.start();
    await world.lsUntil('four are ready', areAll('ready', ...ready));

    // The last of its mounts: the watches die with it.
    space.umount(world.drop);
    await troubleUntil(world, 'status says that it is not mounted', (trouble) =>
      /not to be mounted/.test(trouble ?? ''),
    );
    space.mount('--bind', backup, world.drop);
    await logged(daemon, 'it goes on', ({ msg }) => msg.includes('can be read again'));
    await isWatched(on, on.drop, 10);
    await isWatched(on, join(on.drop, 'sub'), 20);
    const lines = await world.ls();
    assert.ok(lines.every(({ state }) => state === 'ready'));
    await stops(daemon);
    assert.equal(await assertReadyOnce(world, [on.drop]), 8);
    assert.equal((await storedAssets(world)).length, 8, 'nothing was begun twice');
  });

  it('takes nothing from another drive in its place, not even what a hint points at', async (t) => {
    const on = await bench(t);
    const { world, space } = on;
    const [drive, other] = [world.directory('drive'), world.directory('other')];
    space.mount('--bind', drive, world.drop);
    const ready = named(on, writePictures(on.drop, 3));
    const daemon = await on.start();
    await world.lsUntil('three are ready', areAll('ready', ...ready));
    writePictures(other, 3, 50);
    writePictures(join(other, 'album'), 2, 60);

    // Over the right one, which is still watched: its event names a file that only the other shows.
    cpSync(join(other, 'picture-50.png'), join(other, 'picture-7.png'));
    space.mount('--bind', other, world.drop);
    writePictures(drive, 1, 7);
    await troubleUntil(world, 'status tells of another drive', (trouble) => /another drive/.test(trouble ?? ''));
    const trouble = halts(daemon)[0];
    assert.equal(trouble?.['code'], 'folder_replaced');
    assert.match(`${trouble?.msg}`, /all 3 names/);
    assert.match(`${trouble?.msg}`, new RegExp(`flora-sync resume ${world.drop}`));
    const lines = await world.ls();
    assert.deepEqual(lines.map(({ path }) => path).sort(), [...ready].sort());
    assert.ok(areAll('ready', ...ready)(lines));

    space.umount(world.drop);
    await world.lsUntil('what came meanwhile is ready', areAll('ready', join(world.drop, 'picture-7.png')));
    await isWatched(on, on.drop, 10);
    await stops(daemon);
    assert.equal(await assertReadyOnce(world, [drive]), 6);
    assert.equal((await storedAssets(world)).length, 6);
  });

  it('halts sync, too, which says so and ends with 3', async (t) => {
    const on = await bench(t);
    const { world, space } = on;
    const drive = world.directory('drive');
    space.mount('--bind', drive, world.drop);
    const ready = named(on, writePictures(on.drop, 3));
    const sync = () => ended(world.startUnder(space.under, ['sync', '--json']), 60_000);
    assert.equal((await sync()).code, 0);
    space.umount(world.drop);
    const { code, stdout, stderr } = await sync();
    assert.equal(code, 3, stderr);
    assert.match(stderr, /not to be mounted/);
    assert.deepEqual([JSON.parse(stdout).ready, JSON.parse(stdout).pending], [3, 0]);
    assert.ok(areAll('ready', ...ready)(await world.ls()));
  });
});

describe('a drive in a drop folder', { skip: whyNoMounts }, () => {
  it('that is unmounted is reported by its name, its files stay, and it goes on when it is back', async (t) => {
    const on = await bench(t);
    const { world, space } = on;
    space.mount('-t', 'tmpfs', 'tmpfs', world.drop);
    const [card, album] = [join(on.drop, 'card'), join(on.drop, 'card', 'album')];
    mkdirSync(card);
    space.mount('-t', 'tmpfs', 'tmpfs', join(world.drop, 'card'));
    const ready = named(on, [
      ...writePictures(on.drop, 2),
      ...writePictures(card, 1, 2),
      ...writePictures(album, 2, 3),
    ]);
    const daemon = await on.start();
    await world.lsUntil('five are ready', areAll('ready', ...ready));
    const late = await unsent(on, album, 5);
    const copy = prepareDrive(on, 'copy', card);

    space.umount(join(world.drop, 'card'));
    const isReported = (lines: readonly LsLine[]) =>
      lines.some(({ path, state, reason }) => {
        return path === join(world.drop, 'card') && state === 'rejected' && reason?.includes('mounted') === true;
      });
    await world.lsUntil('the mount point is reported', isReported);
    await keepsWaiting(on, late, ready);

    space.mount('--bind', copy, join(world.drop, 'card'));
    await world.lsUntil('the late one is ready', areAll('ready', late));
    await world.lsUntil('nothing is reported', (lines) => !isReported(lines));
    await isWatched(on, album, 10);
    await isWatched(on, card, 20);
    assert.equal((await storedAssets(world)).length, 10, 'nothing was begun twice');
    assert.equal(await assertReadyOnce(world, [on.drop]), 10);

    // Mounted, and emptied by somebody.
    const album2 = named(on, [join(album, 'picture-3.png'), join(album, 'picture-10.png')]);
    rmSync(album, { recursive: true });
    await world.lsUntil('what was deleted is gone', areAll('gone', ...album2));
    assert.ok(areAll('ready', ...ready.slice(0, 3))(await world.ls()));
    await stops(daemon);
    assert.deepEqual(halts(daemon), []);
  });

  it('that is mounted on a directory that is there is found without an event, and its going is, too', async (t) => {
    const on = await bench(t);
    const { world, space } = on;
    const readers = ['card', 'my reader'].map((name) => join(world.drop, 'readers', name));
    for (const reader of readers) mkdirSync(space.inside(reader), { recursive: true });
    const ready = named(on, writePictures(on.drop, 1));
    const daemon = await on.start();
    await world.lsUntil('one is ready', areAll('ready', ...ready));
    const other = world.directory('other');
    for (const [at, reader] of readers.entries()) {
      writePictures(join(other, `${at}`, 'DCIM'), 2, 10 * (at + 1));
      space.mount('--bind', prepareDrive(on, `drive-${at}`, join(other, `${at}`)), reader);
    }
    const shot = (at: number, number: number) => join(readers[at] ?? '', 'DCIM', `picture-${number}.png`);
    const shots = [shot(0, 10), shot(0, 11), shot(1, 20), shot(1, 21)];
    await world.lsUntil('what is on the cards is ready', areAll('ready', ...shots));
    await isWatched(on, space.inside(join(readers[1] ?? '', 'DCIM')), 30);

    // Lazily, so that no watch notices.
    space.umount('-l', readers[0] ?? '');
    await world.lsUntil('the first reader is reported', (lines) =>
      lines.some(({ path, reason }) => path === readers[0] && reason?.includes('mounted') === true),
    );
    // Another card in the same reader, with a name of the first one's.
    writePictures(join(other, '2', 'DCIM'), 1, 40);
    cpSync(join(other, '2', 'DCIM', 'picture-40.png'), join(other, '2', 'DCIM', 'picture-10.png'));
    space.mount('--bind', prepareDrive(on, 'drive-2', join(other, '2')), readers[0] ?? '');
    await world.lsUntil('it is taken as it is', (lines) => {
      const of = (path: string) => lines.find((line) => line.path === path);
      const isNew = of(shot(0, 40))?.state === 'ready' && of(shot(0, 10))?.sha256 === of(shot(0, 40))?.sha256;
      return isNew && of(shot(0, 11))?.state === 'gone' && of(readers[0] ?? '') === undefined;
    });
    await isWatched(on, space.inside(join(readers[0] ?? '', 'DCIM')), 50);
    await stops(daemon);
    assert.deepEqual(halts(daemon), []);
  });
});
