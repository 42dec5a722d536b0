import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { addFaults, alterAsset, assertReadyOnce, clearFaults, mark, readyAssets, requests } from '../support/flora.ts';
import { picture, writePictures } from '../support/pictures.ts';
import { ended } from '../support/process.ts';
import { until, untilAsync } from '../support/until.ts';
import { areAll, jsonLines, type World, worldWithFlora } from '../support/world.ts';

interface RetryLine {
  readonly path: string;
  readonly outcome: string;
  readonly state: string | null;
  readonly message: string;
}

const refusal = { kind: 'status', status: 400, code: 'input_validation_error', match: { route: 'create' } } as const;

async function retry(world: World, ...args: readonly string[]): Promise<readonly RetryLine[]> {
  const { code, stdout, stderr } = await world.run(['retry', '--json', ...args]);
  assert.equal(code, 0, stderr);
  return jsonLines<RetryLine>(stdout);
}

/** Two pictures that are ready, and as many more that FLORA refused as they have paths. */
async function withRejected(world: World, count: number) {
  const good = writePictures(world.drop, 2);
  assert.equal((await world.run(['sync'])).code, 0);
  await addFaults(world, { ...refusal, times: count });
  const bad = writePictures(join(world.drop, 'bad'), count, 50);
  const { code, stdout } = await world.run(['sync', '--json']);
  const { rejected, failed } = JSON.parse(stdout);
  assert.deepEqual(
    { code, rejected, failed },
    { code: 3, rejected: 0, failed: count },
    'what is tried again has failed',
  );
  await clearFaults(world);
  return { good, bad };
}

describe('retry beside the daemon', () => {
  it('sends again what FLORA had refused, at once, and says so in its timeline', async (t) => {
    const world = await worldWithFlora(t);
    const { good, bad } = await withRejected(world, 2);
    const daemon = await world.startDaemon();
    const [first = '', second = ''] = bad;
    const lines = await retry(world, first, good[0] ?? '');
    assert.deepEqual(
      lines.map(({ path, outcome, state }) => ({ path, outcome, state })),
      [
        { path: first, outcome: 'retried', state: 'queued' },
        { path: good[0], outcome: 'unchanged', state: 'ready' },
      ],
    );
    assert.deepEqual(Object.keys(lines[0] ?? {}).sort(), ['message', 'outcome', 'path', 'state']);
    assert.match(lines[0]?.message ?? '', /was rejected \(.*input_validation_error/);
    await world.lsUntil('the first is ready', areAll('ready', first));
    assert.ok(areAll('rejected', second)(await world.ls()), 'what was not named stays as it was');
    assert.match((await world.run(['why', first])).stdout, /wanted by operator {2}rejected -> queued/);

    assert.deepEqual(
      (await retry(world, '--failed')).map(({ path, outcome }) => [path, outcome]),
      [[second, 'retried']],
    );
    await world.lsUntil('the second is ready', areAll('ready', second));
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);
    assert.equal(await assertReadyOnce(world, [world.drop]), 4);
  });

  it('leaves alone what is on its way', async (t) => {
    const world = await worldWithFlora(t);
    await addFaults(world, { kind: 'hang', match: { route: 'upload' } });
    const [path = ''] = writePictures(world.drop, 1);
    const daemon = await world.startDaemon();
    await untilAsync('an upload hangs', async () => (await requests(world)).some(({ route }) => route === 'upload'));
    const before = world.rows('SELECT state, revision FROM content');
    const [line] = await retry(world, path);
    assert.deepEqual([line?.outcome, line?.state], ['unchanged', 'reserved']);
    assert.match(line?.message ?? '', /on its way/);
    assert.deepEqual(await retry(world, '--failed'), []);
    assert.deepEqual(world.rows('SELECT state, revision FROM content'), before);
    assert.ok(daemon.isRunning());
  });

  it('looks anew at a file that was not acceptable', async (t) => {
    const world = await worldWithFlora(t);
    const path = join(world.drop, 'notes.txt');
    writeFileSync(path, 'not media');
    const daemon = await world.startDaemon();
    await world.lsUntil('it is rejected', areAll('rejected', path));
    const row = () => world.rows('SELECT ctime_ms, updated_at FROM file')[0] ?? {};
    const before = row();
    const [line] = await retry(world, path);
    assert.deepEqual([line?.outcome, line?.state], ['looked_at', 'rejected']);
    const isLookedAt = () => row()['ctime_ms'] !== -1 && Number(row()['updated_at']) > Number(before['updated_at']);
    await until('the row is written anew', isLookedAt, 20_000);
    assert.deepEqual(await retry(world, '--failed'), [], 'what never was acceptable has not failed');
    daemon.kill('SIGTERM');
    await ended(daemon);
  });
});

