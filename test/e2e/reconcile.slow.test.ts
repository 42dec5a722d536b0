import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addFaults, admitKeys, alterAsset, assertReadyOnce, clearFaults, mark, requests } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { ended, logged } from '../support/process.ts';
import { untilAsync } from '../support/until.ts';
import { areAll, jsonLines, type World, worldWithFlora } from '../support/world.ts';

const summaryKeys = [
  'at',
  'is_full',
  'pages',
  'assets',
  'ours',
  'unknown',
  'unreadable',
  'drift',
  'asked',
  'missing',
  'seconds',
  'error',
];

/** Pictures that are ready, the first of which FLORA says has failed since. */
async function withDrift(world: World, count = 3) {
  const files = writePictures(world.drop, count);
  assert.equal((await world.run(['sync'])).code, 0);
  const line = (await world.ls()).find(({ path }) => path === files[0]);
  assert.ok(line?.asset_id);
  const { asset_id: assetId } = line;
  const fail = () => alterAsset(world, assetId, { status: 'failed' });
  return { files, first: line.path, assetId, fail };
}

async function lastReconcile(world: World): Promise<Record<string, unknown>> {
  const status = JSON.parse((await world.run(['status', '--json'])).stdout);
  return status.last_reconcile;
}

describe('reconcile without a daemon', () => {
  it('brings what FLORA lists into the ledger, and uploads nothing', async (t) => {
    const world = await worldWithFlora(t);
    const { files, first, fail } = await withDrift(world);
    await fail();
    const from = await mark(world);
    const { code, stdout, stderr } = await world.run(['reconcile', '--full', '--json']);
    assert.equal(code, 0, stderr);
    const summary = JSON.parse(stdout);
    assert.deepEqual(Object.keys(summary).sort(), [...summaryKeys].sort());
    const { is_full, pages, assets, ours, unknown, drift, asked, missing, error } = summary;
    assert.deepEqual(
      { is_full, pages, assets, ours, unknown, drift, asked, missing, error },
      { is_full: true, pages: 1, assets: 3, ours: 3, unknown: 0, drift: 1, asked: 0, missing: 0, error: null },
    );
    assert.ok(areAll('checking', first)(await world.ls()));
    assert.ok((await requests(world, from)).every(({ method }) => method === 'GET'));
    assert.deepEqual(await lastReconcile(world), summary);
    assert.equal((await world.run(['sync'])).code, 0);
    assert.equal(await assertReadyOnce(world, [world.drop]), files.length);
  });

  it('--dry-run says what would change, and changes nothing', async (t) => {
    const world = await worldWithFlora(t);
    const { first, assetId, fail } = await withDrift(world);
    await fail();
    const tables = () => ['content', 'fact', 'history', 'folder'].map((table) => world.rows(`SELECT * FROM ${table}`));
    const before = tables();
    const { code, stdout, stderr } = await world.run(['reconcile', '--dry-run', '--json']);
    assert.equal(code, 0, stderr);
    const [line, summary, ...rest] = jsonLines(stdout);
    assert.deepEqual(rest, []);
    const { listed, ...facts } = line ?? {};
    assert.deepEqual(facts, { path: first, asset_id: assetId, state: 'ready', becomes: 'checking' });
    assert.equal((listed as { status: string }).status, 'failed');
    assert.equal(summary?.['drift'], 1);
    const told = await world.run(['reconcile', '--dry-run']);
    assert.match(told.stdout, /^ready -> checking .*picture-0\.png .* is listed as failed.*\n.*1 change to make/);
    assert.deepEqual(tables(), before);
  });

  it('counts what nothing here is bound to, and a listing that could not be read to its end ends with 1', async (t) => {
    const world = await worldWithFlora(t);
    await withDrift(world, 2);
    world.alterLedger("UPDATE content SET asset_id = 'asset_other' WHERE id = 1");
    const { stdout } = await world.run(['reconcile', '--full']);
    assert.match(
      stdout,
      /^1 page, 2 assets, 1 ours, 1 unknown; 1 change brought in, 1 asked for by itself, 0 missing; /,
    );
    await addFaults(world, { kind: 'status', status: 500, match: { route: 'list' } });
    const { code, stdout: json } = await world.run(['reconcile', '--json']);
    assert.equal(code, 1);
    assert.match(JSON.parse(json).error, /500/);
  });

  it('ends with 5 where FLORA cannot be reached or refuses the key, and with 2 where there is no ledger', async (t) => {
    const world = await worldWithFlora(t);
    const none = await world.run(['reconcile']);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /no ledger/);
    await withDrift(world, 1);
    const refused = await world.run(['reconcile'], { FLORA_API_KEY: 'sk_live_wrongwrongwrong' });
    assert.equal(refused.code, 5, refused.stderr);
    assert.match(refused.stderr, /401/);
    await world.stopFlora();
    for (const args of [['reconcile'], ['reconcile', '--dry-run']]) {
      const away = await world.run(args);
      assert.equal(away.code, 5, away.stderr);
      assert.match(away.stderr, /cannot be reached/);
    }
  });
});

