// The requests of clients that are in use, in their own order and form, by plain fetch: what the public SDKs send (the
// TypeScript one itself runs in contract.test.ts), and what public programs send that say they work against FLORA, from May to
// October 2026. Their ways, not their code.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { EmulatorOptions } from '../../src/emulator/emulator.ts';
import { film, mp3 } from '../support/whole-media.ts';
import { apiKey, type Bench, png, record, records, send, startBench, workspaceId } from './emulator-support.ts';

type Json = Readonly<Record<string, unknown>>;

type Ask = (method: string, path: string, init?: RequestInit) => Promise<Json>;

/** A client over a bench: its headers on every call, and a failure where it would see one (any status but a 2xx). */
async function client(t: TestContext, options: Partial<EmulatorOptions>, headers: Readonly<Record<string, string>>) {
  const bench = await startBench(t, options);
  const ask: Ask = async (method, path, init = {}) => {
    const all = { authorization: `Bearer ${apiKey}`, ...headers, ...init.headers };
    const reply = await send(method, bench.emulator.baseUrl + path, { ...init, headers: all });
    assert.ok(reply.status >= 200 && reply.status < 300, `${method} ${path}: ${reply.status} ${reply.text}`);
    return reply.json();
  };
  return { bench, ask };
}

const json = (value: unknown): RequestInit => ({
  body: JSON.stringify(value),
  headers: { 'content-type': 'application/json' },
});

/** All of them append the fields in the order of the object, then the file with its name, and read no more than the status. */
async function post(upload: unknown, bytes: Buffer, type: string, fieldOf = (name: unknown) => String(name)) {
  const { url, form_fields: fields, file_field: name } = record(upload);
  const form = new FormData();
  for (const [field, value] of Object.entries(record(fields ?? {}))) form.append(field, String(value));
  form.append(fieldOf(name), new Blob([new Uint8Array(bytes)], { type }), 'clip.bin');
  const reply = await send('POST', String(url), { body: form });
  assert.equal(reply.status, 204, reply.text);
}

const orFile = (name: unknown) => (name === undefined ? 'file' : String(name));
const mp4 = film('isom');

async function only(bench: Bench): Promise<Json> {
  const [asset, ...others] = records((await bench.admin('GET', '/assets')).json()['assets']);
  assert.deepEqual(others, []);
  return asset ?? {};
}

describe('the Go SDK', () => {
  const headers = {
    accept: 'application/json',
    'user-agent': 'Flora/Go 0.6.0',
    'x-stainless-lang': 'go',
    'x-stainless-package-version': '0.6.0',
    'x-stainless-retry-count': '0',
    'x-stainless-runtime': 'go',
  };

  it('creates, completes without a body or a content type, and lists by all five parameters', async (t) => {
    const { bench, ask } = await client(t, {}, headers);
    const wanted = { source: 'signed-url', workspace_id: workspaceId, project_id: 'prj_abc123' };
    const created = await ask('POST', '/assets', json({ ...wanted, content_type: 'image/png', file_name: 'logo.png' }));
    await post(created['upload'], png(), 'image/png');
    assert.equal((await ask('POST', `/assets/${created['asset_id']}/complete`))['status'], 'ready');
    assert.equal((await ask('GET', `/assets/${created['asset_id']}`))['status'], 'ready');
    await bench.admin('POST', '/assets', { count: 2, prefix: 'logo', project_id: 'prj_abc123' });
    const first = await ask('GET', '/assets?limit=1&project_id=prj_abc123&query=logo&workspace_id=ws_emulator');
    const cursor = encodeURIComponent(String(record(first['meta'])['next_cursor']));
    const query = `cursor=${cursor}&limit=1&project_id=prj_abc123&query=logo&workspace_id=ws_emulator`;
    assert.equal(records((await ask('GET', `/assets?${query}`))['assets']).length, 1);
  });

  it('retries without a body', async (t) => {
    const { bench, ask } = await client(t, {}, headers);
    const created = await ask('POST', '/assets', json({ source: 'signed-url', workspace_id: workspaceId }));
    await bench.admin('POST', `/assets/${created['asset_id']}`, { expire: true });
    const renewed = await ask('POST', `/assets/${created['asset_id']}/retry`);
    await post(renewed['upload'], png(), '');
    assert.equal((await ask('POST', `/assets/${renewed['asset_id']}/complete`))['status'], 'ready');
  });
});

