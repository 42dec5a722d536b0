import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { mark, readyAssets, requests } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { jsonLines, type World, worldWithFlora } from '../support/world.ts';

async function states(world: World): Promise<readonly string[]> {
  const lines = (await world.ls()).map(({ path, state, reason }) => {
    return `${path.slice(world.drop.length + 1)} ${state}${reason === null ? '' : ` (${reason})`}`;
  });
  return lines.sort();
}

/** What FLORA has been asked that can make, fill or change an asset. */
async function changes(world: World, since: number): Promise<readonly string[]> {
  return (await requests(world, since)).filter(({ method }) => method !== 'GET').map(({ route }) => `${route}`);
}

describe('rules of a drop folder', () => {
  it('leave alone what they exclude, name the rule, and take it again where it was', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 2);
    writePictures(join(world.drop, 'raw'), 2, 10);
    writePictures(join(world.drop, 'raw', 'deep'), 1, 20);
    const rules = { FLORA_SYNC_EXCLUDE: 'picture-1.png' };
    assert.equal((await world.run(['sync'], rules)).code, 0);
    assert.deepEqual(await states(world), [
      'picture-0.png ready',
      'raw/deep/picture-20.png ready',
      'raw/picture-10.png ready',
      'raw/picture-11.png ready',
    ]);
    const since = await mark(world);
    writeFileSync(join(world.drop, '.floraignore'), '# not these\nraw/\n');
    assert.equal((await world.run(['sync'], rules)).code, 0);
    assert.deepEqual(await states(world), [
      'picture-0.png ready',
      'raw/deep/picture-20.png excluded (.floraignore:2: raw/)',
      'raw/picture-10.png excluded (.floraignore:2: raw/)',
      'raw/picture-11.png excluded (.floraignore:2: raw/)',
    ]);
    assert.equal((await world.ls('--state', 'excluded')).length, 3);
    const checked = await world.run(
      ['check-ignore', 'drop/raw', 'drop/raw/new.png', 'drop/picture-1.png', 'drop/.x', 'drop/a.png'],
      rules,
    );
    assert.deepEqual(
      checked.stdout.split('\n').map((line) => line.split('\t')[0]),
      ['.floraignore:2: raw/', '.floraignore:2: raw/', 'exclude:1: picture-1.png', 'built-in: .*', 'taken', ''],
    );
    assert.match(
      (await world.run(['why', 'drop/picture-1.png'], rules)).stderr,
      /excluded by exclude:1: picture-1\.png/,
    );
    assert.match(
      (await world.run(['why', 'drop/raw/picture-10.png'])).stdout,
      /excluded: \.floraignore:2: raw\/[\s\S]*ready -> excluded/,
    );
    // The ledger's row of what changed, or went away, meanwhile in there is looked at once it is taken again.
    rmSync(join(world.drop, 'raw', 'picture-11.png'));
    rmSync(join(world.drop, '.floraignore'));
    assert.equal((await world.run(['sync'], rules)).code, 0);
    assert.deepEqual(await states(world), [
      'picture-0.png ready',
      'raw/deep/picture-20.png ready',
      'raw/picture-10.png ready',
      'raw/picture-11.png gone',
    ]);
    assert.deepEqual(await changes(world, since), [], 'nothing was sent');
    assert.equal((await readyAssets(world)).length, 4);
    const [verified] = jsonLines((await world.run(['verify', '--json'], rules)).stdout);
    assert.equal(verified?.['differences'], 0, 'what is excluded is not untracked');
  });

  it('are settings that are checked: each bad one is named with its entry and its cure', async (t) => {
    const world = await worldWithFlora(t);
    const { code, stderr } = await world.run(['sync', '--exclude', 'a[b', '--exclude', 'fine', '--include', '!x']);
    assert.equal(code, 78);
    assert.match(stderr, /entry 1 of --exclude = "a\[b": has a \[ without its \]; write \\\[ for the character itself/);
    assert.match(stderr, /entry 1 of --include = "!x": begins with !/);
  });

  it('hold back what was not sent yet, and let it go when they are taken back', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 1);
    mkdirSync(join(world.drop, 'late'));
    renameSync(join(world.drop, 'picture-0.png'), join(world.drop, 'late', 'picture-0.png'));
    const only = await world.run(['sync', '--include', 'early/**']);
    assert.equal(only.code, 0);
    assert.deepEqual(await states(world), []);
    assert.equal((await world.run(['sync'])).code, 0);
    assert.deepEqual(await states(world), ['late/picture-0.png ready']);
  });
});
