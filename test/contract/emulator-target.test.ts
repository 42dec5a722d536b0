// How the upload target is told of in each document's words, and that it takes exactly what was told.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EmulatorOptions } from '../../src/emulator/emulator.ts';
import { type Bench, formOf, png, type Reply, record, send, startBench, workspaceId } from './emulator-support.ts';

const hourMs = 3_600_000;
const body = { source: 'signed-url', workspace_id: workspaceId, content_type: 'image/png', file_name: 'a.png' };
const create = async (bench: Bench) => (await bench.call('POST', '/assets', { body })).json();
const png1 = { body: new Uint8Array(png()), headers: { 'content-type': 'image/png' } };

function sendForm(url: unknown, fields: Readonly<Record<string, unknown>> | null, name = 'file'): Promise<Reply> {
  const texts = Object.entries(fields ?? {}).map(([field, value]) => [field, String(value)] as const);
  return send('POST', String(url), { body: formOf(texts, png(), name) });
}

async function status(bench: Bench, created: Readonly<Record<string, unknown>>): Promise<unknown> {
  return (await bench.call('POST', `/assets/${created['asset_id']}/complete`)).json()['status'];
}

describe('uploadStyle', () => {
  it('put: only upload_url, which takes PUT', async (t) => {
    const bench = await startBench(t, { uploadStyle: 'put' });
    const created = await create(bench);
    assert.equal('upload' in created, false);
    assert.equal((await send('PUT', String(created['upload_url']), png1)).status, 200);
    assert.equal(await status(bench, created), 'ready');
  });

  it('put-method: an upload that says PUT and has no form, and takes raw bytes alone', async (t) => {
    const bench = await startBench(t, { uploadStyle: 'put-method' });
    const created = await create(bench);
    const { url, ...others } = record(created['upload']);
    assert.deepEqual([others, created['upload_url']], [{ method: 'PUT', content_type: 'image/png' }, undefined]);
    assert.equal((await sendForm(url, {})).status, 405);
    assert.equal((await send('PUT', String(url), png1)).status, 200);
    assert.equal(await status(bench, created), 'ready');
  });

  it('none: create and retry tell of no target', async (t) => {
    const bench = await startBench(t, { uploadStyle: 'none' });
    const created = await create(bench);
    await bench.admin('POST', `/assets/${created['asset_id']}`, { expire: true });
    const renewed = await bench.call('POST', `/assets/${created['asset_id']}/retry`);
    assert.equal(renewed.status, 200);
    for (const answer of [created, renewed.json()]) {
      assert.ok(!['upload', 'upload_url', 'expires_at'].some((name) => name in answer), JSON.stringify(answer));
    }
  });

  it('a target given out before a change of settings is what it was told to be', async (t) => {
    const bench = await startBench(t);
    const created = await create(bench);
    const { url, form_fields: fields } = record(created['upload']);
    await bench.admin('POST', '/settings', { uploadStyle: 'put', formFields: 'empty', targetUses: 'once' });
    assert.equal((await sendForm(url, {})).status, 400);
    assert.equal((await sendForm(url, record(fields))).status, 204);
    assert.equal(await status(bench, created), 'ready');
  });
});

it('spelling camel: the members of upload, and no others', async (t) => {
  const bench = await startBench(t, { spelling: 'camel' });
  const created = await create(bench);
  const upload = record(created['upload']);
  assert.deepEqual(Object.keys(upload).sort(), ['contentType', 'fileField', 'formFields', 'method', 'url']);
  assert.ok('upload_url' in created && 'expires_at' in created);
  assert.equal((await sendForm(upload['url'], record(upload['formFields']), String(upload['fileField']))).status, 204);
  assert.equal(await status(bench, created), 'ready');
});

it('uploadDetails guide: url, field and fields, and nothing beside upload', async (t) => {
  const bench = await startBench(t, { uploadDetails: 'guide' });
  const created = await create(bench);
  assert.deepEqual(Object.keys(record(created['upload'])).sort(), ['file_field', 'form_fields', 'url']);
  assert.ok(!('upload_url' in created) && !('expires_at' in created));
});

