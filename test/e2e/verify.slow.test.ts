import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { addFaults, alterAsset, mark, requests, sha256 } from '../support/flora.ts';
import { picture, writePictures } from '../support/pictures.ts';
import { ended, run } from '../support/process.ts';
import { untilAsync } from '../support/until.ts';
import { jsonLines, type World, worldWithFlora } from '../support/world.ts';

interface Line {
  readonly path: string;
  readonly difference: string;
  readonly expected: string | number | null;
  readonly found: string | number | null;
}

const summaryKeys = [
  'files',
  'bytes_read',
  'assets',
  'bytes_downloaded',
  'pending',
  'rejected',
  'differences',
  'seconds',
];

async function verify(world: World, ...args: readonly string[]) {
  const { code, stdout, stderr } = await world.run(['verify', '--json', ...args]);
  const lines = jsonLines(stdout);
  const summary = lines.at(-1) ?? {};
  const differences = lines.slice(0, -1) as unknown as readonly Line[];
  const sorted = [...differences].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { code, stderr, summary, lines: sorted };
}

async function synced(world: World, count: number, directory = world.drop): Promise<readonly string[]> {
  const files = writePictures(directory, count);
  assert.equal((await world.run(['sync'])).code, 0);
  return files;
}

async function assetsOf(world: World): Promise<ReadonlyMap<string, string>> {
  return new Map((await world.ls()).map((line) => [line.path, line.asset_id ?? '']));
}

describe('verify', () => {
  it('finds nothing where nothing differs, and asks FLORA nothing', async (t) => {
    const world = await worldWithFlora(t);
    const files = await synced(world, 5, join(world.drop, 'a', 'b'));
    writeFileSync(join(world.drop, '.hidden'), 'x');
    writeFileSync(join(world.drop, 'half.part'), 'x');
    const from = await mark(world);
    const { code, lines, summary } = await verify(world);
    assert.deepEqual([code, lines], [0, []]);
    assert.deepEqual(Object.keys(summary).sort(), [...summaryKeys].sort());
    const bytes = files.reduce((sum, _, at) => sum + picture(at).length, 0);
    assert.deepEqual(
      [summary['files'], summary['bytes_read'], summary['assets'], summary['differences']],
      [5, bytes, 0, 0],
    );
    assert.deepEqual(await requests(world, from), []);
    const told = await world.run(['verify']);
    assert.match(told.stdout, /^5 files compared, .* read; 0 differences; [^\n]*\n$/);
  });

  it('tells each way in which the disk differs from the ledger, with exit code 3, and changes nothing', async (t) => {
    const world = await worldWithFlora(t);
    const [fine = '', rotten = '', longer = '', deleted = '', ...others] = await synced(world, 6);
    const whole = picture(1);
    const other = Buffer.from(whole);
    other[other.length - 1] = (other[other.length - 1] ?? 0) ^ 1;
    // As a disk that fails does it: the same size, the same times.
    writeFileSync(rotten, other);
    utimesSync(rotten, 1_700_000_000, 1_700_000_000);
    writeFileSync(longer, Buffer.concat([picture(2), Buffer.from('more')]));
    rmSync(deleted);
    mkdirSync(join(world.drop, 'new'));
    const untracked = join(world.drop, 'new', 'never seen.png');
    writeFileSync(untracked, picture(90));
    writeFileSync(join(world.drop, 'new', '~$lock'), 'x');
    const before = world.rows('SELECT * FROM file');
    const { code, lines, summary } = await verify(world);
    assert.equal(code, 3);
    assert.deepEqual(lines, [
      { path: untracked, difference: 'untracked', expected: null, found: picture(90).length },
      { path: rotten, difference: 'digest', expected: sha256(whole), found: sha256(other) },
      { path: longer, difference: 'size', expected: picture(2).length, found: picture(2).length + 4 },
      { path: deleted, difference: 'missing_local', expected: sha256(picture(3)), found: null },
    ]);
    assert.equal(summary['differences'], 4);
    assert.deepEqual(world.rows('SELECT * FROM file'), before);

    const told = await world.run(['verify']);
    assert.equal(told.code, 3);
    assert.match(told.stdout, /^difference +ledger +found +path\n/);
    assert.match(told.stdout, new RegExp(`digest +sha256 ${sha256(whole).slice(0, 12)} +sha256 .* ${rotten}\n`));

    // Only what is named.
    assert.deepEqual((await verify(world, fine, ...others)).lines, []);
    assert.deepEqual(
      (await verify(world, join(world.drop, 'new'))).lines.map(({ path }) => path),
      [untracked],
    );
    assert.deepEqual(
      (await verify(world, untracked, deleted)).lines.map(({ path }) => path),
      [untracked, deleted],
    );
    assert.equal((await verify(world, world.drop)).lines.length, 4);
  });

  it('beside a daemon counts what is on its way as pending, and not as different', async (t) => {
    const world = await worldWithFlora(t);
    const files = await synced(world, 3);
    await addFaults(world, { kind: 'hang', match: { route: 'upload' } });
    const daemon = await world.startDaemon();
    const [late = ''] = writePictures(world.drop, 1, 20);
    writeFileSync(join(world.drop, 'notes.txt'), 'not media');
    await world.lsUntil('one is on its way, one rejected', (lines) => {
      const states = lines.map(({ state }) => state);
      return states.includes('reserved') && states.includes('rejected');
    });
    const { code, lines, summary } = await verify(world, '--remote');
    assert.deepEqual([code, lines], [0, []]);
    assert.deepEqual(
      [summary['files'], summary['pending'], summary['rejected'], summary['assets']],
      [files.length + 1, 1, 1, files.length],
    );
    assert.equal((await verify(world, late)).summary['pending'], 1);
    assert.ok(daemon.isRunning());
  });

  it('tells in one line that a folder is not there, or is another and empty one', async (t) => {
    const world = await worldWithFlora(t);
    await synced(world, 3);
    renameSync(world.drop, join(world.base, 'elsewhere'));
    const missing = await verify(world);
    assert.deepEqual(
      [missing.code, missing.lines.map(({ path, difference }) => [path, difference])],
      [3, [[world.drop, 'folder_missing']]],
    );
    mkdirSync(world.drop);
    const replaced = await verify(world);
    assert.deepEqual(
      replaced.lines.map(({ path, difference }) => [path, difference]),
      [[world.drop, 'folder_replaced']],
    );
  });

  it('of what makes no sense ends with 2', async (t) => {
    const world = await worldWithFlora(t);
    assert.match((await world.run(['verify'])).stderr, /no ledger/);
    await synced(world, 1);
    const cases: readonly [string, RegExp][] = [
      [join(world.drop, 'never.png'), /never seen/],
      [join(world.drop, 'no', 'such'), /never seen/],
      ['/elsewhere', /in no drop folder.*\n.*drop/],
    ];
    for (const [path, said] of cases) {
      const { code, stdout, stderr } = await world.run(['verify', path]);
      assert.deepEqual([code, stdout], [2, ''], stderr);
      assert.match(stderr, said);
    }
  });
});

