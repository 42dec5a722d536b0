import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Dispatcher } from 'undici';
import { SyncError } from '../../../src/errors.ts';
import { FloraClient } from '../../../src/remote/client.ts';

// What goes out for each call, and how much of an answer is read: without a network.

const signal = new AbortController().signal;
const destination = { workspaceId: 'ws_1', folder: null, projectId: null };
const wanted = { destination, fileName: 'a.png', contentType: 'image/png', idempotencyKey: 'key-1' };
const query = { workspaceId: 'ws_1', projectId: null, limit: 37 };

function world(answer: string, baseUrl = 'https://flora.example/api/v1') {
  const seen: Dispatcher.DispatchOptions[] = [];
  const closed: unknown[] = [];
  const dispatcher = {
    dispatch(options: Dispatcher.DispatchOptions, handler: Required<Dispatcher.DispatchHandler>) {
      seen.push(options);
      const controller = { abort: () => {} } as unknown as Dispatcher.DispatchController;
      handler.onRequestStart(controller, {});
      handler.onResponseStart(controller, 200, { 'request-id': 'req_1' }, '');
      handler.onResponseData(controller, Buffer.from(answer));
      handler.onResponseEnd(controller, {});
      return true;
    },
    destroy: () => Promise.resolve().then(() => closed.push('closed')),
  } as unknown as Dispatcher;
  let [keys, nowMs] = [0, 0];
  const client = new FloraClient({
    baseUrl,
    apiKey: () => {
      keys += 1;
      return `key ${keys}`;
    },
    concurrency: 1,
    userAgent: 'flora-sync/1',
    nowMs: () => {
      nowMs += 1_000;
      return nowMs;
    },
    token: () => 'token',
    setTimer: () => ({ cancel: () => {} }),
    dispatcher,
  });
  return { client, seen, closed };
}

const asset = '{"asset_id":"a","status":"ready"}';
const reserved = '{"asset_id":"a","upload_url":"https://uploads.example/x","expires_at":100000}';
const listing = '{"assets":[],"meta":{"next_cursor":null}}';
const common = {
  authorization: 'Bearer key 1',
  accept: 'application/json',
  'accept-encoding': 'identity',
  'user-agent': 'flora-sync/1',
};
const posted = { ...common, 'idempotency-key': 'key-1', 'content-type': 'application/json' };
const body = { source: 'signed-url', workspace_id: 'ws_1', content_type: 'image/png', file_name: 'a.png' };

interface Expected {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: unknown;
}

const calls: Readonly<
  Record<string, readonly [answer: string, call: (client: FloraClient) => Promise<unknown>, Expected]>
> = {
  reserve: [reserved, (client) => client.reserve(wanted, signal), { method: 'POST', path: '/assets', body }],
  'reserve, into a folder of a project': [
    reserved,
    (client) => client.reserve({ ...wanted, destination: { ...destination, folder: 'f', projectId: 'p' } }, signal),
    { method: 'POST', path: '/assets', body: { ...body, folder: 'f', project_id: 'p' } },
  ],
  complete: [
    asset,
    (client) => client.complete('a/b?', 'key-1', signal),
    { method: 'POST', path: '/assets/a%2Fb%3F/complete', body: {} },
  ],
  renew: [
    reserved,
    (client) => client.renew('a b', 'key-1', signal),
    { method: 'POST', path: '/assets/a%20b/retry', body: {} },
  ],
  get: [asset, (client) => client.get('a', signal), { method: 'GET', path: '/assets/a', body: null }],
  list: [
    listing,
    (client) => client.list(query, null, signal),
    { method: 'GET', path: '/assets?workspace_id=ws_1&limit=37', body: null },
  ],
  'list, further on in a project': [
    listing,
    (client) => client.list({ ...query, projectId: 'p' }, 'c&', signal),
    { method: 'GET', path: '/assets?workspace_id=ws_1&limit=37&project_id=p&cursor=c%26', body: null },
  ],
  workspaces: [
    '{"workspaces":[]}',
    (client) => client.workspaceIds(signal),
    { method: 'GET', path: '/workspaces', body: null },
  ],
};

describe('the request of', () => {
  for (const [name, [answer, call, expected]] of Object.entries(calls)) {
    it(`${name} goes to its path, with the key of that moment, once`, async () => {
      for (const [baseUrl, prefix] of [
        ['https://flora.example/api/v1', '/api/v1'],
        ['https://flora.example', ''],
      ] as const) {
        const { client, seen } = world(answer, baseUrl);
        const { requestId } = (await call(client)) as { requestId: string | null };
        assert.equal(requestId, 'req_1');
        assert.equal(seen.length, 1);
        const { method, path, headers, origin } = seen[0] ?? assert.fail();
        assert.deepEqual([method, path, origin], [expected.method, prefix + expected.path, 'https://flora.example']);
        assert.deepEqual(headers, expected.method === 'POST' ? posted : common);
        const sent = seen[0]?.body;
        assert.deepEqual(typeof sent === 'string' ? JSON.parse(sent) : sent, expected.body);
      }
    });
  }
});

describe('the time that is left to a target', () => {
  it('is counted from the request on, of a renewal too', async () => {
    // The clock goes on by a second whenever it is asked.
    for (const call of ['reserve', 'renew'] as const) {
      const answer = JSON.stringify({ ...JSON.parse(reserved), expires_at: '1970-01-01T00:01:40Z' });
      const { client } = world(answer);
      const { value } = await (call === 'reserve' ? client.reserve(wanted, signal) : client.renew('a', 'k', signal));
      assert.equal(value.expiresInMs, 98_000);
    }
  });
});

describe('an answer', () => {
  const padded = (json: string, length: number) => json + ' '.repeat(length - json.length);
  const toldOf = async (call: (client: FloraClient) => Promise<unknown>, answer: string) => {
    const error: unknown = await call(world(answer).client).then(
      () => null,
      (reason: unknown) => reason,
    );
    if (error === null) return null;
    assert.ok(error instanceof SyncError, String(error));
    return error.message.replace(/^FLORA answers otherwise than this version knows: /, '');
  };

  it('of one asset is read for a mebibyte, a page of them for eight', async () => {
    for (const [name, most] of [
      ['get', 1 << 20],
      ['workspaces', 1 << 20],
      ['complete', 1 << 20],
      ['list', 8 << 20],
    ] as const) {
      const [answer, call] = calls[name] ?? assert.fail();
      assert.equal(await toldOf(call, padded(answer, most)), null, name);
      const op = name === 'get' ? 'check' : name;
      assert.equal(await toldOf(call, padded(answer, most + 1)), `the answer to ${op} is too long (status 200)`);
    }
  });

  it('that is no JSON says so', async () => {
    const told = await toldOf((client) => client.get('a', signal), '<html>');
    assert.equal(told, 'the answer to check is not JSON (status 200)');
  });

  it('that names a target to which nothing may be sent says why', async () => {
    const answer = '{"asset_id":"a","upload_url":"http://uploads.example/x"}';
    const told = await toldOf((client) => client.reserve(wanted, signal), answer);
    const why = 'FLORA named an upload target that uses http: instead of https:; nothing was sent there';
    assert.equal(told, `the answer to reserve is of no use: ${why} (status 200)`);
  });
});

describe('a client that is closed', () => {
  it('has its connections closed when that is over', async () => {
    const { client, closed } = world(asset);
    await client.close();
    assert.deepEqual(closed, ['closed']);
  });
});