describe('retry without a daemon', () => {
  it('writes down what the next sync carries out', async (t) => {
    const world = await worldWithFlora(t);
    const { good, bad } = await withRejected(world, 2);
    const from = await mark(world);
    const { code, stdout, stderr } = await world.run(['retry', ...bad]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /2 files tried again; the next `run` or `sync` carries on/);
    assert.ok(areAll('queued', ...bad)(await world.ls()));
    assert.deepEqual(await requests(world, from), [], 'nothing is asked of FLORA');
    assert.equal((await world.run(['sync'])).code, 0);
    assert.equal(await assertReadyOnce(world, [world.drop]), good.length + bad.length);
  });

  it('--failed brings back what FLORA has lost, and not what waits to be compared; the path does that', async (t) => {
    const world = await worldWithFlora(t);
    const files = writePictures(world.drop, 4);
    const [kept = '', lost = '', unclear = '', removed = ''] = files;
    assert.equal((await world.run(['sync'])).code, 0);
    const assetOf = new Map((await world.ls()).map((line) => [line.path, line.asset_id ?? '']));
    for (const path of [lost, unclear]) await alterAsset(world, assetOf.get(path) ?? '', { hide: true });
    const later = Date.now() + 600_000;
    world.alterLedger(`
      UPDATE content SET state = 'missing', reason_code = 'asset_missing', reason = 'FLORA answers 404'
        WHERE asset_id = '${assetOf.get(lost)}';
      UPDATE content SET state = 'matching', asset_id = NULL, url = NULL, complete_sent = 0, bytes_confirmed = 0,
        not_before = ${later} WHERE asset_id = '${assetOf.get(unclear)}';
      UPDATE content SET state = 'missing' WHERE asset_id = '${assetOf.get(removed)}';
      UPDATE file SET is_gone = 1 WHERE name = '${basename(removed)}';`);
    rmSync(removed);
    assert.deepEqual(
      (await retry(world, '--failed')).map(({ path, outcome, state }) => [path, outcome, state]),
      [[lost, 'retried', 'queued']],
    );
    assert.deepEqual(
      (await retry(world, unclear)).map(({ path, outcome, state }) => [path, outcome, state]),
      [[unclear, 'retried', 'queued']],
    );
    assert.equal((await world.run(['sync'])).code, 0);
    assert.ok(areAll('ready', kept, lost, unclear)(await world.ls()));
    assert.equal((await readyAssets(world)).length, 6, 'each of the two has a new asset beside the hidden one');
  });

  it('takes as many paths as a command line holds', async (t) => {
    const world = await worldWithFlora(t);
    const { bad } = await withRejected(world, 230);
    const daemon = await world.startDaemon();
    const beside = await retry(world, ...bad);
    assert.deepEqual(
      beside.map(({ path, outcome }) => [path, outcome]),
      bad.map((path) => [path, 'retried']),
    );
    daemon.kill('SIGTERM');
    await ended(daemon);
    world.alterLedger("UPDATE content SET state = iif(asset_id IS NULL, 'rejected', 'missing')");
    const alone = await retry(world, ...bad);
    assert.deepEqual(
      alone.map(({ path, outcome }) => [path, outcome]),
      bad.map((path) => [path, 'retried']),
    );
  });

  it('says what it leaves: files that are gone, and a second path of the same bytes', async (t) => {
    const world = await worldWithFlora(t);
    const { bad } = await withRejected(world, 1);
    const [path = ''] = bad;
    const copy = join(world.drop, 'copy.png');
    writeFileSync(copy, picture(50));
    const [gone = ''] = writePictures(world.drop, 1);
    rmSync(gone);
    assert.equal((await world.run(['sync'])).code, 3);
    assert.deepEqual(
      (await retry(world, path, copy, gone)).map(({ outcome, state }) => [outcome, state]),
      [
        ['retried', 'queued'],
        ['unchanged', 'queued'],
        ['unchanged', 'gone'],
      ],
    );
  });
});

