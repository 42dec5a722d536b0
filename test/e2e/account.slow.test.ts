import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import type { Asset } from '../../src/emulator/lifecycle.ts';
import { formFieldsOf } from '../../src/emulator/target.ts';
import { openSqlite } from '../../src/runtime/sqlite.ts';
import { addFaults, requests } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { ended, logged, run } from '../support/process.ts';
import { until } from '../support/until.ts';
import { areAll, KEY, worldWithFlora } from '../support/world.ts';

describe('why', () => {
  it('tells the timeline of a file, with the request-ids that FLORA gave', async (t) => {
    const world = await worldWithFlora(t);
    const [path] = writePictures(join(world.drop, 'deep er'), 1);
    assert.ok(path !== undefined);
    await addFaults(world, { kind: 'status', status: 503, match: { route: 'create', nth: 1 } });
    assert.equal((await world.run(['sync'])).code, 0);
    const { code, stdout } = await world.run(['why', path]);
    assert.equal(code, 0);
    const answered = (await requests(world)).filter(
      ({ method, request_id }) => method === 'POST' && request_id !== null,
    );
    assert.deepEqual(
      answered.map(({ status }) => status),
      [503, 201, 200],
    );
    for (const { request_id } of answered) assert.ok(stdout.includes(request_id ?? '?'), stdout);
    for (const word of [
      'ready',
      'finished',
      'queued -> reserved',
      'reserved -> uploaded',
      'uploaded -> ready',
      '503',
    ]) {
      assert.ok(stdout.includes(word), `${word} in:\n${stdout}`);
    }
    const json = JSON.parse((await world.run(['why', '--json', join('drop', 'deep er', 'picture-0.png')])).stdout);
    assert.equal(json.path, path);
    assert.equal(json.state, 'ready');
    const ids = json.timeline.map((entry: { request_id: string | null }) => entry.request_id);
    assert.deepEqual(
      ids.filter((id: string | null) => id !== null),
      answered.map(({ request_id }) => request_id),
    );
    for (const entry of json.timeline) assert.ok(Date.parse(entry.at) > 0);
  });

  it('finds a file by the name that ls shows, whatever bytes it has', async (t) => {
    const world = await worldWithFlora(t);
    const names = [
      Buffer.from([0x61, 0xe9, 0x2e, 0x70, 0x6e, 0x67]),
      Buffer.from('line\nbreak.png'),
      Buffer.from('ü.png'),
    ];
    const [sample] = writePictures(world.directory('outside'), 1);
    assert.ok(sample !== undefined);
    for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${world.drop}/`), name]), readFileSync(sample));
    assert.equal((await world.run(['sync'])).code, 0);
    const listed = await world.ls();
    assert.equal(listed.length, names.length);
    for (const { path } of listed) {
      const { code, stdout } = await world.run(['why', '--json', path]);
      assert.equal(code, 0, path);
      assert.equal(JSON.parse(stdout).path, path);
    }
  });
});

describe('ls', () => {
  it('shows the files of one state, and the states that there are', async (t) => {
    const world = await worldWithFlora(t);
    const good = writePictures(world.drop, 3);
    writeFileSync(join(world.drop, 'empty.png'), '');
    assert.equal((await world.run(['sync'])).code, 3);
    assert.deepEqual(
      (await world.ls('--state', 'ready')).map(({ path }) => path),
      good,
    );
    assert.deepEqual(
      (await world.ls('--state', 'rejected')).map(({ path }) => path),
      [join(world.drop, 'empty.png')],
    );
    assert.deepEqual(await world.ls('--state', 'queued'), []);
    const { stdout } = await world.run(['ls', '--long']);
    assert.equal(stdout.trimEnd().split('\n').length, 4);
    for (const path of good) assert.match(stdout, new RegExp(`^ready .* ${basename(path)}  http`, 'm'));
    assert.doesNotMatch((await world.run(['ls'])).stdout, /http/);
  });
});

describe('status', () => {
  it('has the last reconciliation, the search for what FLORA had already, and what is missing there', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 2);
    const none = JSON.parse((await world.run(['status', '--json'])).stdout);
    assert.deepEqual([none.last_reconcile, none.matching], [null, null]);
    assert.equal((await world.run(['sync'])).code, 0);
    world.alterLedger("UPDATE content SET state = 'missing' WHERE id = 1");
    const status = JSON.parse((await world.run(['status', '--json'])).stdout);
    assert.deepEqual(status.counts, { missing: 1, ready: 1 });
    const { at, seconds, ...reconciled } = status.last_reconcile;
    assert.ok(Date.parse(at) > 0 && seconds >= 0);
    const { is_full, assets, ours, unknown, drift, asked, missing, error } = reconciled;
    assert.deepEqual(Object.keys(reconciled).sort(), [
      'asked',
      'assets',
      'drift',
      'error',
      'is_full',
      'missing',
      'ours',
      'pages',
      'unknown',
      'unreadable',
    ]);
    assert.equal(typeof is_full, 'boolean');
    assert.ok([assets, ours, unknown, drift, asked, missing].every(Number.isInteger) && error === null);
    const { since, ended, ...matching } = status.matching;
    assert.ok(Date.parse(since) <= Date.parse(ended));
    assert.deepEqual(matching, { assets: 0, unreadable: 0, fetched_bytes: 0, adopted: 0, trouble: null });

    world.alterLedger(
      `UPDATE fact SET value = json_set(value, '$.endedMs', null, '$.assets', 7) WHERE key = 'matching'`,
    );
    const told = (await world.run(['status'])).stdout;
    assert.match(told, /1 missing/);
    assert.match(told, /Looked for files that FLORA has already since .*, so far 7 assets listed, 0 recognised/);
    assert.equal(JSON.parse((await world.run(['status', '--json'])).stdout).matching.ended, null);
  });
});

describe('emulator', () => {
  it('says in one JSON object where it listens and what it takes, which is all that sync needs', async (t) => {
    const world = await worldWithFlora(t);
    const emulator = world.start(['emulator', '--port', '0', '--data-dir', world.directory('other'), '--json']);
    await until('it says where it listens', () => emulator.stdout().endsWith('\n'));
    const told = JSON.parse(emulator.stdout());
    assert.deepEqual(Object.keys(told), [
      'port',
      'base_url',
      'admin_url',
      'data_dir',
      'FLORA_BASE_URL',
      'FLORA_API_KEY',
      'FLORA_WORKSPACE_ID',
    ]);
    writePictures(world.drop, 3);
    const { FLORA_BASE_URL, FLORA_API_KEY, FLORA_WORKSPACE_ID } = told;
    const sync = await world.run(['sync'], { FLORA_BASE_URL, FLORA_API_KEY, FLORA_WORKSPACE_ID });
    assert.equal(sync.code, 0, sync.stderr);
    emulator.kill('SIGTERM');
    assert.equal((await ended(emulator)).code, 0);
  });
});

describe('demo', () => {
  it('ends by itself where no terminal is, with every sample ready', async (t) => {
    const world = await worldWithFlora(t);
    const { HOME = '', TMPDIR = '' } = world.launch().env;
    const launch = { cwd: world.base, env: { HOME, TMPDIR } };
    const { code, stdout, stderr } = await run(t, ['demo'], launch);
    assert.equal(code, 0, stderr);
    for (const name of [
      'moodboard/sunrise.png',
      'moodboard/lagoon.png',
      'moodboard/checkers.gif',
      'sound/chime.wav',
      'brief.pdf',
    ]) {
      assert.match(stdout, new RegExp(`${name} +ready .*http://127\\.0\\.0\\.1`));
    }
    assert.match(stdout, /Every sample is ready/);
    const json = await run(t, ['demo', '--json', '--dir', world.directory('demo')], launch);
    assert.equal(json.code, 0, json.stderr);
    const states = json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).state);
    assert.deepEqual(states, ['ready', 'ready', 'ready', 'ready', 'ready']);
  });
});

