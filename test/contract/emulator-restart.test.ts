// What outlives the emulator: a clean close, and kill -9.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { startEmulator } from '../../src/emulator/emulator.ts';
import { SyncError } from '../../src/errors.ts';
import { openSqlite } from '../../src/runtime/sqlite.ts';
import {
  type Bench,
  benchOver,
  errorCode,
  png,
  reservationOf,
  send,
  startBench,
  temporaryDirectory,
  uploadForm,
  workspaceId,
} from './emulator-support.ts';

const body = { source: 'signed-url', workspace_id: workspaceId };

it('assets, bytes, reservations and idempotency keys survive a restart', async (t) => {
  const dataDir = await temporaryDirectory(t);
  const before = await startBench(t, { dataDir });
  await assertSurvives(before, async () => {
    await before.emulator.close();
    return startBench(t, { dataDir, port: before.emulator.port });
  });
});

it('assets, bytes, reservations and idempotency keys survive kill -9', async (t) => {
  const dataDir = await temporaryDirectory(t);
  const before = await startProcess(t, dataDir, 0);
  await assertSurvives(before.bench, async () => {
    await kill(before.child);
    return (await startProcess(t, dataDir, before.bench.emulator.port)).bench;
  });
});

it('an upload that a kill -9 broke leaves nothing, and can be sent again', async (t) => {
  const dataDir = await temporaryDirectory(t);
  const before = await startProcess(t, dataDir, 0);
  const reservation = await before.bench.reserve();
  await before.bench.admin('POST', '/settings', { uploadStyle: 'put' });
  const endless = await before.bench.reserve();
  const socket = connect(before.bench.emulator.port, '127.0.0.1');
  const broken = new Promise((done) => socket.on('close', done));
  socket.on('error', () => {});
  const head = 'HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ncontent-length: 900000000\r\n\r\n';
  socket.write(`PUT ${new URL(endless.url).pathname} ${head}`);
  socket.write(Buffer.alloc(3_000_000));
  while (readdirSync(join(dataDir, 'tmp')).length === 0) await before.bench.call('GET', '/workspaces');
  await kill(before.child);
  await broken;

  const { bench } = await startProcess(t, dataDir, before.bench.emulator.port);
  assert.deepEqual(readdirSync(join(dataDir, 'tmp')), []);
  assert.deepEqual(readdirSync(join(dataDir, 'assets')), []);
  assert.equal((await bench.call('POST', `/assets/${endless.assetId}/complete`)).status, 409);
  assert.equal((await uploadForm(reservation, png())).status, 204);
});

it('a directory of an emulator that knew fewer settings is opened with all that is in it', async (t) => {
  const dataDir = await temporaryDirectory(t);
  const before = await startBench(t, { dataDir });
  const assetId = await before.finish(png('old'));
  const reservation = await before.reserve();
  const ready = (await before.call('GET', `/assets/${assetId}`)).json();
  await before.emulator.close();
  const database = openSqlite(join(dataDir, 'emulator.sqlite'));
  for (const column of ['form_fields', 'target_uses', 'is_target_spent', 'completed_at', 'conversion', 'fault']) {
    database.exec(`ALTER TABLE assets DROP COLUMN ${column}`);
  }
  database.pragma('user_version = 1');
  database.close();

  const after = await startBench(t, { dataDir, port: before.emulator.port, targetUses: 'once', conversion: 'type' });
  assert.deepEqual((await after.call('GET', `/assets/${assetId}`)).json(), ready);
  for (const text of ['a', 'b']) assert.equal((await uploadForm(reservation, png(text))).status, 204);
  assert.equal((await after.call('POST', `/assets/${reservation.assetId}/complete`)).json()['status'], 'ready');
});

it('a second emulator on the same directory is refused, and the first goes on', async (t) => {
  const bench = await startBench(t);
  await assert.rejects(startEmulator({ dataDir: bench.dataDir }), (error) => {
    assert.ok(error instanceof SyncError);
    assert.equal(error.code, 'emulator_data_dir_in_use');
    return true;
  });
  assert.equal((await uploadForm(await bench.reserve(), png())).status, 204);
});

it('a port in use is said so, and the directory is free again', async (t) => {
  const dataDir = await temporaryDirectory(t);
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  await assert.rejects(startEmulator({ dataDir, port: address.port }), { code: 'emulator_port_in_use' });
  await startBench(t, { dataDir });
});

it('a data directory that cannot be one is refused with its path', async (t) => {
  const file = join(await temporaryDirectory(t), 'file');
  await writeFile(file, '');
  await assert.rejects(startEmulator({ dataDir: file }), { code: 'emulator_failed', message: new RegExp(file) });
});

async function assertSurvives(before: Bench, restart: () => Promise<Bench>): Promise<void> {
  const readyId = await before.finish(png('ready'), { file_name: 'ready.png', folder: 'a/b' });
  const headers = { 'idempotency-key': 'k' };
  const first = await before.call('POST', '/assets', { body, headers });
  const uploaded = await before.reserve();
  await uploadForm(uploaded, png('uploaded'));
  const ready = await before.call('GET', `/assets/${readyId}`);
  const listed = await before.call('GET', '/assets');

  const after = await restart();
  assert.equal((await after.call('GET', `/assets/${readyId}`)).text, ready.text);
  assert.equal((await after.call('GET', '/assets')).text, listed.text);
  assert.equal((await send('GET', String(ready.json()['url']))).text, png('ready').toString());
  assert.equal(errorCode(await after.call('POST', '/assets', { body, headers })), 'idempotency_duplicate');
  assert.equal((await uploadForm(reservationOf(first), png())).status, 204);
  assert.equal((await after.call('POST', `/assets/${uploaded.assetId}/complete`)).json()['status'], 'ready');
}

async function startProcess(t: TestContext, dataDir: string, port: number) {
  const script = join(import.meta.dirname, 'emulator-process.js');
  const child = spawn(process.execPath, [script, dataDir, String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => kill(child));
  const [line] = await once(child.stdout, 'data');
  const baseUrl = String(line).trim();
  const { port: bound, origin } = new URL(baseUrl);
  const emulator = { baseUrl, adminUrl: `${origin}/__admin`, port: Number(bound), close: async () => {} };
  return { child, bench: benchOver(emulator, dataDir) };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
