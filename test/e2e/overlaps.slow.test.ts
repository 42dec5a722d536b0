import assert from 'node:assert/strict';
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { foldingFileSystems, mountFolding } from '../support/case-folding-mounts.ts';
import { requests } from '../support/flora.ts';
import { type MountSpace, openMountSpace, whyNoMounts } from '../support/mounts.ts';
import { writePictures } from '../support/pictures.ts';
import { ended } from '../support/process.ts';
import { type World, worldWithFlora } from '../support/world.ts';

/** Runs both commands that take files in; they have to refuse before anything is asked for or made. */
async function refuses(
  world: World,
  folders: readonly string[],
  stateDir: string,
  wanted: RegExp,
  under: readonly string[] = [],
): Promise<void> {
  const settings = { FLORA_SYNC_FOLDER: folders.join(':'), FLORA_SYNC_STATE_DIR: stateDir };
  for (const command of ['sync', 'run']) {
    const { code, stderr } = await ended(world.startUnder(under, [command], settings), 30_000);
    assert.equal(code, 78, stderr);
    assert.match(stderr, wanted);
  }
  assert.deepEqual(await requests(world), []);
  assert.ok(!existsSync(join(stateDir, 'ledger.sqlite')), 'no ledger is made where it must not be');
}

async function bench(t: TestContext): Promise<World> {
  const world = await worldWithFlora(t);
  writePictures(join(world.drop, 'sub'), 1);
  return world;
}

describe('drop folders and a state directory that only links tell to be in one another', () => {
  it('are refused: a folder inside another, the same twice, by a link in it or above it', async (t) => {
    const world = await bench(t);
    const [inner, same] = [join(world.base, 'inner'), join(world.base, 'same')];
    symlinkSync(join(world.drop, 'sub'), inner);
    symlinkSync('drop', same);
    await refuses(
      world,
      [world.drop, inner],
      world.stateDir,
      /inner": lies inside the drop folder ".*\/drop" \(".*\/inner" leads to ".*\/drop\/sub"\); leave one out/,
    );
    await refuses(world, [inner, world.drop], world.stateDir, /inner": lies inside the drop folder ".*\/drop"/);
    await refuses(world, [world.drop, same], world.stateDir, /is the same directory as the drop folder/);
    await refuses(world, [world.drop, join(same, 'sub')], world.stateDir, /same\/sub" leads to ".*\/drop\/sub"/);
    await refuses(world, [world.drop, join(same, 'later')], world.stateDir, /same\/later" leads to ".*\/drop\/later"/);
  });

  it('are refused: a state directory inside a drop folder, made already or not, and around one', async (t) => {
    const world = await bench(t);
    const state = join(world.base, 'states');
    symlinkSync(join(world.drop, 'sub'), state);
    const words =
      /FLORA_SYNC_STATE_DIR = ".*": lies inside the drop folder ".*\/drop" \(.*\); name a state directory apart/;
    await refuses(world, [world.drop], state, words);
    await refuses(world, [world.drop], join(state, 'flora-sync'), words);
    const dangling = join(world.base, 'dangling');
    symlinkSync(join(world.drop, 'not-yet'), dangling);
    await refuses(world, [world.drop], dangling, words);
    await refuses(world, [state], world.drop, /contains the drop folder ".*\/states"/);
  });

  it('are taken where they are apart', async (t) => {
    const world = await bench(t);
    const [real, folder, state] = [world.directory('real'), join(world.base, 'folder'), join(world.base, 'states')];
    writePictures(real, 1, 5);
    symlinkSync(real, folder);
    symlinkSync(world.directory('elsewhere'), state);
    const settings = { FLORA_SYNC_FOLDER: `${world.drop}:${folder}`, FLORA_SYNC_STATE_DIR: state };
    const { code, stderr } = await world.run(['sync'], settings);
    assert.equal(code, 0, stderr);
  });
});

describe('drop folders and a state directory that only mounts tell to be in one another', { skip: whyNoMounts }, () => {
  async function mounted(t: TestContext): Promise<{ world: World; space: MountSpace }> {
    return { world: await bench(t), space: await openMountSpace(t) };
  }

  it('are refused: bound from a directory inside, from the same one, and into one', async (t) => {
    const { world, space } = await mounted(t);
    const bound = world.directory('bound');
    space.mount('--bind', join(world.drop, 'sub'), bound);
    const inside = /bound": lies inside the drop folder ".*\/drop" \(by a mount\)/;
    await refuses(world, [world.drop, bound], world.stateDir, inside, space.under);
    await refuses(
      world,
      [world.drop],
      join(bound, 'state'),
      /STATE_DIR = .* lies inside .* \(by a mount\)/,
      space.under,
    );
    space.umount(bound);
    space.mount('--bind', world.drop, bound);
    await refuses(
      world,
      [world.drop, bound],
      world.stateDir,
      /is the same directory as .* \(by a mount\)/,
      space.under,
    );
    space.umount(bound);
    // The other way round: what is apart on the disk is mounted in the folder.
    space.mount('--bind', bound, join(world.drop, 'sub'));
    await refuses(world, [world.drop, bound], world.stateDir, inside, space.under);
    await refuses(world, [world.drop], join(bound, 'state'), /lies inside the drop folder/, space.under);
  });

  it('are refused where a drive is mounted in both, and taken where each has its own', async (t) => {
    const { world, space } = await mounted(t);
    const other = world.directory('other');
    const [here, there] = [world.directory('drop/card'), world.directory('other/card')];
    space.mount('-t', 'tmpfs', 'tmpfs', here);
    space.mount('--bind', here, there);
    await refuses(
      world,
      [world.drop, other],
      world.stateDir,
      /has a directory mounted in it that is also in/,
      space.under,
    );
    space.umount(there);
    space.mount('-t', 'tmpfs', 'tmpfs', there);
    const settings = { FLORA_SYNC_FOLDER: `${world.drop}:${other}` };
    const { code, stderr } = await ended(world.startUnder(space.under, ['sync'], settings), 60_000);
    assert.equal(code, 0, stderr);
  });

  for (const fileSystem of foldingFileSystems) {
    it(`are refused in another case on ${fileSystem.name}`, { skip: fileSystem.whyNot }, async (t) => {
      const { world, space } = await mounted(t);
      const drive = world.directory('drive');
      await mountFolding(t, space, fileSystem, world.base, drive);
      writePictures(join(space.inside(drive), 'Shots', 'deep'), 1);
      const [upper, lower] = [join(drive, 'Shots'), join(drive, 'shots')];
      await refuses(world, [upper, lower], world.stateDir, /is the same directory as/, space.under);
      await refuses(world, [upper, join(lower, 'deep')], world.stateDir, /lies inside the drop folder/, space.under);
    });
  }
});
