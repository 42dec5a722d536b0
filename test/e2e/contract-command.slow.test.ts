import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { questions } from '../../src/contract/questions.ts';
import type { Row } from '../../src/contract/row.ts';
import type { EmulatorOptions } from '../../src/emulator/emulator.ts';
import type { Asset } from '../../src/emulator/lifecycle.ts';
import { formFieldsOf } from '../../src/emulator/target.ts';
import { openSqlite } from '../../src/runtime/sqlite.ts';
import { addFaults, requests, storedAssets } from '../support/flora.ts';
import { type Exit, ended, type Running, run } from '../support/process.ts';
import { findProgram } from '../support/programs.ts';
import { untilAsync } from '../support/until.ts';
import { jsonLines, KEY, WORKSPACE, type World, worldWithFlora } from '../support/world.ts';

const ids = Object.keys(questions);

interface Summary {
  readonly unknown: number;
  readonly not_asked: number;
  readonly left_behind: readonly string[];
  readonly perhaps_left_behind: number;
}

async function askWith(t: TestContext, options: Partial<EmulatorOptions>) {
  const world = await worldWithFlora(t, options);
  return { world, ...(await ask(world)) };
}

async function ask(world: World) {
  const exit = await world.run(['contract', '--yes', '--json']);
  return { exit, ...parse(exit) };
}

function parse({ stdout }: Exit) {
  const lines = jsonLines<Row & { summary?: Summary }>(stdout);
  const summary = lines.at(-1)?.summary;
  assert.ok(summary !== undefined, `no summary in:\n${stdout}`);
  const rows = new Map(lines.slice(0, -1).map((row) => [row.question.split(' ')[0] ?? '', row]));
  return { rows, summary };
}

async function creates(world: World): Promise<number> {
  return (await requests(world)).filter(({ route }) => route === 'create').length;
}

function idsOf(rows: ReadonlyMap<string, Row>, verdict: Row['verdict']): readonly string[] {
  return [...rows].filter(([, row]) => row.verdict === verdict).map(([id]) => id);
}

/** Everything that a reservation of this emulator holds and nobody may see. */
function secretsIn(world: World): readonly string[] {
  const database = openSqlite(join(world.dataDir, 'emulator.sqlite'), { readonly: true });
  try {
    const assets = database.prepare('SELECT * FROM assets').all() as Asset[];
    assert.ok(assets.some(({ token }) => token !== null));
    return [
      KEY,
      ...assets.flatMap((asset) => [
        ...(asset.token === null ? [] : [asset.token]),
        ...Object.values(formFieldsOf(asset)),
      ]),
    ];
  } finally {
    database.close();
  }
}