describe('verify --remote', () => {
  it('tells what FLORA has lost, or says otherwise of, and asks one by one only for that', async (t) => {
    const world = await worldWithFlora(t);
    const [fine = '', lost = '', failed = ''] = await synced(world, 5);
    const assets = await assetsOf(world);
    await alterAsset(world, assets.get(lost) ?? '', { hide: true });
    await alterAsset(world, assets.get(failed) ?? '', { status: 'failed' });
    const from = await mark(world);
    const { code, lines, summary } = await verify(world, '--remote');
    assert.equal(code, 3);
    assert.deepEqual(lines, [
      { path: lost, difference: 'missing_remote', expected: assets.get(lost), found: null },
      { path: failed, difference: 'remote_state', expected: 'ready', found: 'failed' },
    ]);
    assert.deepEqual([summary['files'], summary['assets']], [5, 5]);
    const asked = (await requests(world, from)).filter(({ route }) => route !== 'workspaces');
    assert.deepEqual(
      asked.map(({ method, route }) => `${method} ${route}`),
      ['GET list', 'GET get', 'GET get'],
    );
    // A path is asked for by itself.
    const second = await mark(world);
    assert.equal((await verify(world, '--remote', fine)).code, 0);
    assert.deepEqual(
      (await requests(world, second)).map(({ route }) => route),
      ['workspaces', 'get'],
    );
  });

  it('waits out passing trouble, and says which asset it could not ask for', async (t) => {
    const world = await worldWithFlora(t);
    const [path = ''] = await synced(world, 1);
    await addFaults(world, { kind: 'rate-limit', retryAfterSec: 1, match: { route: 'get', nth: 1 } });
    assert.equal((await verify(world, '--remote', path)).code, 0);
    await addFaults(world, { kind: 'status', status: 500, match: { route: 'get' } });
    const { code, lines } = await verify(world, '--remote', path);
    assert.deepEqual([code, lines[0]?.difference], [3, 'unverified']);
    assert.match(String(lines[0]?.found), /500/);
  });

  it('ends with 5 where FLORA cannot be reached or refuses the key, and with 78 without a key', async (t) => {
    const world = await worldWithFlora(t);
    await synced(world, 1);
    const refused = await world.run(['verify', '--remote'], { FLORA_API_KEY: 'sk_live_wrongwrongwrong' });
    assert.equal(refused.code, 5, refused.stderr);
    const { FLORA_API_KEY: _, ...env } = world.launch().env;
    assert.equal((await run(t, ['verify'], { env, cwd: world.base })).code, 0, 'the disk needs no key');
    assert.equal((await run(t, ['verify', '--download'], { env, cwd: world.base })).code, 78);
    await world.stopFlora();
    const away = await world.run(['verify', '--remote']);
    assert.equal(away.code, 5);
    assert.match(away.stderr, /cannot be reached/);
  });

  it('ends at Ctrl-C', async (t) => {
    const world = await worldWithFlora(t);
    await synced(world, 1);
    await addFaults(world, { kind: 'hang', match: { route: 'list' } });
    const from = await mark(world);
    const running = world.start(['verify', '--remote']);
    const isListed = async () => (await requests(world, from)).some(({ route }) => route === 'list');
    await untilAsync('it waits for the listing', isListed);
    running.kill('SIGINT');
    const { code, stdout, stderr } = await ended(running);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /Interrupted by SIGINT/);
  });
});
