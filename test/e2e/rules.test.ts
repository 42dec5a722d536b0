import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { mark, readyAssets, requests } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { logged } from '../support/process.ts';
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

  it('are read anew by a running daemon: the file when it has settled, the settings at SIGHUP', async (t) => {
    const world = await worldWithFlora(t);
    const config = join(world.base, 'config.toml');
    const write = (exclude: readonly string[]) => writeFileSync(config, `exclude = ${JSON.stringify(exclude)}\n`);
    write(['*.psd']);
    writePictures(world.drop, 1);
    writePictures(join(world.drop, 'raw'), 1, 10);
    const daemon = await world.startDaemon({ FLORA_SYNC_CONFIG: config });
    await world.lsUntil('two are ready', (lines) => lines.filter(({ state }) => state === 'ready').length === 2);
    const watches = () => watchesOf(daemon.pid);
    const before = watches();
    writeFileSync(join(world.drop, '.floraignore'), 'raw\n');
    await world.lsUntil('raw is excluded', (lines) => lines.some(({ state }) => state === 'excluded'));
    await logged(daemon, 'scanned', ({ msg }) => msg === 'the rules have changed');
    writePictures(join(world.drop, 'raw'), 1, 30);
    writePictures(world.drop, 1, 40);
    await world.lsUntil('the other is ready', (lines) => lines.filter(({ state }) => state === 'ready').length === 2);
    assert.ok(!(await world.ls()).some(({ path }) => path.endsWith('raw/picture-30.png')));
    assert.equal(watches(), before - 1, 'and its directory is not watched');
    // A file that cannot be used leaves everything as it was, and is told.
    writeFileSync(join(world.drop, '.floraignore'), 'raw\na[b\n');
    await logged(daemon, 'a bad rule', ({ msg }) => msg === 'the rules stay as they were');
    const { stdout } = await world.run(['status']);
    assert.match(stdout.replaceAll(/\s+/g, ' '), /\.floraignore cannot be used.*line 2, a\[b/);
    rmSync(join(world.drop, '.floraignore'));
    await world.lsUntil('raw is taken', (lines) => lines.filter(({ state }) => state === 'ready').length === 4);
    write(['picture-0.png', 'raw/**', '!raw/picture-30.png']);
    daemon.kill('SIGHUP');
    const lines = await world.lsUntil(
      'by the settings',
      (all) => all.filter(({ state }) => state === 'excluded').length === 2,
    );
    assert.deepEqual(
      lines.filter(({ state }) => state === 'excluded').map(({ reason }) => reason),
      ['exclude:1: picture-0.png', 'exclude:2: raw/**'],
    );
    write(['a[b']);
    daemon.kill('SIGHUP');
    await logged(daemon, 'a bad setting', ({ msg }) => msg.startsWith('the rules stay as they were: 1 problem'));
    assert.equal((await readyAssets(world)).length, 4);
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

function watchesOf(pid: number): number {
  const infos = readdirSync(`/proc/${pid}/fdinfo`).map((name) => {
    try {
      return readFileSync(`/proc/${pid}/fdinfo/${name}`, 'utf8');
    } catch {
      return '';
    }
  });
  return infos.join('\n').match(/^inotify /gm)?.length ?? 0;
}
