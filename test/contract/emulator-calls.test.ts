// The emulator's strictness in the API calls, over plain fetch.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import {
  errorCode,
  errorFields,
  formOf,
  png,
  type Reply,
  record,
  records,
  reservationOf,
  startBench,
  workspaceId,
} from './emulator-support.ts';

const valid = { source: 'signed-url', workspace_id: workspaceId };

describe('authentication', () => {
  it('a call without Authorization is 401 unauthorized', async (t) => {
    const bench = await startBench(t);
    const reply = await bench.call('GET', '/workspaces', { headers: { authorization: '' } });
    assert.deepEqual([reply.status, errorCode(reply)], [401, 'unauthorized']);
  });

  for (const authorization of ['Bearer sk_live_wrong', 'Basic sk_live_emulator', 'sk_live_emulator']) {
    it(`"${authorization}" is 401 invalid_api_key on every call`, async (t) => {
      const bench = await startBench(t);
      const headers = { authorization };
      for (const [method, path] of everyCall) {
        const reply = await bench.call(method, path, {
          headers,
          ...(path === '/assets' && method === 'POST' ? { body: valid } : {}),
        });
        assert.deepEqual([reply.status, errorCode(reply)], [401, 'invalid_api_key'], `${method} ${path}`);
      }
    });
  }

  it('rotation is a cut-over: the old key answers 401 at once, the new one sees the same assets', async (t) => {
    const bench = await startBench(t);
    const { assetId } = await bench.reserve();
    await bench.admin('POST', '/keys', { apiKeys: ['sk_live_new'] });
    assert.equal((await bench.call('GET', `/assets/${assetId}`)).status, 401);
    const headers = { authorization: 'Bearer sk_live_new' };
    assert.equal((await bench.call('GET', `/assets/${assetId}`, { headers })).status, 200);
  });

  it('a foreign asset is the same 404 as a missing one, and is not listed', async (t) => {
    const workspaces = [
      { workspace_id: workspaceId, name: 'Ours' },
      { workspace_id: 'ws_foreign', name: 'Theirs', apiKeys: ['sk_live_theirs'] },
    ];
    const bench = await startBench(t, { workspaces });
    const headers = { authorization: 'Bearer sk_live_theirs' };
    const body = { source: 'signed-url', workspace_id: 'ws_foreign' };
    const { assetId } = reservationOf(await bench.call('POST', '/assets', { body, headers }));
    const foreign = await bench.call('GET', `/assets/${assetId}`);
    const missing = await bench.call('GET', '/assets/asset_missing');
    assert.equal(foreign.status, 404);
    assert.equal(foreign.text, missing.text);
    assert.equal((await bench.call('POST', `/assets/${assetId}/complete`)).status, 404);
    assert.deepEqual(records((await bench.call('GET', '/assets')).json()['assets']), []);
    assert.equal((await bench.call('GET', '/assets?workspace_id=ws_foreign')).status, 403);
    assert.equal((await bench.call('POST', '/assets', { body })).status, 403);
  });
});