describe('reconcile beside the daemon', () => {
  it('has the daemon do it, which then mends what it found', async (t) => {
    const world = await worldWithFlora(t);
    const { files, first, fail } = await withDrift(world);
    const daemon = await world.startDaemon();
    await fail();
    const dry = await world.run(['reconcile', '--dry-run', '--json']);
    assert.equal(dry.code, 0, dry.stderr);
    const [line, { drift } = {}] = jsonLines(dry.stdout);
    assert.deepEqual([line?.['path'], line?.['becomes'], drift], [first, 'checking', 1]);
    assert.ok(areAll('ready', first)(await world.ls()));

    const { code, stdout, stderr } = await world.run(['reconcile', '--json']);
    assert.equal(code, 0, stderr);
    const summary = JSON.parse(stdout);
    assert.deepEqual(Object.keys(summary).sort(), [...summaryKeys].sort());
    assert.equal(summary.drift, 1);
    await logged(daemon, 'it is ready again', ({ from, to }) => from !== 'queued' && to === 'ready');
    assert.deepEqual(await lastReconcile(world), summary);
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);
    assert.equal(await assertReadyOnce(world, [world.drop]), files.length);
  });

  it('ends with 5 where the daemon has trouble with FLORA', async (t) => {
    const world = await worldWithFlora(t);
    await withDrift(world, 1);
    const daemon = await world.startDaemon();
    await admitKeys(world, 'sk_live_another');
    const refused = await world.run(['reconcile']);
    assert.equal(refused.code, 5, refused.stderr);
    assert.match(refused.stderr, /401[\s\S]*key/);
    await world.stopFlora();
    const away = await world.run(['reconcile']);
    assert.equal(away.code, 5, away.stderr);
    assert.match(away.stderr, /cannot be reached/);
    assert.ok(daemon.isRunning());
  });

  it('waits as long as it takes, and says so when the daemon stops meanwhile', async (t) => {
    const world = await worldWithFlora(t);
    await withDrift(world, 1);
    const daemon = await world.startDaemon();
    const from = await mark(world);
    await addFaults(world, { kind: 'hang', match: { route: 'list' } });
    const asking = world.start(['reconcile']);
    const isListed = async () => (await requests(world, from)).some(({ route }) => route === 'list');
    await untilAsync('the daemon waits for the listing', isListed);
    assert.ok(asking.isRunning());
    daemon.kill('SIGTERM');
    const { code, stdout, stderr } = await ended(asking);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /daemon stopped before it had answered/);
    assert.equal(stdout, '');
    assert.equal((await ended(daemon)).code, 0);
  });

  it('stops when who asked for it goes away, and the daemon goes on', async (t) => {
    const world = await worldWithFlora(t);
    await withDrift(world, 1);
    const daemon = await world.startDaemon();
    const from = await mark(world);
    await addFaults(world, { kind: 'hang', match: { route: 'list' }, times: 1 });
    const asking = world.start(['reconcile']);
    const isListed = async () => (await requests(world, from)).some(({ route }) => route === 'list');
    await untilAsync('the daemon waits for the listing', isListed);
    asking.kill('SIGINT');
    const { code, stderr } = await ended(asking);
    assert.equal(code, 1);
    assert.match(stderr, /Interrupted by SIGINT/);
    await logged(daemon, 'the walk ended', ({ error }) => error === 'interrupted');
    await clearFaults(world);
    assert.equal((await world.run(['reconcile'])).code, 0);
  });
});
