import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { SyncError } from '../../../src/errors.ts';
import { type ClientOptions, FloraClient } from '../../../src/remote/client.ts';
import { answering, rawServer } from '../../support/raw-server.ts';
import { json, scriptedServer } from '../../support/scripted-server.ts';

// What each call of the client comes to, for each way in which a request can end: over real sockets, through undici.

const signal = new AbortController().signal;
const options: Omit<ClientOptions, 'baseUrl'> = {
  apiKey: () => 'sk_live_0123456789',
  concurrency: 2,
  userAgent: 'test',
  nowMs: () => 0,
  token: () => 'token',
  setTimer: () => ({ cancel: () => {} }),
};

const destination = { workspaceId: 'ws_1', folder: null, projectId: 'p_1' };
const wanted = { destination, fileName: 'a.png', contentType: 'image/png', idempotencyKey: 'key-1' };
const source = (sizeBytes: number) => ({
  sizeBytes,
  async *chunks() {
    for (let left = sizeBytes; left > 0; left -= 65_536) yield Buffer.alloc(Math.min(left, 65_536));
  },
});

/** By the name that errors give them. */
const calls = {
  reserve: (client: FloraClient) => client.reserve(wanted, signal),
  complete: (client: FloraClient) => client.complete('asset_1', 'key-1', signal),
  renew: (client: FloraClient) => client.renew('asset_1', 'key-1', signal),
  check: (client: FloraClient) => client.get('asset_1', signal),
  list: (client: FloraClient) => client.list({ workspaceId: 'ws_1', projectId: null, limit: 100 }, null, signal),
  workspaces: (client: FloraClient) => client.workspaceIds(signal),
} as const;
type Op = keyof typeof calls;
const ops = Object.keys(calls) as readonly Op[];

interface Verdict {
  readonly code: string;
  readonly scope: string;
  readonly disposition: string | null;
}
const ofFile = (code: string, disposition: string | null = null): Verdict => ({ code, scope: 'file', disposition });
const ofService = (code: string, disposition: string): Verdict => ({ code, scope: 'service', disposition });