describe('secrets', () => {
  it('the key is in no output, no log, no byte of the state directory and no command line; targets are in no log or history', async (t) => {
    const world = await worldWithFlora(t);
    const files = writePictures(world.drop, 8);
    await addFaults(
      world,
      { kind: 'status', status: 403, match: { route: 'upload', nth: 2 } },
      { kind: 'drop-after', match: { route: 'upload', nth: 4 } },
      { kind: 'html', match: { route: 'complete', nth: 1 } },
      { kind: 'status', status: 401, match: { route: 'create', nth: 6 } },
    );
    const daemon = world.start(['run'], { FLORA_SYNC_LOG_LEVEL: 'trace' });
    await logged(daemon, 'something is ready', ({ to }) => to === 'ready');
    const commandLine = readFileSync(`/proc/${daemon.pid}/cmdline`, 'latin1');
    await world.lsUntil('everything is ready', areAll('ready', ...files));
    const outputs = [daemon.stdout(), daemon.stderr()];
    for (const args of [
      ['status'],
      ['status', '--json'],
      ['ls'],
      ['ls', '--json'],
      ...files.map((path) => ['why', path]),
    ]) {
      const { stdout, stderr } = await world.run(args);
      outputs.push(stdout, stderr);
    }
    // A daemon that has lived for a while has a directory of snapshots there, too.
    const inState = () =>
      readdirSync(world.stateDir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
    const live = inState();
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);
    const stopped = inState();
    outputs.push(daemon.stdout(), daemon.stderr());

    assert.ok(
      live.join('').length > 1_000 && outputs.join('').includes('uploaded -> ready'),
      'there was something to search',
    );
    for (const text of [...outputs, ...live, ...stopped, commandLine]) assert.ok(!text.includes(KEY));

    const history = rows(join(world.stateDir, 'ledger.sqlite'), 'history').map((row) => JSON.stringify(row));
    assert.ok(history.length > 20);
    await world.stopFlora();
    const targets = rows(join(world.dataDir, 'emulator.sqlite'), 'assets') as unknown as Asset[];
    assert.ok(targets.length >= 8);
    for (const asset of targets) {
      const { policy, 'x-goog-signature': signature } = formFieldsOf(asset);
      for (const secret of [asset.token, policy, signature]) {
        assert.ok(typeof secret === 'string' && secret.length > 10);
        for (const text of [...outputs, ...history]) assert.ok(!text.includes(secret), text.slice(0, 500));
      }
    }
  });
});

function rows(path: string, table: string): readonly unknown[] {
  const database = openSqlite(path, { readonly: true });
  try {
    return database.prepare(`SELECT * FROM ${table}`).all();
  } finally {
    database.close();
  }
}
