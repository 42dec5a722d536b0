import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertReadyOnce, readyAssets } from '../support/flora.ts';
import { noisyRelay, type Place } from '../support/noisy-relay.ts';
import { writePictures } from '../support/pictures.ts';
import { ended, logged } from '../support/process.ts';
import { answering, rawServer } from '../support/raw-server.ts';
import { areAll, worldWithFlora } from '../support/world.ts';

const noises = [
  'SSH-2.0-x\r\n',
  '\x15\x03\x03\x00\x02\x02\x46',
  'HTTP/2 200\r\n\r\n',
  'HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n{}',
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
  'HTTP/1.1 200 OK\r\nbad header\r\n\r\n',
  'HTTP/1.1 2',
  `HTTP/1.1 200 OK\r\na: ${'x'.repeat(40_000)}\r\n\r\n`,
] as const;

describe('answers that are not HTTP/1.1', { concurrency: 3 }, () => {
  it('at every place do not end the daemon, and everything is ready once they are over', async (t) => {
    const world = await worldWithFlora(t);
    let at = 0;
    const noisyTimes: Partial<Record<Place, number>> = {
      workspaces: 1,
      list: 3,
      reserve: 3,
      upload: 3,
      complete: 3,
      get: 2,
      download: 2,
    };
    const { origin, asked } = await noisyRelay(
      t,
      () => world.floraOrigin,
      (place, nth) => (nth <= (noisyTimes[place] ?? 0) ? (noises[at++ % noises.length] ?? null) : null),
    );
    const env = { FLORA_BASE_URL: `${origin}/api/v1` };
    const files = writePictures(world.drop, 8);
    const daemon = world.start(['run'], env);
    await world.lsUntil('everything is ready', areAll('ready', ...files));
    for (const place of ['list', 'reserve', 'upload', 'complete', 'get', 'download'] as const) {
      assert.ok((asked.get(place) ?? 0) > 0, `${place} was never asked`);
    }
    const strange = await logged(daemon, 'a strange answer', ({ msg }) => msg.startsWith('a strange answer'));
    const stacks = strange.map(({ stack }) => String(stack));
    assert.match(stacks[0] ?? '', /^HTTPParserError: /);
    assert.equal(new Set(stacks).size, stacks.length, 'each stack is told once');
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);
    assert.equal(await assertReadyOnce(world, [world.drop]), 8);
  });

  it('and nothing else is a problem that is told, in the log and in status, until FLORA answers', async (t) => {
    const world = await worldWithFlora(t);
    let isNoisy = true;
    const { origin } = await noisyRelay(
      t,
      () => world.floraOrigin,
      (place) => (isNoisy && (place === 'complete' || place === 'get') ? 'SSH-2.0-x\r\n' : null),
    );
    const files = writePictures(world.drop, 24);
    const daemon = world.start(['run'], { FLORA_BASE_URL: `${origin}/api/v1` });
    await logged(daemon, 'the trouble', ({ code }) => code === 'wire_trouble');
    assert.match((await world.run(['status'])).stdout, /FLORA: .*not HTTP\/1\.1/);
    isNoisy = false;
    await world.lsUntil('everything is ready', areAll('ready', ...files));
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);
    assert.equal(await assertReadyOnce(world, [world.drop]), 24);
  });

  it('end commands with what is wrong, and without a stack', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 2);
    const { origin } = await noisyRelay(
      t,
      () => world.floraOrigin,
      (place) => (place === 'download' ? 'SSH-2.0-x\r\n' : null),
    );
    assert.equal((await world.run(['sync'], { FLORA_BASE_URL: `${origin}/api/v1` })).code, 0);
    assert.equal((await readyAssets(world)).length, 2);
    const download = await world.run(['verify', '--download'], { FLORA_BASE_URL: `${origin}/api/v1` });
    assert.equal(download.code, 3, download.stderr);
    assert.match(download.stdout + download.stderr, /not HTTP\/1\.1/);
    assert.doesNotMatch(download.stdout + download.stderr, /^ +at |Unexpected error/m);
    const junk = await rawServer(t, answering('SSH-2.0-x\r\n'));
    const FLORA_BASE_URL = `http://${junk.host}/api/v1`;
    const asUnreachable = async (command: readonly string[]) => {
      const { code, stdout, stderr } = await world.run(command, { FLORA_BASE_URL });
      const said = `${command.join(' ')} ended with ${code}: ${stdout}${stderr}`;
      assert.equal(code, 5, said);
      assert.match(stderr, /not HTTP\/1\.1/, said);
      assert.doesNotMatch(said, /^ +at |Unexpected error/m);
    };
    // Those of the second line take the ledger, one at a time.
    await Promise.all(
      [
        ['ls', '--remote'],
        ['verify', '--remote'],
        ['contract', '--yes'],
      ].map(asUnreachable),
    );
    for (const command of [['sync'], ['reconcile']]) await asUnreachable(command);
  });
});