describe('every answer of the API', () => {
  it('carries its own request-id, errors and unknown paths included', async (t) => {
    const bench = await startBench(t);
    const replies: Reply[] = [];
    for (const [method, path] of [...everyCall, ['DELETE', '/assets/asset_x'], ['GET', '/nothing']] as const) {
      replies.push(await bench.call(method, path));
      replies.push(await bench.call(method, path, { headers: { authorization: '' } }));
    }
    const ids = replies.map((reply) => reply.headers.get('request-id') ?? '');
    for (const id of ids) assert.match(id, /^req_\S+$/);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('there is no update and no delete: 404 not_found', async (t) => {
    const bench = await startBench(t);
    const { assetId } = await bench.reserve();
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const reply = await bench.call(method, `/assets/${assetId}`);
      assert.deepEqual([reply.status, errorCode(reply)], [404, 'not_found']);
    }
  });
});

describe('create', () => {
  const refused: readonly (readonly [string, unknown, readonly string[]])[] = [
    ['an unknown field', { ...valid, tags: ['a'] }, ['tags']],
    ['a missing source', { workspace_id: workspaceId }, ['source']],
    ['a missing workspace', { source: 'signed-url' }, ['workspace_id']],
    ['several problems at once', { source: 7, workspace_id: 'emulator', x: 1 }, ['source', 'workspace_id', 'x']],
    ['a workspace id without its prefix', { ...valid, workspace_id: 'emulator' }, ['workspace_id']],
    ['a workspace id that is only the prefix', { ...valid, workspace_id: 'ws_' }, ['workspace_id']],
    ['a workspace id with a space', { ...valid, workspace_id: 'ws_a b' }, ['workspace_id']],
    ['a project id without its prefix', { ...valid, project_id: 'project' }, ['project_id']],
    ['null for an optional field', { ...valid, folder: null }, ['folder']],
    ['a content type that is none', { ...valid, content_type: 'png' }, ['content_type']],
    ['a source that is no URL', { ...valid, source: 'signed' }, ['source']],
    ['an http: source', { ...valid, source: 'http://example.com/a.png' }, ['source']],
    ['a loopback source', { ...valid, source: 'https://localhost/a.png' }, ['source']],
    ['a private IPv4 source', { ...valid, source: 'https://192.168.1.2/a.png' }, ['source']],
    ['a private IPv4 source in disguise', { ...valid, source: 'https://0x7f.1/a.png' }, ['source']],
    ['a private IPv6 source', { ...valid, source: 'https://[fd00::1]/a.png' }, ['source']],
    ['an IPv4-mapped source', { ...valid, source: 'https://[::ffff:10.0.0.1]/a.png' }, ['source']],
    ['an array', [valid], ['']],
    ['null', null, ['']],
  ];
  for (const [what, body, fields] of refused) {
    it(`refuses ${what} with 400 input_validation_error that names the field`, async (t) => {
      const bench = await startBench(t);
      const reply = await bench.call('POST', '/assets', { body });
      assert.deepEqual([reply.status, errorCode(reply)], [400, 'input_validation_error']);
      assert.deepEqual([...errorFields(reply)].sort(), fields);
    });
  }

  it('refuses what is not JSON with 400 invalid_json', async (t) => {
    const bench = await startBench(t);
    const headers = { 'content-type': 'application/json' };
    for (const raw of ['{', '', '{"source":"signed-url",}']) {
      const reply = await bench.call('POST', '/assets', { raw, headers });
      assert.deepEqual([reply.status, errorCode(reply)], [400, 'invalid_json']);
    }
    const text = await bench.call('POST', '/assets', {
      raw: JSON.stringify(valid),
      headers: { 'content-type': 'text/plain' },
    });
    assert.deepEqual([text.status, errorCode(text)], [400, 'invalid_json']);
  });

  it('answers 201 with exactly the documented members of a reservation', async (t) => {
    const bench = await startBench(t, { clock: () => 1_700_000_000_000 });
    const reply = await bench.call('POST', '/assets', { body: valid });
    const { upload, ...rest } = reply.json();
    const { form_fields, ...target } = record(upload);
    assert.equal(reply.status, 201);
    assert.deepEqual(target, {
      content_type: 'multipart/form-data',
      file_field: 'file',
      method: 'POST',
      url: rest['upload_url'],
    });
    assert.ok(Object.values(record(form_fields)).every((value) => typeof value === 'string'));
    assert.deepEqual(rest, {
      asset_id: rest['asset_id'],
      status: 'pending_upload',
      uploaded_via: 'signed_url',
      url: rest['url'],
      visibility: 'workspace',
      workspace_id: workspaceId,
      expires_at: new Date(1_700_000_000_000 + 3_600_000).toISOString(),
      upload_url: rest['upload_url'],
    });
  });

  it('records a server-side fetch that becomes failed, since there is no network', async (t) => {
    const bench = await startBench(t);
    const reply = await bench.call('POST', '/assets', { body: { ...valid, source: 'https://example.com/a.png' } });
    assert.equal(reply.status, 201);
    assert.equal(reply.json()['uploaded_via'], 'url');
    const asset = (await bench.call('GET', `/assets/${reply.json()['asset_id']}`)).json();
    assert.equal(asset['status'], 'failed');
    assert.match(String(asset['failure_message']), /no network/);
    assert.equal((await bench.call('POST', `/assets/${reply.json()['asset_id']}/retry`)).status, 409);
  });

  it('takes a direct multipart upload up to 4 MiB, fields after the file included', async (t) => {
    const bench = await startBench(t);
    const form = formOf([['workspace_id', workspaceId]], png('direct'));
    form.append('file_name', 'after.png');
    const reply = await bench.call('POST', '/assets', { raw: form });
    assert.equal(reply.status, 201, reply.text);
    assert.deepEqual([reply.json()['status'], reply.json()['uploaded_via']], ['ready', 'direct']);
    const stored = await bench.adminAsset(String(reply.json()['asset_id']));
    assert.equal(stored['name'], 'after.png');
    assert.deepEqual(readFileSync(String(stored['path'])), png('direct'));
  });

  it('refuses a direct upload above 4 MiB, with unknown fields, or without a file, and keeps nothing', async (t) => {
    const bench = await startBench(t);
    const workspace: [string, string] = ['workspace_id', workspaceId];
    const tooLarge = await bench.call('POST', '/assets', {
      raw: formOf([workspace], Buffer.alloc(4 * 1024 * 1024 + 1)),
    });
    const unknown = await bench.call('POST', '/assets', { raw: formOf([workspace, ['source', 'x']], png()) });
    const without = await bench.call('POST', '/assets', { raw: formOf([workspace]) });
    assert.deepEqual([tooLarge.status, errorFields(tooLarge)], [400, ['file']]);
    assert.deepEqual([unknown.status, errorFields(unknown)], [400, ['source']]);
    assert.deepEqual([without.status, errorFields(without)], [400, ['file']]);
    assert.deepEqual((await bench.admin('GET', '/assets')).json()['assets'], []);
  });
});

const everyCall = [
  ['GET', '/workspaces'],
  ['POST', '/assets'],
  ['GET', '/assets'],
  ['GET', '/assets/asset_x'],
  ['POST', '/assets/asset_x/complete'],
  ['POST', '/assets/asset_x/retry'],
] as const;
