import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { Agent } from 'undici';
import { SyncError } from '../../../src/errors.ts';
import { FloraClient } from '../../../src/remote/client.ts';
import { json, scriptedServer } from '../../support/scripted-server.ts';

const signal = new AbortController().signal;
const destination = { workspaceId: 'ws_1', folder: null, projectId: null };
const wanted = { destination, fileName: 'a.png', contentType: 'image/png', idempotencyKey: 'key-1' };

const upload = { url: 'https://uploads.example/form', method: 'POST', file_field: 'file', form_fields: {} };
const created = { asset_id: 'asset_1', status: 'pending_upload', url: 'https://media.flora.ai/a.png' };

/** The client as it talks to the real FLORA, whose every answer comes from this machine. */
async function live(t: TestContext, answer: (response: ServerResponse) => void) {
  const { origin, seen } = await scriptedServer(t, (_, response) => answer(response));
  const agent = new Agent();
  const dispatcher = agent.compose((dispatch) => (request, handler) => dispatch({ ...request, origin }, handler));
  t.after(() => agent.destroy());
  const client = new FloraClient({
    baseUrl: 'https://app.flora.ai/api/v1',
    apiKey: () => 'sk_live_0123456789',
    concurrency: 1,
    userAgent: 'test',
    nowMs: () => 0,
    token: () => 'token',
    setTimer: () => ({ cancel: () => {} }),
    dispatcher,
  });
  return { client, seen };
}

async function failure(promise: Promise<unknown>): Promise<SyncError> {
  const error: unknown = await promise.then(
    () => assert.fail('it should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SyncError, String(error));
  return error;
}

describe('a target that nothing may be sent to', () => {
  const targets: readonly [what: string, url: string, why: RegExp][] = [
    ['over plain http', 'http://uploads.example/form', /uses http: instead of https:/],
    ['at a private address', 'https://10.0.0.7/form', /points to the private address 10\.0\.0\.7/],
    ['at this machine', 'https://localhost/form', /points to the private address localhost/],
    ['at the metadata of a cloud', 'https://169.254.169.254/latest', /private address/],
    ['at a file', 'file:///etc/passwd', /uses file:/],
  ];
  for (const [what, url, why] of targets) {
    it(`${what} is not understood in a reservation, and a bad answer to a renewal`, async (t) => {
      const { client } = await live(t, (response) => json(response, 201, { ...created, upload: { ...upload, url } }));
      const reserving = await failure(client.reserve(wanted, signal));
      assert.deepEqual([reserving.code, reserving.scope, reserving.requestId], ['not_understood', 'file', 'req_1']);
      assert.match(reserving.message, why);
      assert.match(reserving.hint ?? '', /newer version/);
      const renewing = await failure(client.renew('asset_1', 'key', signal));
      assert.deepEqual([renewing.code, renewing.scope, renewing.requestId], ['bad_answer', 'file', 'req_1']);
      assert.match(renewing.message, why);
    });
  }

  it('is one that is named by upload_url alone, too', async (t) => {
    const { client } = await live(t, (response) =>
      json(response, 201, { ...created, upload_url: 'https://[::1]/put' }),
    );
    assert.equal((await failure(client.reserve(wanted, signal))).code, 'not_understood');
  });

  it('is none of those that are public', async (t) => {
    const { client, seen } = await live(t, (response) => json(response, 201, { ...created, upload }));
    assert.equal((await client.reserve(wanted, signal)).value.target?.url, upload.url);
    assert.equal(seen[0]?.headers['authorization'], 'Bearer sk_live_0123456789');
  });
});

/** One step of an asset's life, after its body has been accepted, so that a 400 is about the asset. */
async function refusedWith(t: TestContext, call: 'complete' | 'renew', status: number, body: unknown) {
  let isOpen = true;
  const { client } = await live(t, (response) =>
    isOpen ? json(response, 200, { ...created, upload }) : json(response, status, body),
  );
  await client[call]('asset_1', 'key', signal);
  isOpen = false;
  return await failure(client[call]('asset_1', 'key', signal));
}

describe('what the refusal of complete or retry means', () => {
  const bodies: readonly [form: string, body: unknown, message: RegExp][] = [
    ['as documented', { error: { code: 'conflict', message: 'not now' } }, /conflict: not now/],
    ['without a code', { error: { message: 'not now' } }, /: not now/],
    ['flat', { code: 'lifecycle', message: 'not now' }, /lifecycle: not now/],
    ['as a text', { error: 'not now' }, /: not now/],
    ['without a word', {}, /FLORA answered \d+$/],
  ];
  for (const call of ['complete', 'renew'] as const) {
    for (const status of [409, 400, 422]) {
      for (const [form, body, message] of bodies) {
        it(`${status} ${form} to ${call} is a conflict: GET tells where the asset stands`, async (t) => {
          const error = await refusedWith(t, call, status, body);
          assert.deepEqual([error.code, error.scope, error.disposition], ['conflict', 'file', null]);
          assert.deepEqual([error.status, error.requestId], [status, 'req_1']);
          assert.match(error.message, message);
        });
      }
    }
  }

  it('422 for a key that was used with another body is about the key', async (t) => {
    const body = { error: { code: 'idempotency_conflict', message: '' } };
    assert.equal((await refusedWith(t, 'renew', 422, body)).code, 'key_spent');
  });

  it('404 and 410 are about the asset, and any other 4xx is a refusal', async (t) => {
    assert.equal((await refusedWith(t, 'complete', 404, {})).code, 'not_found');
    assert.equal((await refusedWith(t, 'renew', 410, {})).code, 'not_found');
    const odd = await refusedWith(t, 'complete', 418, { error: { code: 'teapot', message: '' } });
    assert.deepEqual([odd.code, odd.disposition], ['teapot', 'reject']);
  });
});

describe('what the refusal of a reservation means', () => {
  const refused = async (t: TestContext, status: number, body: unknown) => {
    const { client } = await live(t, (response) => json(response, status, body));
    return await failure(client.reserve(wanted, signal));
  };

  it('409 is a spent key, with whatever code or none: nothing else stands against a reservation', async (t) => {
    for (const body of [{}, { error: 'Duplicate' }, { error: { code: 'conflict', message: '' } }, { message: 'x' }]) {
      const error = await refused(t, 409, body);
      assert.deepEqual([error.code, error.disposition], ['key_spent', null], JSON.stringify(body));
    }
  });

  it('400 and 422 are about the file', async (t) => {
    for (const status of [400, 422]) {
      const error = await refused(t, status, { error: { message: 'no' } });
      assert.deepEqual([error.code, error.disposition], [`http_${status}`, 'reject']);
    }
  });

  it('is FLORA’s own only with a request-id or a word of an error: else something in between answers', async (t) => {
    const { client } = await live(t, (response) => {
      response.writeHead(409, { 'content-type': 'text/html' }).end('<html>');
    });
    const error = await failure(client.reserve(wanted, signal));
    assert.deepEqual([error.code, error.scope], ['not_flora', 'service']);
  });

  it('tells no code that is a sentence for a code', async (t) => {
    const error = await refused(t, 400, { error: { code: 'no such thing', message: 'words' } });
    assert.equal(error.code, 'http_400');
    assert.equal(error.message, 'FLORA answered 400: words');
  });
});
