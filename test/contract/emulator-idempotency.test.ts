// Idempotency-Key in both documented manners.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Bench,
  errorCode,
  formOf,
  png,
  records,
  startBench,
  uploadForm,
  workspaceId,
} from './emulator-support.ts';

const hourMs = 3_600_000;
const body = { source: 'signed-url', workspace_id: workspaceId };
const key = { 'idempotency-key': 'key-1' };

async function assetCount(bench: Bench): Promise<number> {
  return records((await bench.admin('GET', '/assets')).json()['assets']).length;
}

describe('replay', () => {
  it('gives the first answer again, marked and with a request-id of its own, and makes one asset', async (t) => {
    const bench = await startBench(t, { idempotency: 'replay' });
    const first = await bench.call('POST', '/assets', { body, headers: key });
    const second = await bench.call('POST', '/assets', { body, headers: key });
    assert.deepEqual([second.status, second.text], [first.status, first.text]);
    assert.deepEqual(
      [first, second].map((reply) => reply.headers.get('idempotent-replayed')),
      [null, 'true'],
    );
    assert.notEqual(second.headers.get('request-id'), first.headers.get('request-id'));
    assert.equal(await assetCount(bench), 1);
  });

  it('answers 422 idempotency_conflict to another body under the same key', async (t) => {
    const bench = await startBench(t, { idempotency: 'replay' });
    await bench.call('POST', '/assets', { body, headers: key });
    const reply = await bench.call('POST', '/assets', { body: { ...body, file_name: 'b.png' }, headers: key });
    assert.deepEqual([reply.status, errorCode(reply)], [422, 'idempotency_conflict']);
    assert.equal(await assetCount(bench), 1);
  });

  it('lasts 24 hours', async (t) => {
    let now = 1_000_000;
    const bench = await startBench(t, { idempotency: 'replay', clock: () => now });
    const first = await bench.call('POST', '/assets', { body, headers: key });
    now += 24 * hourMs - 1;
    assert.equal((await bench.call('POST', '/assets', { body, headers: key })).text, first.text);
    now += 1;
    assert.notEqual((await bench.call('POST', '/assets', { body, headers: key })).text, first.text);
    assert.equal(await assetCount(bench), 2);
  });

  it('covers complete and retry, refusals included', async (t) => {
    const bench = await startBench(t, { idempotency: 'replay' });
    const reservation = await bench.reserve();
    const complete = `/assets/${reservation.assetId}/complete`;
    assert.equal((await bench.call('POST', complete, { headers: key })).status, 409);
    await uploadForm(reservation, Buffer.from('no image'));
    const replayed = await bench.call('POST', complete, { headers: key });
    assert.deepEqual([replayed.status, replayed.headers.get('idempotent-replayed')], [409, 'true']);
    assert.equal(
      (await bench.call('POST', complete, { headers: { 'idempotency-key': 'key-2' } })).json()['status'],
      'failed',
    );
    const retry = `/assets/${reservation.assetId}/retry`;
    const first = await bench.call('POST', retry, { headers: key });
    assert.equal(first.status, 200);
    assert.equal((await bench.call('POST', retry, { headers: key })).text, first.text);
  });

  it('of a retry does not drop the bytes that came since', async (t) => {
    const bench = await startBench(t, { idempotency: 'replay' });
    const reservation = await bench.reserve();
    await bench.admin('POST', `/assets/${reservation.assetId}`, { expire: true });
    const retry = `/assets/${reservation.assetId}/retry`;
    const fresh = (await bench.call('POST', retry, { headers: key })).json();
    const asset = { ...reservation, url: String(fresh['upload_url']), fields: formFields(fresh) };
    assert.equal((await uploadForm(asset, png())).status, 204);
    await bench.call('POST', retry, { headers: key });
    assert.equal((await bench.call('POST', `/assets/${reservation.assetId}/complete`)).json()['status'], 'ready');
  });

  it('treats the same direct upload as the same body, although its boundary differs', async (t) => {
    const bench = await startBench(t, { idempotency: 'replay' });
    const upload = (bytes: Buffer) =>
      bench.call('POST', '/assets', { raw: formOf([['workspace_id', workspaceId]], bytes), headers: key });
    const first = await upload(png('a'));
    assert.equal((await upload(png('a'))).text, first.text);
    assert.equal((await upload(png('b'))).status, 422);
    assert.equal(await assetCount(bench), 1);
  });
});