describe('contract', () => {
  it('asks every question and finds nothing unknown, leaves four assets in a folder of their own, and names them', async (t) => {
    const world = await worldWithFlora(t);
    const { code, stdout, stderr } = await world.run(['contract', '--yes']);
    assert.equal(code, 0, stdout + stderr);
    for (const id of ids) assert.match(stdout, new RegExp(`^(as documented|known otherwise|not asked) +${id} `, 'm'));
    for (const line of stdout.split('\n')) assert.ok(line.length <= 120, line);
    const assets = await storedAssets(world);
    assert.deepEqual(assets.map(({ status }) => status).sort(), ['pending_upload', 'ready', 'ready', 'ready']);
    for (const asset of assets) {
      assert.deepEqual([asset.folder, asset.workspace_id], ['flora-sync-contract', WORKSPACE]);
      assert.ok(stdout.includes(asset.asset_id), asset.asset_id);
    }
    assert.equal(new Set(assets.map(({ sha256 }) => sha256)).size, 4, 'no two have the same bytes');
    assert.match(stderr, new RegExp(`4 assets in the workspace ${WORKSPACE}, in the folder "flora-sync-contract"`));
  });

  it('writes an object a line for scripts, the summary last, and counts what is there already the next time', async (t) => {
    const world = await worldWithFlora(t, { idempotency: 'reject', processingMs: 600, reservationTtlMs: 900_000 });
    await ask(world);
    const { exit, rows, summary } = await ask(world);
    assert.equal(exit.code, 0, exit.stdout + exit.stderr);
    assert.deepEqual([...rows.keys()], ids);
    for (const row of rows.values()) {
      assert.deepEqual(Object.keys(row), ['question', 'documented', 'answered', 'verdict']);
    }
    const second = (await storedAssets(world)).slice(-4).map(({ asset_id: id }) => id);
    assert.deepEqual([...summary.left_behind].sort(), second.sort());
    assert.deepEqual([summary.unknown, summary.perhaps_left_behind], [0, 0]);
    assert.deepEqual(
      [rows.get('2f')?.verdict, rows.get('3a')?.answered.slice(0, 25)],
      ['as documented', '409 idempotency_duplicate'],
    );
    assert.match(rows.get('7a')?.answered ?? '', /200, pending_upload/);
  });

  it('shows no key, no upload token and no value of a form field', async (t) => {
    const world = await worldWithFlora(t);
    const human = await world.run(['contract', '--yes']);
    const { exit } = await ask(world);
    const shown = [human, exit].map(({ stdout, stderr }) => stdout + stderr).join('');
    assert.doesNotMatch(shown, /\/upload\//);
    for (const { authorization, route } of await requests(world)) {
      assert.equal(authorization, route !== 'upload' && route !== 'download', route);
    }
    // It has its database for itself alone.
    await world.stopFlora();
    for (const secret of secretsIn(world)) assert.ok(!shown.includes(secret), secret);
  });

  it('needs neither a drop folder nor a state directory, and makes none', async (t) => {
    const world = await worldWithFlora(t);
    const { cwd, env } = world.launch();
    const { HOME = '', TMPDIR = '', FLORA_API_KEY = '', FLORA_WORKSPACE_ID = '', FLORA_BASE_URL = '' } = env;
    const needed = { HOME, TMPDIR, FLORA_API_KEY, FLORA_WORKSPACE_ID, FLORA_BASE_URL };
    assert.equal((await run(t, ['contract', '--yes'], { cwd, env: needed })).code, 0);
    assert.ok(!existsSync(world.stateDir));
    const missing = await run(t, ['contract', '--yes'], { cwd, env: { HOME, TMPDIR } });
    assert.equal(missing.code, 78);
    assert.match(missing.stderr, /FLORA_API_KEY[\s\S]*FLORA_WORKSPACE_ID|FLORA_WORKSPACE_ID[\s\S]*FLORA_API_KEY/);
  });

  it('asks nothing without a terminal unless --yes is said, and says so with exit code 2', async (t) => {
    const world = await worldWithFlora(t);
    const { code, stdout, stderr } = await world.run(['contract']);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /--yes/);
    assert.match(stderr, /4 assets/);
    assert.deepEqual(await requests(world), []);
  });

  it('asks on a terminal, and takes anything but yes for a no', async (t) => {
    const script = findProgram('script');
    if (script === undefined) return t.skip('this machine has no script(1)');
    const world = await worldWithFlora(t);
    const refused = await onTerminal(script, world, '\n');
    assert.match(refused.said, /Go on\? \(y\/N\)[\s\S]*Nothing was asked/);
    assert.deepEqual([refused.code, await requests(world)], [0, []]);
    const agreed = await onTerminal(script, world, 'y\n');
    assert.equal(agreed.code, 0, agreed.said);
    assert.equal((await storedAssets(world)).length, 4);
  });

  it('ends with 5 when FLORA refuses the key or cannot be reached, and makes nothing', async (t) => {
    const world = await worldWithFlora(t);
    const wrong = 'sk_live_wrongwrongwrong';
    const refused = await world.run(['contract', '--yes'], { FLORA_API_KEY: wrong });
    assert.deepEqual([refused.code, refused.stdout], [5, '']);
    assert.match(refused.stderr, /401 invalid_api_key[\s\S]*request-id/);
    assert.ok(!refused.stderr.includes(wrong));
    await addFaults(world, { kind: 'html', match: { route: 'workspaces' } });
    assert.equal((await world.run(['contract', '--yes'])).code, 5);
    assert.equal(await creates(world), 0);
    await world.stopFlora();
    const away = await world.run(['contract', '--yes']);
    assert.equal(away.code, 5);
    assert.match(away.stderr, /cannot be reached/);
    assert.doesNotMatch(away.stderr, /Left behind/);
  });

  it('ends with 5 when the workspace is not one of the key, without saying that something was left', async (t) => {
    const world = await worldWithFlora(t);
    const { code, stdout, stderr } = await world.run(['contract', '--yes', '--workspace-id', 'ws_foreign']);
    assert.equal(code, 5, stderr);
    assert.match(stdout, /^unknown +1b .*no, among 1/m);
    assert.doesNotMatch(stderr, /Left behind/);
  });
});

