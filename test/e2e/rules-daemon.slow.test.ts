import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readyAssets } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { logged } from '../support/process.ts';
import { worldWithFlora } from '../support/world.ts';

describe('rules of a drop folder', () => {
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
    await logged(daemon, 'a bad rule', ({ msg }) => msg === '.floraignore cannot be used: the rules stay as they were');
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