describe('retry of a name that is not UTF-8', () => {
  /** The word of a command line that only a shell can make. */
  const named = (world: World) => ['/bin/sh', '-c', 'exec "$@" "$(printf %b "$0")"', `${world.drop}/n\\0377.png`];

  it('is understood as it is, and as ls shows it, beside the daemon and without one', async (t) => {
    const world = await worldWithFlora(t);
    await addFaults(world, { ...refusal, times: 1 });
    writeFileSync(
      Buffer.concat([Buffer.from(`${world.drop}/n`), Buffer.from([0xff]), Buffer.from('.png')]),
      picture(7),
    );
    assert.equal((await world.run(['sync'])).code, 3);
    const shown = join(world.drop, 'n\\xff.png');
    const alone = await ended(world.startUnder(named(world), ['retry', '--json']));
    assert.equal(alone.code, 0, alone.stderr);
    assert.deepEqual(
      jsonLines<RetryLine>(alone.stdout).map(({ path, outcome }) => [path, outcome]),
      [[shown, 'retried']],
    );
    const daemon = await world.startDaemon();
    await world.lsUntil('it is ready', areAll('ready', shown));
    const beside = await ended(world.startUnder(named(world), ['retry', '--json']));
    for (const line of [
      ...jsonLines<RetryLine>(beside.stdout),
      ...(await retry(world, shown, 'n\\xff.png', 'drop/n\\xff.png')),
    ]) {
      assert.deepEqual([line.path, line.outcome, line.state], [shown, 'unchanged', 'ready']);
    }
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);
  });
});

describe('retry of what makes no sense', () => {
  it('ends with 2, says why, and does nothing by halves', async (t) => {
    const world = await worldWithFlora(t);
    const nothing = await world.run(['retry', '--failed']);
    assert.equal(nothing.code, 2);
    assert.match(nothing.stderr, /no ledger in .* yet/);
    const { bad } = await withRejected(world, 1);
    const cases: readonly [readonly string[], RegExp][] = [
      [[], /which files/],
      [['--failed', ...bad], /--failed says which files to try again, and others are named beside it/],
      [[...bad, join(world.drop, 'never.png')], /never seen .*never\.png/],
      [[...bad, '/elsewhere/a.png'], /never seen \/elsewhere\/a\.png\n.*in no drop folder/],
      [[...bad, join(world.drop, 'bad')], /bad is a directory/],
      [[world.drop], /drop is a directory/],
      [['--bogus'], /unknown option/],
    ];
    for (const [args, said] of cases) {
      const { code, stdout, stderr } = await world.run(['retry', ...args]);
      assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
      assert.match(stderr, said);
      assert.equal(stdout, '');
    }
    assert.ok(areAll('rejected', ...bad)(await world.ls()));
  });

  it('is refused by the daemon in the same words, and nothing is done by halves there either', async (t) => {
    const world = await worldWithFlora(t);
    const { bad } = await withRejected(world, 1);
    const daemon = await world.startDaemon();
    const cases: readonly [string, RegExp][] = [
      [join(world.drop, 'never.png'), /^The ledger has never seen .*never\.png\n {2}`flora-sync ls`/],
      ['/elsewhere/a.png', /never seen \/elsewhere\/a\.png\n {2}It is in no drop folder\. It knows /],
      [join(world.drop, 'bad'), /bad is a directory\n/],
      [world.drop, /drop is a directory\n/],
    ];
    for (const [path, said] of cases) {
      const { code, stdout, stderr } = await world.run(['retry', ...bad, path]);
      assert.deepEqual([code, stdout], [2, ''], stderr);
      assert.match(stderr, said);
    }
    assert.ok(areAll('rejected', ...bad)(await world.ls()));
    const twice = await retry(world, ...bad, ...bad);
    assert.deepEqual(
      twice.map(({ path, outcome }) => [path, outcome]),
      bad.map((path) => [path, 'retried']),
    );
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);
  });

  it('ends with 4 where a daemon has the ledger that cannot be asked', async (t) => {
    const world = await worldWithFlora(t);
    const { bad } = await withRejected(world, 1);
    const daemon = await world.startDaemon();
    rmSync(join(world.stateDir, 'control.sock'));
    const { code, stderr } = await world.run(['retry', ...bad]);
    assert.equal(code, 4, stderr);
    daemon.kill('SIGTERM');
    await ended(daemon);
  });
});