describe('contract, where FLORA answers strangely,', () => {
  it('stops creating after the first create that it does not understand, and exits with 3', async (t) => {
    const world = await worldWithFlora(t);
    await addFaults(world, { kind: 'html', match: { route: 'create' } });
    const { exit, rows, summary } = await ask(world);
    assert.equal(exit.code, 3, exit.stderr);
    assert.deepEqual([...rows.keys()], ids);
    // Whatever answered in FLORA's place did not sign it either.
    assert.deepEqual(idsOf(rows, 'unknown'), ['2a', '12d']);
    for (const id of ['2b', '3a', '4a', '4b', '5a', '5b', '5c', '6a', '6d', '7a', '8a', '9a', '10e', '11a']) {
      assert.equal(rows.get(id)?.verdict, 'not asked', id);
    }
    assert.equal(rows.get('12a')?.verdict, 'as documented');
    assert.equal(await creates(world), 1);
    assert.deepEqual([summary.left_behind, summary.perhaps_left_behind], [[], 1]);
  });

  it('stops creating likewise at a later one, and still asks what the earlier ones can tell', async (t) => {
    const world = await worldWithFlora(t);
    await addFaults(world, { kind: 'html', match: { route: 'create', nth: 3 }, effect: 'after' });
    const { exit, rows, summary } = await ask(world);
    assert.equal(exit.code, 3, exit.stdout);
    assert.equal(await creates(world), 3);
    assert.equal((await storedAssets(world)).length, 2);
    assert.deepEqual(idsOf(rows, 'unknown'), ['4b', '12d']);
    for (const id of ['5b', '6d', '11a']) assert.equal(rows.get(id)?.verdict, 'not asked', id);
    for (const id of ['6a', '7a', '9a', '10e']) assert.equal(rows.get(id)?.verdict, 'as documented', id);
    assert.deepEqual([summary.left_behind.length, summary.perhaps_left_behind], [1, 1]);
  });

  it('tells of a refused upload and does not complete what has no bytes', async (t) => {
    const world = await worldWithFlora(t);
    await addFaults(world, { kind: 'status', status: 403, match: { route: 'upload' } });
    const { exit, rows } = await ask(world);
    assert.equal(exit.code, 3);
    assert.deepEqual(idsOf(rows, 'unknown'), ['4a', '4b', '5b']);
    assert.deepEqual([rows.get('4a')?.answered, rows.get('5a')?.verdict], ['403', 'not asked']);
    const completed = (await requests(world)).filter(({ route, status }) => route === 'complete' && status === 200);
    assert.deepEqual(completed, []);
  });

  it('takes a PUT target for what it is', async (t) => {
    const { exit, rows } = await askWith(t, { uploadStyle: 'put' });
    assert.equal(exit.code, 0, exit.stdout);
    assert.deepEqual(
      ['2c', '2d', '2h', '4a', '9a'].map((id) => rows.get(id)?.verdict),
      ['as documented', 'known otherwise', 'not asked', 'as documented', 'as documented'],
    );
  });

  it('waits when it is asked to, and tells whether it was told for how long', async (t) => {
    const world = await worldWithFlora(t);
    await addFaults(world, { kind: 'rate-limit', retryAfterSec: 1, match: { route: 'create', nth: 1 } });
    const { exit, rows } = await ask(world);
    assert.equal(exit.code, 0, exit.stdout);
    assert.deepEqual([rows.get('13a')?.verdict, rows.get('13a')?.answered], ['as documented', 'on 1 of 1']);
    assert.equal((await storedAssets(world)).length, 4);
  });

  it('ends at Ctrl-C, also while FLORA hangs, and says what stays there', async (t) => {
    const world = await worldWithFlora(t);
    await addFaults(world, { kind: 'hang', match: { route: 'complete' } });
    const running = world.start(['contract', '--yes']);
    await untilAsync('the hanging complete', async () =>
      (await requests(world)).some(({ route }) => route === 'complete'),
    );
    const { code, stderr } = await interrupted(running);
    assert.equal(code, 1);
    assert.match(stderr, /Interrupted by SIGINT/);
    const [first] = await storedAssets(world);
    assert.ok(stderr.includes(first?.asset_id ?? '?'), stderr);
  });

  it('counts a create whose answer was lost among what may be left behind', async (t) => {
    const world = await worldWithFlora(t);
    await addFaults(world, { kind: 'drop-after', match: { route: 'create' } });
    const { exit, rows, summary } = await ask(world);
    assert.equal(exit.code, 3, exit.stderr);
    assert.match(rows.get('2a')?.answered ?? '', /was lost/);
    assert.deepEqual([summary.left_behind, summary.perhaps_left_behind], [[], 1]);
    assert.equal((await storedAssets(world)).length, 1);
  });
});

async function interrupted(running: Running): Promise<Exit> {
  running.kill('SIGINT');
  return await ended(running);
}

/** Types the answer once the question is there. */
async function onTerminal(script: string, world: World, typed: string): Promise<{ code: number | null; said: string }> {
  const { cwd, env } = world.launch();
  const mainPath = join(import.meta.dirname, '..', '..', '..', 'dist', 'main.js');
  const command = `"${process.execPath}" "${mainPath}" contract`;
  const child = spawn(script, ['-qec', command, '/dev/null'], { cwd, env: { ...env, SHELL: '/bin/sh' } });
  let said = '';
  let isAnswered = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (isAnswered || !said.includes('(y/N)')) return;
    isAnswered = true;
    child.stdin.write(typed);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, said };
}
