// The admin endpoint beside faults: journal, counters, settings, assets.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { settingsOf } from '../../src/emulator/dialects.ts';
import {
  type Bench,
  errorFields,
  png,
  record,
  records,
  reservationOf,
  send,
  startBench,
  uploadForm,
  workspaceId,
} from './emulator-support.ts';

const body = { source: 'signed-url', workspace_id: workspaceId };
const create = (bench: Bench, headers: Record<string, string> = {}) => bench.call('POST', '/assets', { body, headers });

describe('the admin endpoint', () => {
  it('the journal says who asked what, and notices a key on the upload host', async (t) => {
    const bench = await startBench(t, { idempotency: 'replay' });
    const reservation = reservationOf(await create(bench, { 'idempotency-key': 'k1' }));
    await create(bench, { 'idempotency-key': 'k1' });
    await uploadForm(reservation, png(), { authorization: 'Bearer sk_live_emulator' });
    await bench.fault({ match: { route: 'get' }, kind: 'drop-before' });
    await assert.rejects(bench.call('GET', `/assets/${reservation.assetId}`), { message: 'fetch failed' });
    const reply = await bench.admin('GET', '/requests');
    const log = records(reply.json()['requests']);
    assert.deepEqual(
      log.map((entry) => [entry['seq'], entry['method'], entry['route'], entry['status'], entry['authorization']]),
      [
        [1, 'POST', 'create', 201, true],
        [2, 'POST', 'create', 201, true],
        [3, 'POST', 'upload', 400, true],
        [4, 'GET', 'get', null, true],
      ],
    );
    assert.ok(log.every((entry) => entry['asset_id'] === reservation.assetId));
    assert.deepEqual(
      log.map((entry) => entry['idempotency_key']),
      ['k1', 'k1', null, null],
    );
    assert.deepEqual(
      log.map((entry) => entry['replayed']),
      [false, true, false, false],
    );
    assert.equal(log[0]?.['content_length'], JSON.stringify(body).length);
    assert.doesNotMatch(reply.text, new RegExp(new URL(reservation.url).pathname));
    assert.equal(records((await bench.admin('GET', '/requests?since=3')).json()['requests']).length, 1);
    assert.deepEqual((await bench.admin('GET', '/counters')).json(), { create: 2, upload: 1, get: 1 });
  });

  it('log lines hold neither keys nor upload tokens', async (t) => {
    const lines: string[] = [];
    const bench = await startBench(t, { log: (line) => lines.push(line) });
    const reservation = await bench.reserve();
    await uploadForm(reservation, png());
    const token = new URL(reservation.url).pathname.split('/').at(-1) ?? '';
    assert.equal(lines.length, 2);
    assert.ok(lines.every((line) => !line.includes(token) && !line.includes('sk_live')));
  });

  it('settings change at once and are refused whole when malformed', async (t) => {
    const bench = await startBench(t);
    const settings = { ...settingsOf('seeds', {}), idempotency: 'replay', refusalStatus: 422, processingMs: 5 };
    const { idempotency, refusalStatus, processingMs } = settings;
    const changed = await bench.admin('POST', '/settings', { idempotency, refusalStatus, processingMs });
    assert.deepEqual(changed.json(), settings);
    for (const [name, value] of [
      ['uploadStyle', 'ftp'],
      ['listOrder', null],
      ['refusalStatus', '422'],
      ['refusalStatus', 418],
      ['getLagMs', -1],
      ['getLagMs', 1.5],
      ['dialect', 'klingon'],
      ['surprise', true],
    ] as const) {
      const reply = await bench.admin('POST', '/settings', { processingMs: 1, [name]: value });
      assert.deepEqual([reply.status, errorFields(reply)], [400, [name]]);
    }
    assert.deepEqual((await bench.admin('GET', '/settings')).json(), settings);
  });

  it('a dialect begins from its own settings, whatever was set before', async (t) => {
    const bench = await startBench(t, { listing: 'camel' });
    const reply = await bench.admin('POST', '/settings', { dialect: 'measured', processingMs: 7 });
    assert.deepEqual(reply.json(), settingsOf('measured', { processingMs: 7 }));
  });

  it('an asset can be given any status', async (t) => {
    const bench = await startBench(t);
    const assetId = await bench.finish(png());
    const altered = await bench.admin('POST', `/assets/${assetId}`, {
      status: 'failed',
      failure_message: 'moderation',
    });
    assert.equal(altered.status, 200);
    const asset = (await bench.call('GET', `/assets/${assetId}`)).json();
    assert.deepEqual([asset['status'], asset['failure_message']], ['failed', 'moderation']);
    assert.equal((await bench.admin('POST', '/assets/asset_missing', {})).status, 404);
    assert.equal((await bench.admin('POST', `/assets/${assetId}`, { state: 'ready' })).status, 400);
  });

  it('unknown admin paths are 404', async (t) => {
    const bench = await startBench(t);
    const reply = await send('GET', `${bench.emulator.adminUrl}/nothing`);
    assert.equal(record(reply.json()['error'])['code'], 'not_found');
  });
});