describe('formFields', () => {
  const forms: readonly (readonly [EmulatorOptions['formFields'] & string, unknown])[] = [
    ['empty', {}],
    ['null', null],
    ['absent', undefined],
  ];
  for (const [formFields, told] of forms) {
    it(`${formFields}: there are none, and any is refused`, async (t) => {
      const bench = await startBench(t, { formFields });
      const created = await create(bench);
      const upload = record(created['upload']);
      assert.deepEqual([upload['form_fields'], 'form_fields' in upload], [told, told !== undefined]);
      assert.equal((await sendForm(upload['url'], { key: 'x' })).status, 403);
      assert.equal((await sendForm(upload['url'], {})).status, 204);
      assert.equal(await status(bench, created), 'ready');
    });
  }

  it('number: one value is a JSON number, and its decimal text comes back', async (t) => {
    const bench = await startBench(t, { formFields: 'number', clock: () => 1_700_000_000_000 });
    const created = await create(bench);
    const { url, form_fields } = record(created['upload']);
    const fields = record(form_fields);
    const numbers = Object.values(fields).filter((value) => typeof value === 'number');
    assert.deepEqual(numbers, [1_700_003_600]);
    assert.equal((await sendForm(url, { ...fields, expire: '1.7000036e9' })).status, 403);
    assert.equal((await sendForm(url, fields)).status, 204);
    assert.equal(await status(bench, created), 'ready');
  });
});

it('fileField absent: the target takes "file" all the same, and nothing else', async (t) => {
  const bench = await startBench(t, { fileField: 'absent' });
  const created = await create(bench);
  const upload = record(created['upload']);
  assert.equal('file_field' in upload, false);
  assert.equal((await sendForm(upload['url'], record(upload['form_fields']), 'upload')).status, 400);
  assert.equal((await sendForm(upload['url'], record(upload['form_fields']))).status, 204);
});

describe('targetUses once', () => {
  it('one request spends the token, even one that is refused; retry gives another, unless there are bytes', async (t) => {
    const bench = await startBench(t, { targetUses: 'once' });
    const created = await create(bench);
    const { url, form_fields: fields } = record(created['upload']);
    assert.equal((await sendForm(url, {})).status, 400);
    const again = await sendForm(url, record(fields));
    assert.deepEqual([again.status, /TokenUsed/.test(again.text)], [400, true]);
    assert.equal((await bench.adminAsset(String(created['asset_id'])))['sha256'], null);
    const retry = `/assets/${created['asset_id']}/retry`;
    const renewed = (await bench.call('POST', retry)).json();
    const fresh = record(renewed['upload']);
    assert.equal((await sendForm(fresh['url'], record(fresh['form_fields']))).status, 204);
    assert.equal((await sendForm(fresh['url'], record(fresh['form_fields']))).status, 400);
    assert.equal((await bench.call('POST', retry)).status, 409);
    assert.equal(await status(bench, created), 'ready');
  });

  it('a body that was broken off spends it too', async (t) => {
    const bench = await startBench(t, { targetUses: 'once' });
    const { url, form_fields: fields } = record((await create(bench))['upload']);
    await bench.fault({ match: { route: 'upload' }, kind: 'drop-before', times: 1, afterBytes: 10 });
    await assert.rejects(sendForm(url, record(fields)), /fetch failed/);
    assert.equal((await sendForm(url, record(fields))).status, 400);
  });
});

describe('expiry', () => {
  const now = 1_700_000_000_000;
  for (const [expiry, told] of [
    ['iso', '2023-11-14T23:13:20.000Z'],
    ['absent', undefined],
    ['over', '2023-11-14T21:13:20.000Z'],
    ['zoneless', '2023-11-14T23:13:20.000'],
  ] as const) {
    it(`${expiry}: ${told}, and the target lives for its hour`, async (t) => {
      let passedMs = 0;
      const bench = await startBench(t, { expiry, clock: () => now + passedMs });
      const created = await create(bench);
      assert.equal(created['expires_at'], told);
      const { url, form_fields: fields } = record(created['upload']);
      passedMs = hourMs - 1;
      assert.equal((await sendForm(url, record(fields))).status, 204);
      passedMs = hourMs;
      assert.equal((await sendForm(url, record(fields))).status, 403);
    });
  }
});