describe('the TypeScript SDK', () => {
  const headers = { accept: 'application/json', 'user-agent': 'FLORA/JS 0.11.0', 'x-stainless-lang': 'js' };

  it('creates, completes without a body but with its own headers, and polls', async (t) => {
    const { ask } = await client(t, {}, headers);
    const wanted = {
      source: 'signed-url',
      workspace_id: workspaceId,
      content_type: 'image/png',
      file_name: 'hero.png',
    };
    const created = await ask('POST', '/assets', json({ ...wanted, folder: 'campaign-assets' }));
    await post(created['upload'], png(), 'image/png', orFile);
    await ask('POST', `/assets/${created['asset_id']}/complete`);
    assert.equal((await ask('GET', `/assets/${created['asset_id']}`))['status'], 'ready');
  });
});

describe('public clients', () => {
  // A scheduler's uploader in Python: reserves with all names, {} as JSON to complete, takes "ready" there for granted.
  const scheduler = async (ask: Ask) => {
    const wanted = { source: 'signed-url', workspace_id: workspaceId, content_type: 'audio/mpeg', file_name: 'a.mp3' };
    const created = await ask('POST', '/assets', json({ ...wanted, folder: 'api-uploads' }));
    await post(created['upload'], mp3(3), 'audio/mpeg');
    const completed = await ask('POST', `/assets/${created['asset_id']}/complete`, json({}));
    assert.deepEqual([completed['status'], typeof completed['url']], ['ready', 'string']);
  };
  for (const dialect of ['seeds', 'gcs', 'lagging'] as const) {
    it(`a scheduler that sends {} and needs "ready" from complete: ${dialect}`, async (t) => {
      const { ask } = await client(t, { dialect, bodyForm: 'json' }, {});
      await scheduler(ask);
    });
  }

  // A chat bot: finds its workspace first, says `name` for the file's name, {} to complete, uses the url of the reservation.
  it('a chat bot that says `name`, and uses the url that create gave', async (t) => {
    const { bench, ask } = await client(t, { dialect: 'measured' }, { accept: 'application/json, text/plain, */*' });
    const [workspace] = records((await ask('GET', '/workspaces'))['workspaces']);
    const wanted = { source: 'signed-url', workspace_id: workspace?.['workspace_id'], name: 'clip.mp4' };
    const created = await ask('POST', '/assets', json({ ...wanted, content_type: 'video/mp4' }));
    await post(created['upload'], mp4, 'video/mp4', orFile);
    await ask('POST', `/assets/${created['asset_id']}/complete`, json({}));
    const served = await fetch(String(created['url']));
    assert.deepEqual(Buffer.from(await served.arrayBuffer()), mp4);
    assert.equal((await only(bench))['status'], 'ready');
  });

  // Another bot: says `filename`, and never completes.
  it('a bot that says `filename` and never completes leaves an asset that waits for ever', async (t) => {
    const { bench, ask } = await client(t, { dialect: 'gcs' }, {});
    const wanted = { source: 'signed-url', workspace_id: workspaceId, filename: 'clip.mp4', content_type: 'video/mp4' };
    const created = await ask('POST', '/assets', json(wanted));
    await post(created['upload'], mp4, '', orFile);
    assert.deepEqual(
      [(await only(bench))['status'], (await fetch(String(created['url']))).status],
      ['pending_upload', 404],
    );
  });

  // A proxy of a web page: calls every request JSON, and completes with an empty body.
  it('a proxy that completes with an empty body that it calls JSON', async (t) => {
    const { ask } = await client(t, {}, { 'content-type': 'application/json' });
    const wanted = { source: 'signed-url', workspace_id: workspaceId, file_name: 'a.png', content_type: 'image/png' };
    const created = await ask('POST', '/assets', { body: JSON.stringify(wanted) });
    await post(created['upload'], png(), 'image/png');
    await ask('POST', `/assets/${created['asset_id']}/complete`);
    assert.equal((await ask('GET', `/assets/${created['asset_id']}`))['status'], 'ready');
  });

  // A pipeline: one multipart call for a small file, the file first, no name and no type beside it.
  it('a pipeline that posts a small file straight to /assets, the file before the workspace', async (t) => {
    const { bench, ask } = await client(t, {}, { accept: 'application/json' });
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(png())]), 'seed.png');
    form.append('workspace_id', workspaceId);
    const created = await ask('POST', '/assets', { body: form });
    assert.deepEqual(
      [created['status'], created['uploaded_via'], typeof created['url']],
      ['ready', 'direct', 'string'],
    );
    assert.equal((await only(bench))['status'], 'ready');
  });

  it('none of them sends an Idempotency-Key, so each repetition makes another asset', async (t) => {
    const { bench, ask } = await client(t, {}, {});
    await scheduler(ask);
    await scheduler(ask);
    const log = records((await bench.admin('GET', '/requests')).json()['requests']);
    assert.ok(log.every((entry) => entry['idempotency_key'] === null));
    assert.equal(log.filter((entry) => entry['route'] === 'create').length, 2);
    assert.equal(records((await bench.admin('GET', '/assets')).json()['assets']).length, 2);
  });
});