async function failure(promise: Promise<unknown>): Promise<SyncError> {
  const error: unknown = await promise.then(
    () => assert.fail('it should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SyncError, String(error));
  return error;
}

function clientOf(t: TestContext, baseUrl: string): FloraClient {
  const client = new FloraClient({ ...options, baseUrl });
  t.after(() => client.close());
  return client;
}

const rejected = ofFile('some_word', 'reject');
const serverError = ofFile('server_error', 'retry');
const notFlora = ofService('not_flora', 'retry');
const redirected = ofService('redirected', 'retry');
const keyRefused = ofService('key_refused', 'wait');
const credits = ofService('credits', 'wait');
const forbidden = ofService('forbidden', 'wait');
const limited = ofService('rate_limited', 'retry');
const bodyRefused = ofFile('body_refused', 'retry');
const conflict = ofFile('conflict');
const notFound = ofFile('not_found');

/** Of FLORA's own answers: what a reservation comes to, what `complete` and `retry` do, and what only reads. */
const signed: readonly (readonly [status: number, Verdict, Verdict, Verdict])[] = [
  [300, redirected, redirected, redirected],
  [308, redirected, redirected, redirected],
  [307, redirected, redirected, redirected],
  [399, redirected, redirected, redirected],
  [400, rejected, bodyRefused, rejected],
  [401, keyRefused, keyRefused, keyRefused],
  [402, credits, credits, credits],
  [403, forbidden, forbidden, forbidden],
  [404, ofService('no_destination', 'wait'), notFound, notFound],
  [407, notFlora, notFlora, notFlora],
  [408, serverError, serverError, serverError],
  [409, ofFile('key_spent'), conflict, conflict],
  [410, notFound, notFound, notFound],
  [413, rejected, rejected, rejected],
  [418, rejected, rejected, rejected],
  [422, rejected, conflict, rejected],
  [425, serverError, serverError, serverError],
  [429, limited, limited, limited],
  [499, rejected, rejected, rejected],
  [500, serverError, serverError, serverError],
  [502, serverError, serverError, serverError],
  [503, serverError, serverError, serverError],
  [504, serverError, serverError, serverError],
  [599, serverError, serverError, serverError],
];

/** Of answers that are not FLORA's, whoever asks. */
const foreign: readonly (readonly [status: number, Verdict])[] = [
  [302, redirected],
  [400, notFlora],
  [401, keyRefused],
  [402, credits],
  [403, forbidden],
  [404, notFlora],
  [407, notFlora],
  [408, serverError],
  [409, notFlora],
  [410, notFlora],
  [413, notFlora],
  [422, notFlora],
  [425, serverError],
  [429, limited],
  [499, notFlora],
  [500, serverError],
  [502, serverError],
  [503, serverError],
];

const portal = 'Something between here and FLORA answers in its place (a captive portal or a proxy).';
const hints: Readonly<Record<string, string>> = {
  redirected: portal,
  not_flora: portal,
  key_refused: 'Put the new key where the old one came from (FLORA_API_KEY_FILE or the credential).',
  credits: 'Top up the credits of the workspace.',
  forbidden: 'See that the key belongs to this workspace and that its plan includes API access.',
  no_destination: 'See that FLORA_WORKSPACE_ID and FLORA_SYNC_PROJECT_ID name what this key can see.',
};

function verdictOf({ code, scope, disposition }: SyncError): Verdict {
  return { code, scope, disposition };
}

for (const op of ops) {
  describe(`the answer to ${op}`, () => {
    const column = op === 'reserve' ? 1 : op === 'complete' || op === 'renew' ? 2 : 3;
    it('means by its status what it says, of FLORA', async (t) => {
      let status = 0;
      const { origin, seen } = await scriptedServer(t, (_, response) =>
        json(response, status, { error: { code: 'some_word', message: 'why' } }, { 'retry-after': '7' }),
      );
      for (const row of signed) {
        status = row[0];
        const error = await failure(calls[op](clientOf(t, `${origin}/api/v1`)));
        assert.deepEqual(verdictOf(error), row[column], `${status}`);
        assert.equal(error.op, op);
        assert.equal(error.status, status);
        assert.equal(error.requestId, 'req_1');
        assert.equal(error.message, `FLORA answered ${status} some_word: why`);
        assert.equal(error.hint, hints[error.code], `${status}`);
        assert.equal(error.retryAfterMs, status === 429 || status === 503 ? 7_000 : undefined, `${status}`);
      }
      assert.equal(seen.length, signed.length, 'each was asked for once');
    });

    it('means by its status what it says, of something in between', async (t) => {
      let status = 0;
      const { origin, seen } = await scriptedServer(t, (_, response) => {
        response.writeHead(status, { 'content-type': 'text/html' }).end('<html>Who are you?</html>');
      });
      for (const [answered, verdict] of foreign) {
        status = answered;
        const error = await failure(calls[op](clientOf(t, `${origin}/api/v1`)));
        const isBody = status === 400 && column === 2;
        assert.deepEqual(verdictOf(error), isBody ? { ...bodyRefused, scope: verdict.scope } : verdict, `${status}`);
        assert.equal(error.requestId, undefined);
        assert.equal(error.message, `FLORA answered ${status}`);
      }
      assert.equal(seen.length, foreign.length);
    });

    it('says nothing where nobody can read it, and that it was FLORA’s where it was signed', async (t) => {
      const answers: readonly (readonly [body: string, code: string])[] = [
        ['', 'is not JSON'],
        ['<html>', 'is not JSON'],
        ['{"asset_id": "asset_1", "sta', 'is not JSON'],
        ['null', ''],
        ['[]', ''],
        ['"ready"', ''],
        ['{}', ''],
      ];
      let body = '';
      let headers: Record<string, string> = {};
      const { origin } = await scriptedServer(t, (_, response) => response.writeHead(200, headers).end(body));
      for (const [given, what] of answers) {
        body = given;
        headers = { 'request-id': 'req_1' };
        const error = await failure(calls[op](clientOf(t, `${origin}/api/v1`)));
        const code = op === 'reserve' ? 'not_understood' : 'bad_answer';
        assert.deepEqual(verdictOf(error), ofFile(code), given);
        assert.deepEqual([error.op, error.status, error.requestId], [op, 200, 'req_1']);
        assert.ok(error.message.includes(`the answer to ${op} ${what}`), error.message);
        headers = {};
        const unsigned = await failure(calls[op](clientOf(t, `${origin}/api/v1`)));
        const isOther = what === 'is not JSON';
        assert.deepEqual(verdictOf(unsigned), isOther ? { ...notFlora, disposition: null } : ofFile(code), given);
        assert.equal(unsigned.hint, isOther ? portal : error.hint);
        assert.equal(unsigned.requestId, undefined);
      }
    });

    const head = 'HTTP/1.1 200 OK\\r\\nRequest-Id: req_1\\r\\n';
    const endings: Readonly<Record<string, (socket: Socket) => void>> = {
      'a reset before a word of it': (socket) => void socket.once('data', () => socket.resetAndDestroy()),
      'an end before a word of it': answering(''),
      'an end within its head': answering('HTTP/1.1 200 OK\\r\\nContent-'),
      'an end before its length': answering(`${head}Content-Length: 100\\r\\n\\r\\n{"asset_id": "asset_1"`),
      'an end before its last chunk': answering(`${head}Transfer-Encoding: chunked\\r\\n\\r\\n2\\r\\n{}\\r\\n`),
      'a reset within its body': (socket) =>
        void socket.once('data', () => {
          socket.write(`${head}Content-Length: 100\\r\\n\\r\\n{}`, () => setImmediate(() => socket.resetAndDestroy()));
        }),
      'something that is no HTTP': answering('SSH-2.0-OpenSSH_9.6\\r\\n'),
    };
    for (const [how, end] of Object.entries(endings)) {
      it(`that comes to ${how} says nothing of what was done`, async (t) => {
        const { host, connections } = await rawServer(t, end);
        const error = await failure(calls[op](clientOf(t, `http://${host}/api/v1`)));
        assert.deepEqual(verdictOf(error), ofFile('connection_lost'));
        assert.deepEqual([error.op, error.status, error.retryAfterMs], [op, undefined, undefined]);
        assert.match(
          error.message,
          new RegExp(how.includes('no HTTP') ? 'not HTTP/1.1 \\(\\w+: .+\\)' : `connection to ${host} was lost`),
        );
        assert.equal(connections(), 1, 'it is not asked for again');
      });
    }
  });
}

describe('a reservation whose upload form cannot be read', () => {
  const url = 'https://uploads.example/form';
  const forms: Readonly<Record<string, object>> = {
    'an upload that is a text': { upload: url },
    'an upload that is a list': { upload: [{ url }] },
    'no URL in it': { upload: { method: 'POST', form_fields: {} } },
    'a URL that is none': { upload: { url: 'form', form_fields: {} } },
    'a URL that is a number': { upload: { url: 7 } },
    'a URL in a list': { upload: { url: [url] } },
    'a bare URL in a list': { upload_url: [url] },
    'a method that is none of ours': { upload: { url, method: 'PATCH' } },
    'a method that is no text': { upload: { url, method: 1 } },
    'fields that are a text': { upload: { url, form_fields: 'policy=1' } },
    'fields that are a list': { upload: { url, form_fields: [['policy', '1']] } },
    'a field that is a list': { upload: { url, form_fields: { policy: ['1'] } } },
    'a field that is an object': { upload: { url, form_fields: { key: 'k', policy: { p: 1 } } } },
    'a file field without a name': { upload: { url, file_field: '', form_fields: {} } },
    'a file field that is a number': { upload: { url, file_field: 1, form_fields: {} } },
    'a bare URL that is none': { upload_url: 'not a url' },
    'a bare URL that is an object': { upload_url: { url } },
    'a target that is a file of this machine': { upload_url: 'file:///etc/passwd' },
    'a target by FTP': { upload: { url: 'ftp://uploads.example/a', method: 'PUT' } },
  };
  for (const [what, form] of Object.entries(forms)) {
    it(`for ${what} is not understood, and of a renewal a bad answer: nothing is sent anywhere`, async (t) => {
      const answer = { asset_id: 'asset_1', status: 'pending_upload', ...form };
      const { origin, seen } = await scriptedServer(t, (_, response) => json(response, 201, answer));
      const client = clientOf(t, `${origin}/api/v1`);
      const reserved = await failure(client.reserve(wanted, signal));
      assert.deepEqual(verdictOf(reserved), ofFile('not_understood'));
      assert.match(reserved.message, /has an upload target that cannot be read|is of no use/);
      assert.match(reserved.hint ?? '', /newer version/);
      const renewed = await failure(client.renew('asset_1', 'key', signal));
      assert.deepEqual(verdictOf(renewed), ofFile('bad_answer'));
      assert.equal(seen.length, 2);
    });
  }

  it('for it has none is not understood, unless it was replayed; a renewal may have none', async (t) => {
    let headers: Record<string, string> = {};
    const { origin } = await scriptedServer(t, (_, response) => json(response, 201, { asset_id: 'asset_1' }, headers));
    const client = clientOf(t, `${origin}/api/v1`);
    const reserved = await failure(client.reserve(wanted, signal));
    assert.deepEqual(verdictOf(reserved), ofFile('not_understood'));
    assert.match(reserved.message, /has no upload target/);
    assert.equal((await client.renew('asset_1', 'key', signal)).value.target, null);
    headers = { 'idempotent-replayed': 'true' };
    const replayed = await client.reserve(wanted, signal);
    assert.deepEqual([replayed.value.target, replayed.isReplayed], [null, true]);
  });
});

describe('an upload', () => {
  const reasons: readonly (readonly [status: number, body: string, verdict: Verdict])[] = [
    [301, '', ofFile('upload_refused')],
    [307, '', ofFile('upload_refused')],
    [399, '', ofFile('upload_refused')],
    [400, '<Error><Code>EntityTooLarge</Code></Error>', ofFile('bytes_refused')],
    [400, '<Error><Code>RequestTimeout</Code></Error>', ofFile('stalled', 'retry')],
    [400, 'no', ofFile('upload_refused')],
    [401, '', ofFile('upload_refused')],
    [403, '<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>', ofFile('upload_refused')],
    [404, '', ofFile('upload_refused')],
    [408, '', ofFile('stalled', 'retry')],
    [409, '', ofFile('upload_refused')],
    [410, '', ofFile('upload_refused')],
    [411, '', ofFile('bytes_refused')],
    [413, '', ofFile('bytes_refused')],
    [415, '', ofFile('bytes_refused')],
    [422, '', ofFile('bytes_refused')],
    [425, '', ofFile('upload_refused')],
    [429, '', ofFile('target_rate_limited', 'retry')],
    [499, '', ofFile('upload_refused')],
    [500, '', serverError],
    [502, '<html><title>Bad Gateway</title></html>', serverError],
    [503, '', serverError],
    [504, '', serverError],
  ];
  const send = (client: FloraClient, origin: string, kind: 'put' | 'form', sizeBytes: number) => {
    const url = `${origin}/target?signature=s3cret-s3cret-s3cret`;
    const target =
      kind === 'put' ? ({ kind, url } as const) : ({ kind, url, fileField: 'file', formFields: {} } as const);
    const onSent = () => {};
    return client.upload(
      { target, fileName: 'a.png', contentType: 'image/png', source: source(sizeBytes), onSent },
      signal,
    );
  };

  for (const [kind, sizeBytes] of [
    ['put', 0],
    ['put', 10],
    ['form', 10],
    ['form', 1_100_000],
  ] as const) {
    it(`is what the target's status says: a ${kind} of ${sizeBytes} bytes`, async (t) => {
      let [status, body] = [0, ''];
      const { origin, seen } = await scriptedServer(t, (_, response) => response.writeHead(status).end(body));
      for (const [answered, told, verdict] of reasons) {
        [status, body] = [answered, told];
        const error = await failure(send(clientOf(t, origin), origin, kind, sizeBytes));
        assert.deepEqual(verdictOf(error), verdict, `${status} ${told}`);
        assert.deepEqual([error.op, error.status], ['upload', status]);
        assert.equal(error.retryAfterMs, status === 429 ? 5_000 : undefined);
        assert.doesNotMatch(error.message, /s3cret/);
        assert.ok(error.message.startsWith(`The upload target answered ${status}`), error.message);
      }
      for (const accepted of [200, 201, 202, 204, 206, 299]) {
        [status, body] = [accepted, ''];
        await send(clientOf(t, origin), origin, kind, sizeBytes);
      }
      assert.equal(seen.length, reasons.length + 6);
    });

    for (const [how, end] of [
      ['a reset', (socket: Socket) => void socket.once('data', () => socket.resetAndDestroy())],
      ['an end', (socket: Socket) => void socket.once('data', () => socket.destroy())],
      ['something that is no HTTP', answering('220 ftp ready\\r\\n')],
    ] as const) {
      it(`that comes to ${how} is unclear, and not repeated: a ${kind} of ${sizeBytes} bytes`, async (t) => {
        const { host, connections } = await rawServer(t, end);
        const error = await failure(send(clientOf(t, `http://${host}`), `http://${host}`, kind, sizeBytes));
        assert.deepEqual(verdictOf(error), ofFile('connection_lost'));
        assert.deepEqual([error.op, error.status], ['upload', undefined]);
        assert.equal(connections(), 1);
      });
    }
  }

  it('that is told to wait waits as long as it is told', async (t) => {
    const { origin } = await scriptedServer(t, (_, response) => response.writeHead(429, { 'retry-after': '11' }).end());
    const error = await failure(send(clientOf(t, origin), origin, 'put', 10));
    assert.equal(error.retryAfterMs, 11_000);
  });
});
