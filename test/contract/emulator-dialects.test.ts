// The named dialects: how each is chosen, and that a client which reads every document brings every file to FLORA in each that
// can be understood.
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { dialectNames, dialects, settingsOf, settingsTable } from '../../src/emulator/dialects.ts';
import { startEmulator } from '../../src/emulator/emulator.ts';
import { type Bench, formOf, png, record, records, send, startBench, temporaryDirectory } from './emulator-support.ts';

const main = join(import.meta.dirname, '..', '..', '..', 'dist', 'main.js');
const run = promisify(execFile);

describe('a dialect', () => {
  for (const [dialect, { understood }] of Object.entries(dialects)) {
    it(`${dialect}: every file ${understood ? 'becomes ready' : 'is where one cannot understand'}`, async (t) => {
      let now = Date.now();
      const bench = await startBench(t, { dialect, clock: () => now });
      const known: boolean[] = [];
      for (const text of ['a', 'b']) {
        const assetId = await bring(bench, png(text), () => (now += 5000));
        known.push(assetId !== undefined && (await listed(bench)).includes(assetId));
      }
      assert.deepEqual(known, [understood, understood]);
    });
  }

  it('is a name for settings, over which single ones win', async (t) => {
    const bench = await startBench(t, { dialect: 'terse', refusalStatus: 400 });
    const settings = (await bench.admin('GET', '/settings')).json();
    assert.deepEqual(settings, {
      ...settingsOf('seeds', {}),
      errorForm: 'no-code',
      refusalStatus: 400,
      unknownIdStatus: 422,
    });
    assert.deepEqual(Object.keys(settings).sort(), Object.keys(settingsTable).sort());
  });

  it('that nobody knows is refused, and the directory is not touched', async (t) => {
    const dataDir = await temporaryDirectory(t);
    for (const dialect of ['klingon', 'constructor']) {
      await assert.rejects(startEmulator({ dataDir, dialect }), {
        code: 'emulator_dialect_unknown',
        hint: /seeds.*gcs/,
      });
    }
    await startBench(t, { dataDir });
  });

  it('sets nothing that is the default anyway', () => {
    for (const [name, { settings }] of Object.entries(dialects)) {
      for (const [setting, value] of Object.entries(settings)) {
        assert.notEqual(record(settingsOf('seeds', {}))[setting], value, `${name}: ${setting}`);
      }
    }
  });
});

describe('the command line', () => {
  it('lists the dialects in its help', async () => {
    const { stdout } = await run(process.execPath, [main, 'emulator', '--help']);
    for (const name of dialectNames) assert.match(stdout, new RegExp(`"${name}"`));
  });

  for (const [what, args, said] of [
    ['an unknown dialect, naming all', ['--dialect', 'klingon'], new RegExp(dialectNames.join(', '))],
    ['one key and any key at once', ['--key', 'ak_1', '--any-key'], /cannot be used with/],
    ['a key with white space, which it does not repeat', ['--key', 'ak 1'], /^(?!.*ak 1).*no white space/],
  ] as const) {
    it(`refuses ${what}, with 2`, async () => {
      await assert.rejects(run(process.execPath, [main, 'emulator', ...args]), { code: 2, stderr: said });
    });
  }

  it('takes a dialect, and each --key', async (t) => {
    const { said, admin, asks } = await startCli(t, ['--dialect', 'gcs', '--key', 'ak_1', '--key', 'ak_2']);
    assert.equal(said['FLORA_API_KEY'], 'ak_1');
    assert.deepEqual(await admin(), settingsOf('gcs', {}));
    assert.deepEqual([await asks('ak_1'), await asks('ak_2'), await asks('sk_live_emulator')], [200, 200, 401]);
  });

  it('takes any key with --any-key, and else its own', async (t) => {
    const open = await startCli(t, ['--any-key']);
    assert.deepEqual([await open.asks('whatever'), await open.asks(String(open.said['FLORA_API_KEY']))], [200, 200]);
    const closed = await startCli(t, []);
    assert.deepEqual(
      [await closed.asks('whatever'), await closed.asks(String(closed.said['FLORA_API_KEY']))],
      [401, 200],
    );
  });
});

async function startCli(t: TestContext, args: readonly string[]) {
  const dataDir = await temporaryDirectory(t);
  const all = [main, 'emulator', '--port', '0', '--data-dir', dataDir, '--json', ...args];
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => stop(child));
  const [line] = await once(child.stdout, 'data');
  const said = record(JSON.parse(String(line)));
  return {
    said,
    admin: async () => (await send('GET', `${said['admin_url']}/settings`)).json(),
    asks: async (key: string) =>
      (await send('GET', `${said['base_url']}/workspaces`, { headers: { authorization: `Bearer ${key}` } })).status,
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** Reserves, uploads and completes by whatever is told; the id once GET says ready, undefined where something is missing. */
async function bring(bench: Bench, bytes: Buffer, wait: () => void): Promise<string | undefined> {
  const body = { source: 'signed-url', workspace_id: 'ws_emulator', content_type: 'image/png' };
  const created = (await bench.call('POST', '/assets', { body })).json();
  const upload = created['upload'] === undefined ? {} : record(created['upload']);
  const url = upload['url'] ?? created['upload_url'];
  if (url === undefined) return undefined;
  if (created['upload'] === undefined || upload['method'] === 'PUT') {
    await send('PUT', String(url), { body: new Uint8Array(bytes), headers: { 'content-type': 'image/png' } });
  } else {
    const fields = Object.entries(record(upload['form_fields'] ?? upload['formFields'] ?? {}));
    const name = String(upload['file_field'] ?? upload['fileField'] ?? 'file');
    await send('POST', String(url), {
      body: formOf(
        fields.map(([field, value]) => [field, String(value)]),
        bytes,
        name,
      ),
    });
  }
  const path = `/assets/${created['asset_id']}`;
  const first = await bench.call('POST', `${path}/complete`, { body: {} });
  if (first.status === 400) await bench.call('POST', `${path}/complete`);
  wait();
  return (await bench.call('GET', path)).json()['status'] === 'ready' ? String(created['asset_id']) : undefined;
}

/** The ids on all pages, in either spelling; none where the pages cannot be followed. */
async function listed(bench: Bench): Promise<readonly unknown[]> {
  const ids: unknown[] = [];
  for (let query = ''; ; ) {
    const page = (await bench.call('GET', `/assets?limit=1${query}`)).json();
    if (page['meta'] === undefined) return [];
    for (const item of records(page['assets'])) ids.push(item['asset_id'] ?? item['assetId']);
    const meta = record(page['meta']);
    const cursor = meta['next_cursor'] ?? meta['nextCursor'] ?? null;
    if (cursor === null) return ids;
    query = `&cursor=${cursor}`;
  }
}
