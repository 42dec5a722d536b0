import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { assertReadyOnce } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { ended, logged } from '../support/process.ts';
import { areAll, worldWithFlora } from '../support/world.ts';

const isLinux = process.platform === 'linux' ? false : 'needs /proc';

/** A shell that allows no more open files and becomes the program, pid and all. */
const under = (most: number) => ['sh', '-c', `ulimit -n ${most}; exec "$@"`, 'sh'] as const;

describe('few descriptors', { skip: isLinux }, () => {
  for (const [most, concurrency, files] of [
    [96, 4, 500],
    [96, 64, 200],
    [48, 16, 200],
  ] as const) {
    it(`sync brings ${files} files with ${most} of them and ${concurrency} uploads at once`, async (t) => {
      const world = await worldWithFlora(t);
      for (let at = 0; at < files; at += 50) {
        const directory = join(world.drop, `d${at}`);
        mkdirSync(directory);
        writePictures(directory, 50, at);
      }
      const settings = { FLORA_SYNC_CONCURRENCY: String(concurrency) };
      const { code, stdout, stderr } = await ended(
        world.startUnder(under(most), ['sync', '--json'], settings),
        120_000,
      );
      assert.equal(code, 0, stderr.slice(-4_000));
      const { ready, rejected, failed, pending } = JSON.parse(stdout);
      assert.deepEqual({ ready, rejected, failed, pending }, { ready: files, rejected: 0, failed: 0, pending: 0 });
      assert.equal(await assertReadyOnce(world, [world.drop]), files);
    });
  }

  for (const most of [28, 20]) {
    it(`with ${most} it says that it cannot start, and what would do`, async (t) => {
      const world = await worldWithFlora(t);
      writePictures(world.drop, 1);
      const { code, stdout, stderr } = await ended(world.startUnder(under(most), ['sync', '--json']));
      assert.deepEqual([code, stdout], [1, ''], stderr);
      assert.match(
        stderr,
        /^(Only \d+ more files and connections can be|.*it may have only \d+ files) open at once.*\n {2}Raise the limit: `ulimit -n`/,
      );
    });
  }

  it('a daemon watches, takes files in and answers with 64 of them', async (t) => {
    const world = await worldWithFlora(t);
    const daemon = world.startUnder(under(64), ['run'], { FLORA_SYNC_CONCURRENCY: '32' });
    await logged(daemon, 'scanned', ({ msg }) => msg === 'scanned');
    const paths = writePictures(join(world.drop, 'new'), 100);
    await world.lsUntil('all are ready', areAll('ready', ...paths));
    assert.equal(JSON.parse((await world.run(['status', '--json'])).stdout).daemon.state, 'watching');
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);
    assert.equal(await assertReadyOnce(world, [world.drop]), paths.length);
  });
});
