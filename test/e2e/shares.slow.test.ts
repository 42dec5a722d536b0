import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { assertReadyOnce, readyAssets, sha256 } from '../support/flora.ts';
import { openMountSpace, whyNoDisk } from '../support/mounts.ts';
import { noise, picture, writePictures } from '../support/pictures.ts';
import { ended, logged, type Running } from '../support/process.ts';
import { areAll, type World, worldWithFlora } from '../support/world.ts';

// No scan but the first finds anything.
const settings = { FLORA_SYNC_RESCAN_INTERVAL: '1h' };

/** A drop folder on a local disk with a share in it; `host` is where another host writes. */
async function bench(t: TestContext, plant: (host: string) => void = () => {}) {
  const world = await worldWithFlora(t);
  const space = await openMountSpace(t);
  const [host, share] = [world.directory('host'), join(world.drop, 'share')];
  mkdirSync(share);
  plant(host);
  space.shareOf(host, share);
  const daemon = world.startUnder(space.under, ['run'], settings);
  await logged(daemon, 'scanned', ({ msg }) => msg === 'scanned');
  return { world, daemon, host, share };
}

async function stops(world: World, daemon: Running, host: string): Promise<number> {
  daemon.kill('SIGTERM');
  assert.equal((await ended(daemon, 20_000)).code, 0);
  return await assertReadyOnce(world, [host]);
}

describe('a share below a local drop folder', { skip: whyNoDisk('share') }, () => {
  it('is looked at every 30 s for what other hosts write, and that is said once', async (t) => {
    const plant = (host: string) => void writePictures(join(host, 'deep', 'old'), 1);
    const { world, daemon, host, share } = await bench(t, plant);
    await world.lsUntil('the first is ready', areAll('ready', join(share, 'deep/old/picture-0.png')));
    writePictures(host, 1, 1);
    writePictures(join(host, 'deep', 'old'), 1, 2);
    writePictures(join(host, 'new', 'below'), 1, 3);
    const paths = ['picture-1.png', 'deep/old/picture-2.png', 'new/below/picture-3.png'];
    await world.lsUntil('what is new is ready', areAll('ready', ...paths.map((path) => join(share, path))));

    // In place: no directory's time moves.
    const rewritten = picture(77);
    writeFileSync(join(host, 'deep/old/picture-2.png'), rewritten);
    await world.lsUntil('what was rewritten is ready', (lines) =>
      lines.some(({ path, sha256: digest }) => path.endsWith('picture-2.png') && digest === sha256(rewritten)),
    );
    const told = daemon.logs().filter(({ code }) => code === 'network_mount');
    assert.deepEqual(
      told.map(({ path }) => path),
      [share],
    );
    const { stdout } = await world.run(['status']);
    assert.match(stdout, /share is a mount to which other hosts may write: what they write raises no event here/);
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon, 20_000)).code, 0);
  });

  it('does not send a preallocated copy that pauses before its bytes are there', async (t) => {
    const { world, daemon, host, share } = await bench(t);
    const whole = noise(1, 200);
    const copies = { holes: false, zeros: true };
    for (const [name, isFilled] of Object.entries(copies)) {
      const file = openSync(join(host, `${name}.png`), 'w');
      if (isFilled) writeSync(file, Buffer.alloc(whole.byteLength));
      else ftruncateSync(file, whole.byteLength);
      writeSync(file, whole.subarray(0, 20_000), 0, null, 0);
      closeSync(file);
    }
    // Written in several places: its end is there, and its middle is not.
    const middle = openSync(join(host, 'middle.png'), 'w');
    writeSync(middle, whole.subarray(0, 20_000), 0, null, 0);
    writeSync(middle, whole.subarray(-20_000), 0, null, whole.byteLength - 20_000);
    closeSync(middle);
    // Whatever is finished, and comes to the daemon's notice with them, and then again, is ready meanwhile.
    for (const number of [10, 11]) {
      const [finished = ''] = writePictures(host, 1, number);
      await world.lsUntil('a finished one is ready', areAll('ready', join(share, finished.slice(host.length))));
    }
    assert.equal((await readyAssets(world)).length, 2, 'nothing is sent before its bytes are there');
    for (const name of [...Object.keys(copies), 'middle']) {
      const file = openSync(join(host, `${name}.png`), 'r+');
      writeSync(file, whole, 0, null, 0);
      closeSync(file);
    }
    const names = ['holes.png', 'zeros.png', 'middle.png'];
    await world.lsUntil('the copies are ready', areAll('ready', ...names.map((name) => join(share, name))));
    assert.equal(await stops(world, daemon, host), 3);
  });
});