describe('reject', () => {
  it('answers 409 idempotency_duplicate for two hours, without an asset id, whatever the body', async (t) => {
    let now = 1_000_000;
    const bench = await startBench(t, { clock: () => now });
    await bench.call('POST', '/assets', { body, headers: key });
    now += 2 * hourMs - 1;
    for (const again of [body, { ...body, file_name: 'b.png' }]) {
      const reply = await bench.call('POST', '/assets', { body: again, headers: key });
      assert.deepEqual([reply.status, errorCode(reply)], [409, 'idempotency_duplicate']);
      assert.doesNotMatch(reply.text, /asset_/);
    }
    now += 1;
    assert.equal((await bench.call('POST', '/assets', { body, headers: key })).status, 201);
    assert.equal(await assetCount(bench), 2);
  });

  it('a request that failed with a 5xx frees its key, a refused one does not', async (t) => {
    const bench = await startBench(t);
    const complete = `/assets/${(await bench.reserve()).assetId}/complete`;
    await bench.fault({ match: { route: 'complete' }, kind: 'status', status: 503, remember: true, times: 1 });
    const codes: unknown[] = [];
    for (let n = 0; n < 3; n += 1) codes.push(errorCode(await bench.call('POST', complete, { headers: key })));
    assert.deepEqual(codes, ['service_unavailable', 'conflict', 'idempotency_duplicate']);
  });
});

describe('in both manners', () => {
  for (const idempotency of ['replay', 'reject'] as const) {
    it(`${idempotency}: a key counts per path and per API key`, async (t) => {
      const bench = await startBench(t, { idempotency, apiKeys: ['sk_live_emulator', 'sk_live_other'] });
      await bench.call('POST', '/assets', { body, headers: key });
      const other = await bench.call('POST', '/assets', {
        body,
        headers: { ...key, authorization: 'Bearer sk_live_other' },
      });
      assert.equal(other.status, 201);
      const { assetId } = await bench.reserve();
      assert.equal(errorCode(await bench.call('POST', `/assets/${assetId}/complete`, { headers: key })), 'conflict');
      assert.equal(await assetCount(bench), 3);
    });

    it(`${idempotency}: what was refused before anything ran does not use the key up`, async (t) => {
      const bench = await startBench(t, { idempotency });
      assert.equal((await bench.call('POST', '/assets', { body: { ...body, x: 1 }, headers: key })).status, 400);
      assert.equal((await bench.call('POST', '/assets', { body, headers: key })).status, 201);
    });

    it(`${idempotency}: it is not a lock, so two requests at once may both run`, async (t) => {
      const bench = await startBench(t, { idempotency });
      await bench.fault({ match: { route: 'create' }, kind: 'delay', delayMs: 500 });
      const replies = await Promise.all([1, 2].map(() => bench.call('POST', '/assets', { body, headers: key })));
      assert.deepEqual(
        replies.map((reply) => reply.status),
        [201, 201],
      );
      assert.equal(await assetCount(bench), 2);
    });
  }

  it('an empty or overlong key is refused', async (t) => {
    const bench = await startBench(t);
    const reply = await bench.call('POST', '/assets', { body, headers: { 'idempotency-key': 'k'.repeat(256) } });
    assert.equal(reply.status, 400);
  });
});

function formFields(created: Record<string, unknown>): Record<string, string> {
  const upload: unknown = created['upload'];
  assert.ok(typeof upload === 'object' && upload !== null && 'form_fields' in upload);
  const fields: unknown = upload.form_fields;
  assert.ok(typeof fields === 'object' && fields !== null);
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]));
}
