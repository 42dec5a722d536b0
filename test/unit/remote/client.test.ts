import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import type { UploadTarget } from '../../../src/core/content.ts';
import { SyncError } from '../../../src/errors.ts';
import { FloraClient } from '../../../src/remote/client.ts';
import { json, type SeenRequest, scriptedServer } from '../../support/scripted-server.ts';

const signal = new AbortController().signal;
const key = 'sk_live_0123456789';
const destination = { workspaceId: 'ws_1', folder: 'renders', projectId: null };
const wanted = { destination, fileName: 'a.png', contentType: 'image/png', idempotencyKey: 'key-1' };

function options(baseUrl: string) {
  return {
    baseUrl,
    apiKey: () => key,
    concurrency: 2,
    userAgent: 'test',
    nowMs: () => Date.parse('2026-01-01T00:00:00Z'),
    token: () => 'boundary-token',
    setTimer: () => ({ cancel: () => {} }),
  };
}

async function connect(t: TestContext, answer: (request: SeenRequest, response: ServerResponse) => void) {
  const { origin, seen } = await scriptedServer(t, answer);
  const client = new FloraClient(options(`${origin}/api/v1`));
  t.after(() => client.close());
  return { client, origin, seen };
}

function bytesOf(...chunks: readonly Buffer[]) {
  return {
    sizeBytes: chunks.reduce((sum, chunk) => sum + chunk.length, 0),
    async *chunks() {
      yield* chunks;
    },
  };
}

const pending = {
  asset_id: 'asset_1',
  status: 'pending_upload',
  url: 'https://cdn.example/a',
  upload: {
    url: 'https://uploads.example/form',
    method: 'POST',
    content_type: 'multipart/form-data',
    file_field: 'file',
    form_fields: { policy: 'p' },
  },
};

async function failure(promise: Promise<unknown>): Promise<SyncError> {
  const error: unknown = await promise.then(
    () => assert.fail('it should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SyncError, String(error));
  return error;
}

describe('reserve', () => {
  it('asks for a signed URL under the given key, and reads the target', async (t) => {
    const { client, seen } = await connect(t, (_, response) => json(response, 201, pending));
    const answer = await client.reserve(wanted, signal);
    assert.deepEqual(JSON.parse(String(seen[0]?.body)), {
      source: 'signed-url',
      workspace_id: 'ws_1',
      content_type: 'image/png',
      file_name: 'a.png',
      folder: 'renders',
    });
    assert.equal(seen[0]?.headers['idempotency-key'], 'key-1');
    assert.equal(seen[0]?.headers.authorization, `Bearer ${key}`);
    assert.equal(answer.requestId, 'req_1');
    assert.deepEqual(answer.value.target, {
      kind: 'form',
      url: 'https://uploads.example/form',
      fileField: 'file',
      formFields: { policy: 'p' },
    });
  });

  it('reads the expiry against the date of the answer, so that a wrong clock here does not matter', async (t) => {
    const { client } = await connect(t, (_, response) =>
      json(
        response,
        201,
        { ...pending, expires_at: '2031-05-05T10:15:00Z' },
        { date: 'Mon, 05 May 2031 10:00:00 GMT' },
      ),
    );
    assert.equal((await client.reserve(wanted, signal)).value.expiresInMs, 15 * 60_000);
  });

  it('says by how much a replayed target is over, but not where only our own clock says so', async (t) => {
    const replayed = { 'idempotent-replayed': 'true' };
    const dates = [
      { date: 'Mon, 05 May 2031 10:00:00 GMT', ...replayed },
      { date: 'x', ...replayed },
    ];
    const expired = { ...pending, expires_at: '2001-05-05T10:00:00Z' };
    const { client } = await connect(t, (_, response) => json(response, 201, expired, dates.shift() ?? {}));
    const { expiresInMs } = (await client.reserve(wanted, signal)).value;
    assert.ok(expiresInMs !== null && expiresInMs < 0);
    assert.equal((await client.reserve(wanted, signal)).value.expiresInMs, null);
  });

  it('counts the expiry from the request on: a slow answer has used up part of the time', async (t) => {
    let nowMs = 0;
    const { origin } = await scriptedServer(t, (_, response) => {
      nowMs += 60_000;
      const headers = { date: 'Mon, 05 May 2031 10:00:00 GMT' };
      json(response, 201, { ...pending, expires_at: '2031-05-05T10:15:00Z' }, headers);
    });
    const client = new FloraClient({ ...options(`${origin}/api/v1`), nowMs: () => nowMs });
    t.after(() => client.close());
    assert.equal((await client.reserve(wanted, signal)).value.expiresInMs, 14 * 60_000);
  });

  it('takes a bare upload_url for a PUT', async (t) => {
    const body = { asset_id: 'asset_1', status: 'pending_upload', upload_url: 'https://uploads.example/put' };
    const { client } = await connect(t, (_, response) => json(response, 201, body));
    const { target } = (await client.reserve(wanted, signal)).value;
    assert.deepEqual(target, { kind: 'put', url: 'https://uploads.example/put' });
  });
});

describe('what an answer means', () => {
  const cases: readonly [
    title: string,
    status: number,
    body: unknown,
    headers: Record<string, string>,
    expected: Partial<Omit<SyncError, 'code'>> & { readonly code?: string },
  ][] = [
    [
      '401 is about the key, for everybody',
      401,
      { error: { code: 'invalid_api_key', message: 'no' } },
      {},
      { code: 'key_refused', scope: 'service', disposition: 'wait' },
    ],
    [
      '402 is about credits, for everybody',
      402,
      { error: { code: 'insufficient_credits', message: '' } },
      {},
      { code: 'credits', scope: 'service' },
    ],
    [
      '429 without a header names no wait',
      429,
      { error: { code: 'rate_limited', message: '' } },
      {},
      { code: 'rate_limited', scope: 'service', retryAfterMs: undefined },
    ],
    ['429 with seconds waits those', 429, {}, { 'retry-after': '30' }, { retryAfterMs: 30_000 }],
    [
      '429 with a date waits until then',
      429,
      {},
      { 'retry-after': 'Thu, 01 Jan 2026 00:00:20 GMT' },
      { retryAfterMs: 20_000 },
    ],
    ['429 with nonsense waits a day at most', 429, {}, { 'retry-after': '99999999' }, { retryAfterMs: 86_400_000 }],
    ['503 with seconds waits those', 503, {}, { 'retry-after': '30' }, { code: 'server_error', retryAfterMs: 30_000 }],
    ['500 waits for no header', 500, {}, { 'retry-after': '30' }, { code: 'server_error', retryAfterMs: undefined }],
    [
      'a spent key needs a new one',
      409,
      { error: { code: 'idempotency_duplicate', message: '' } },
      {},
      { code: 'key_spent', disposition: null },
    ],
    [
      'so does another body under the key',
      422,
      { error: { code: 'idempotency_conflict', message: '' } },
      {},
      { code: 'key_spent' },
    ],
    [
      'so does a replayed error',
      500,
      { error: { code: 'internal_error', message: '' } },
      { 'idempotent-replayed': 'true' },
      { code: 'key_spent' },
    ],
    [
      '500 may pass',
      500,
      { error: { code: 'internal_error', message: '' } },
      {},
      { code: 'server_error', disposition: 'retry' },
    ],
    [
      '400 will not',
      400,
      { error: { code: 'input_validation_error', message: 'x', fields: [{ field: 'folder', message: 'too long' }] } },
      {},
      { code: 'input_validation_error', disposition: 'reject' },
    ],
    [
      'an unknown code of FLORA goes by its status',
      418,
      { error: { code: 'teapot', message: '' } },
      {},
      { code: 'teapot', disposition: 'reject' },
    ],
    [
      'a refusal with a request-id is FLORA’s own, without a word too',
      400,
      {},
      {},
      { code: 'http_400', scope: 'file', disposition: 'reject' },
    ],
    [
      'an error without a code goes by its status',
      409,
      { error: { message: 'Duplicate' } },
      {},
      { code: 'key_spent', message: 'FLORA answered 409: Duplicate' },
    ],
    ['a flat error is read', 418, { code: 'teapot', message: 'short' }, {}, { code: 'teapot', disposition: 'reject' }],
    [
      'an error that is a text is read',
      418,
      { error: 'short and stout' },
      {},
      { message: 'FLORA answered 418: short and stout' },
    ],
    ['nor is a 407 of a proxy', 407, {}, {}, { code: 'not_flora', scope: 'service' }],
    [
      '404 on a reservation is about the workspace',
      404,
      { error: { code: 'not_found', message: '' } },
      {},
      { code: 'no_destination', scope: 'service', disposition: 'wait' },
    ],
    [
      'a redirect is not followed',
      302,
      {},
      { location: 'https://elsewhere.example/' },
      { code: 'redirected', scope: 'service' },
    ],
    [
      'an answer without an asset is not believed',
      201,
      { hello: 1 },
      {},
      { code: 'not_understood', scope: 'file', disposition: null },
    ],
  ];
  for (const [title, status, body, headers, expected] of cases) {
    it(title, async (t) => {
      const { client, seen } = await connect(t, (_, response) => json(response, status, body, headers));
      const error = await failure(client.reserve(wanted, signal));
      for (const [name, value] of Object.entries(expected)) assert.equal(error[name as keyof SyncError], value, name);
      assert.equal(error.requestId, 'req_1');
      assert.equal(seen.length, 1);
      assert.doesNotMatch(error.message, new RegExp(key));
    });
  }

  it('hides the key from an error that repeats it, whatever the key looks like', async (t) => {
    const { origin } = await scriptedServer(t, (_, response) =>
      json(response, 401, { error: { code: 'invalid_api_key', message: 'No such key: house-key 7' } }),
    );
    const client = new FloraClient({ ...options(`${origin}/api/v1`), apiKey: () => 'house-key' });
    t.after(() => client.close());
    assert.equal(
      (await failure(client.reserve(wanted, signal))).message,
      'FLORA answered 401 invalid_api_key: No such key: [redacted] 7',
    );
  });

  it('tells which field was wrong', async (t) => {
    const body = {
      error: { code: 'input_validation_error', message: 'Invalid', fields: [{ field: 'folder', message: 'too long' }] },
    };
    const { client } = await connect(t, (_, response) => json(response, 400, body));
    assert.match((await failure(client.reserve(wanted, signal))).message, /folder: too long/);
  });

  it('a captive portal is not FLORA', async (t) => {
    const { client } = await connect(t, (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<html>Please log in</html>');
    });
    assert.equal((await failure(client.get('asset_1', signal))).code, 'not_flora');
  });

  it('an endless answer is cut off', async (t) => {
    const { client } = await connect(t, (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const more = () => {
        while (response.write(Buffer.alloc(65_536, 0x20)));
        response.once('drain', more);
      };
      more();
    });
    assert.equal((await failure(client.get('asset_1', signal))).code, 'bad_answer');
  });

  it('an answer that drips is cut off, however steadily it comes', async (t) => {
    const { origin } = await scriptedServer(t, (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"asset_id":');
    });
    let expire: () => void = () => {};
    const client = new FloraClient({
      ...options(`${origin}/api/v1`),
      setTimer: (_, callback) => {
        expire = callback;
        return { cancel: () => {} };
      },
    });
    t.after(() => client.close());
    const failed = failure(client.get('asset_1', signal));
    expire();
    const error = await failed;
    assert.equal(error.code, 'connection_lost');
    assert.match(error.message, /ETOOSLOW/, 'by its own deadline, not by one between two pieces');
  });

  it('a connection that breaks says nothing about the effect', async (t) => {
    const { client } = await connect(t, (_, response) => response.destroy());
    const error = await failure(client.complete('asset_1', 'key', signal));
    assert.equal(error.code, 'connection_lost');
    assert.equal(error.disposition, null);
  });

  it('an address where nobody listens is about the service', async (t) => {
    const { client } = await connect(t, () => {});
    await client.close();
    const nobody = new FloraClient(options('http://127.0.0.1:9/api'));
    t.after(() => nobody.close());
    const error = await failure(nobody.get('asset_1', signal));
    assert.equal(error.code, 'unreachable');
    assert.equal(error.scope, 'service');
  });

  it('an upload host where nobody listens, or that speaks no TLS, ends the upload and nothing else', async (t) => {
    const { client, origin } = await connect(t, () => {});
    const send = (url: string) => {
      const wanted = {
        target: { kind: 'put', url },
        fileName: 'a',
        contentType: 'image/png',
        onSent: () => {},
      } as const;
      return failure(client.upload({ ...wanted, source: bytesOf(Buffer.from('a')) }, signal));
    };
    for (const url of ['http://127.0.0.1:9/put', `${origin.replace('http:', 'https:')}/put`]) {
      const error = await send(url);
      assert.deepEqual({ code: error.code, op: error.op }, { code: 'unreachable', op: 'upload' });
    }
  });
});

describe('list', () => {
  const query = { workspaceId: 'ws_1', projectId: null, limit: 37 };
  const last = { assets: [], meta: { next_cursor: null } };

  it('asks for a page of the workspace, then for the next one by the cursor as it came', async (t) => {
    const cursor = 'eyJ&=+ /ü';
    const { client, seen } = await connect(t, (request, response) => {
      json(response, 200, request.url.includes('cursor') ? last : { assets: [], meta: { next_cursor: cursor } });
    });
    const first = await client.list(query, null, signal);
    assert.deepEqual([first.value.nextCursor, first.requestId], [cursor, 'req_1']);
    await client.list(query, first.value.nextCursor, signal);
    const asked = seen.map(({ url }) => Object.fromEntries(new URL(url, 'http://flora').searchParams));
    const common = { workspace_id: 'ws_1', limit: '37' };
    assert.deepEqual(asked, [common, { ...common, cursor }]);
  });

  it('asks for one project where one is wanted', async (t) => {
    const { client, seen } = await connect(t, (_, response) => json(response, 200, last));
    await client.list({ ...query, projectId: 'prj_1' }, null, signal);
    assert.equal(new URL(seen[0]?.url ?? '', 'http://flora').searchParams.get('project_id'), 'prj_1');
  });

  it('takes no web page for an empty listing, and says which request it was', async (t) => {
    let isSigned = false;
    const { client } = await connect(t, (_, response) => {
      const signed = { 'content-type': 'text/html', ...(isSigned ? { 'request-id': 'req_1' } : {}) };
      response.writeHead(200, signed).end('<html>Please log in</html>');
    });
    const portal = await failure(client.list(query, null, signal));
    assert.deepEqual([portal.code, portal.scope, portal.requestId], ['not_flora', 'service', undefined]);
    isSigned = true;
    const error = await failure(client.list(query, null, signal));
    assert.deepEqual([error.code, error.scope, error.requestId], ['bad_answer', 'file', 'req_1']);
  });

  for (const body of [{ assets: [] }, { assets: [], meta: { next_cursor: 20 } }]) {
    it(`takes no ${JSON.stringify(body)} for the end of the listing`, async (t) => {
      const { client } = await connect(t, (_, response) => json(response, 200, body));
      const error = await failure(client.list(query, null, signal));
      assert.deepEqual([error.code, error.scope, error.requestId], ['bad_answer', 'file', 'req_1']);
    });
  }
});

describe('upload', () => {
  const form = (origin: string): UploadTarget => ({
    kind: 'form',
    url: `${origin}/upload`,
    fileField: 'file',
    formFields: { key: 'value', policy: 'p"q' },
  });
  const file = { fileName: 'a "b".png', contentType: 'image/png', onSent: () => {} };

  it('sends every field first and unaltered, then the file, with an exact length and without our key', async (t) => {
    const { client, origin, seen } = await connect(t, (_, response) => response.writeHead(204).end());
    await client.upload({ target: form(origin), ...file, source: bytesOf(Buffer.from('bytes')) }, signal);
    const [request] = seen;
    assert.equal(request?.headers.authorization, undefined);
    assert.equal(Number(request?.headers['content-length']), request?.body.length);
    const type = String(request?.headers['content-type']);
    const parsed = await new Response(new Uint8Array(request?.body ?? []), {
      headers: { 'content-type': type },
    }).formData();
    assert.deepEqual([...parsed.keys()], ['key', 'policy', 'file']);
    assert.equal(parsed.get('policy'), 'p"q');
    const sent = parsed.get('file');
    assert.ok(sent instanceof File);
    assert.equal(await sent.text(), 'bytes');
    assert.equal(sent.type, 'image/png');
  });

  it('streams what is large in its chunks, and counts them', async (t) => {
    const { client, origin, seen } = await connect(t, (_, response) => response.writeHead(200).end());
    const chunk = Buffer.alloc(1 << 20, 7);
    let counted = 0;
    const source = bytesOf(chunk, chunk, Buffer.from('end'));
    const onSent = (bytes: number) => {
      counted += bytes;
    };
    await client.upload({ target: { kind: 'put', url: `${origin}/put` }, ...file, source, onSent }, signal);
    assert.equal(seen[0]?.method, 'PUT');
    assert.equal(seen[0]?.headers['content-type'], 'image/png');
    assert.equal(seen[0]?.body.length, 2 * chunk.length + 3);
    assert.equal(counted, source.sizeBytes);
  });

  for (const size of [10, 3 << 20]) {
    it(`never ends a body of ${size} bytes whose source turned out to have changed`, async (t) => {
      const { client, origin, seen } = await connect(t, (_, response) => response.writeHead(200).end());
      const changed = new SyncError('changed', {
        code: 'source_changed',
        scope: 'file',
        disposition: 'retry',
        op: 'read',
      });
      const source = {
        sizeBytes: size,
        async *chunks() {
          if (size > 1 << 20) yield Buffer.alloc(1 << 20);
          throw changed;
        },
      };
      assert.equal(await failure(client.upload({ target: form(origin), ...file, source }, signal)), changed);
      assert.ok(seen.every((request) => !request.isWhole));
    });
  }

  it('says that the target refused, with its status', async (t) => {
    const { client, origin } = await connect(t, (_, response) => response.writeHead(403).end('<Error/>'));
    const error = await failure(
      client.upload({ target: form(origin), ...file, source: bytesOf(Buffer.from('x')) }, signal),
    );
    assert.equal(error.code, 'upload_refused');
    assert.equal(error.status, 403);
  });

  it('does not take a web page for an accepted upload', async (t) => {
    const { client, origin } = await connect(t, (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>Please log in</html>');
    });
    const source = bytesOf(Buffer.from('x'));
    const error = await failure(client.upload({ target: form(origin), ...file, source }, signal));
    assert.equal(error.code, 'not_storage');
    assert.equal(error.disposition, 'retry');
  });

  it('keeps a busy target a matter of this one file', async (t) => {
    const { client, origin } = await connect(t, (_, response) => response.writeHead(503).end());
    const error = await failure(
      client.upload({ target: form(origin), ...file, source: bytesOf(Buffer.from('x')) }, signal),
    );
    assert.equal(error.code, 'server_error');
    assert.equal(error.scope, 'file');
  });
});
