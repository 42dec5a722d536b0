import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { SyncError } from '../../../src/errors.ts';
import { FloraClient } from '../../../src/remote/client.ts';
import type { StrangeAnswer } from '../../../src/remote/wire-watch.ts';
import { answering, rawServer } from '../../support/raw-server.ts';

const signal = new AbortController().signal;
const json = '{"workspaces":[{"workspace_id":"ws_1"}]}';
const whole = (body: string | Buffer, headers = '') =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\nrequest-id: req_1\r\n${headers}content-length: ${body.length}\r\n\r\n`),
    Buffer.from(body),
  ]);

/** What is no HTTP/1.1, or breaks it, from the first byte to the last. */
const noises: readonly (readonly [string, string | Buffer])[] = [
  ['a banner of SSH', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['a banner of SMTP', '220 mail.example ESMTP\r\n'],
  ['an alert of TLS', Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46])],
  ['a frame of HTTP/2', Buffer.from('000000040000000000', 'hex')],
  ['HTTP/2 in words', 'HTTP/2 200\r\n\r\n'],
  ['HTTP/0.9', '<html>hello</html>'],
  ['HTTP/9.9', 'HTTP/9.9 200 OK\r\n\r\n'],
  ['zeros', Buffer.alloc(4096)],
  ['nothing at all', ''],
  ['an empty line', '\r\n'],
  ['half a status line', 'HTTP/1.1 20'],
  ['no status', 'HTTP/1.1 OK\r\n\r\n'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
  ['a status below 100', 'HTTP/1.1 099 No\r\n\r\n'],
  ['another protocol, unasked', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
  ['a head that is cut', 'HTTP/1.1 200 OK\r\ncontent-ty'],
  ['a header without a name', 'HTTP/1.1 200 OK\r\n: x\r\n\r\n'],
  ['a header with a zero byte', 'HTTP/1.1 200 OK\r\na: \0\r\n\r\n'],
  ['a header without end', `HTTP/1.1 200 OK\r\na: ${'x'.repeat(100_000)}\r\n\r\n`],
  ['a length that is no number', 'HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n{}'],
  ['a length below zero', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}'],
  ['a length beyond all numbers', 'HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\n{}'],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}'],
  ['a length and chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a chunk without a size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n'],
  ['a chunk longer than it says', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n'],
  ['chunks without their end', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n'],
  ['a body that is cut', 'HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{'],
  ['interim answers and no other', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n'],
];

function open(t: TestContext, host: string, onStrange?: (strange: StrangeAnswer) => void): FloraClient {
  const client = new FloraClient({
    baseUrl: `http://${host}/api/v1`,
    apiKey: () => 'sk_live_0123456789',
    concurrency: 2,
    userAgent: 'test',
    nowMs: () => 0,
    token: () => 'boundary',
    setTimer: () => ({ cancel: () => {} }),
    ...(onStrange === undefined ? {} : { onStrange }),
  });
  t.after(() => client.close());
  return client;
}

const destination = { workspaceId: 'ws_1', folder: null, projectId: null };
const wanted = { destination, fileName: 'a.png', contentType: 'image/png', idempotencyKey: 'k' };
const query = { workspaceId: 'ws_1', projectId: null, limit: 10 };

function bytes(sizeBytes: number) {
  return {
    sizeBytes,
    async *chunks() {
      for (let left = sizeBytes; left > 0; left -= 65_536) yield Buffer.alloc(Math.min(left, 65_536));
    },
  };
}

function upload(client: FloraClient, host: string, sizeBytes: number) {
  const target = { kind: 'put', url: `http://${host}/put` } as const;
  const what = { target, fileName: 'a', contentType: 'image/png', source: bytes(sizeBytes), onSent: () => {} };
  return client.upload(what, signal);
}

const requests: Readonly<Record<string, (client: FloraClient, host: string) => Promise<unknown>>> = {
  workspaces: (client) => client.workspaceIds(signal),
  reserve: (client) => client.reserve(wanted, signal),
  complete: (client) => client.complete('asset_1', 'k', signal),
  renew: (client) => client.renew('asset_1', 'k', signal),
  get: (client) => client.get('asset_1', signal),
  list: (client) => client.list(query, null, signal),
  upload: (client, host) => upload(client, host, 10),
  'a large upload': (client, host) => upload(client, host, 3 << 20),
  download: (client, host) => client.fetchDigest(`http://${host}/asset`, 1000, signal),
};

async function failure(promise: Promise<unknown>): Promise<SyncError> {
  const error: unknown = await promise.then(
    (value) => assert.fail(`it should have failed, not come to ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SyncError, error instanceof Error ? error.stack : String(error));
  return error;
}

describe('what is no HTTP/1.1', () => {
  for (const [what, request] of Object.entries(requests)) {
    for (const [noise, sent] of noises) {
      // Its status alone decides what an upload came to, and some of these have one.
      if (what.endsWith('upload') && /^HTTP\/1.1 200 OK\r\n(c|t).*\r\n\r\n/s.test(sent.toString('latin1'))) continue;
      it(`${noise}, as the answer to ${what}, is a connection that was lost`, async (t) => {
        const { host } = await rawServer(t, answering(sent));
        const error = await failure(request(open(t, host), host));
        assert.equal(error.code, 'connection_lost', error.message);
        assert.equal(error.scope, 'file');
        assert.ok(!error.message.includes('\n') && error.message.includes(host), error.message);
      });
    }
  }

  it('is named for what it is', async (t) => {
    const { host } = await rawServer(t, answering('SSH-2.0-x\r\n'));
    const { message } = await failure(open(t, host).workspaceIds(signal));
    assert.match(message, /answers in something that is not HTTP\/1\.1/);
  });

  it('also when it comes before anything was asked, or behind an answer', async (t) => {
    const early = await rawServer(t, (socket) => void socket.write('SSH-2.0-x\r\n'));
    assert.equal((await failure(open(t, early.host).workspaceIds(signal))).code, 'connection_lost');
    const late = await rawServer(t, answering(Buffer.concat([whole(json), Buffer.from('SSH-2.0-x\r\n')]), 'stay'));
    const client = open(t, late.host);
    assert.deepEqual((await client.workspaceIds(signal)).value, ['ws_1']);
    // On a new connection, whatever became of the one before.
    assert.deepEqual((await client.workspaceIds(signal)).value, ['ws_1']);
  });
});

describe('an error of ours', () => {
  it('stays the bug that it is, where it is thrown before the request goes out', async (t) => {
    const { host } = await rawServer(t, answering(whole(json)));
    const client = open(t, host);
    const bad = { ...wanted, idempotencyKey: 'two\r\nlines' };
    await assert.rejects(client.reserve(bad, signal), (error) => !(error instanceof SyncError));
  });
});

describe('a strange answer', () => {
  it('is told once with its stack, and as a problem of its own when nothing else comes', async (t) => {
    let isWell = false;
    const { host } = await rawServer(t, (socket) => answering(isWell ? whole(json) : 'SSH-2.0-x\r\n')(socket));
    const told: StrangeAnswer[] = [];
    const client = open(t, host, (strange) => told.push(strange));
    const codes: string[] = [];
    const ask = async (times: number) => {
      for (let at = 0; at < times; at += 1) codes.push((await failure(client.workspaceIds(signal))).code);
    };
    await ask(19);
    isWell = true;
    await client.workspaceIds(signal);
    isWell = false;
    await ask(20);
    assert.deepEqual(codes, [...Array(38).fill('connection_lost'), 'wire_trouble']);
    assert.deepEqual(
      told.map(({ kind }) => kind),
      ['first', ...Array(37).fill('again'), 'trouble'],
    );
    assert.match(told[0]?.stack ?? '', /^HTTPParserError: .*\n +at /);
    const error = await failure(client.complete('asset_1', 'k', signal));
    assert.deepEqual([error.code, error.scope, error.disposition], ['wire_trouble', 'service', null]);
    assert.match(error.message, /21 times in a row/);
    isWell = true;
    assert.deepEqual((await client.workspaceIds(signal)).value, ['ws_1']);
  });

  it('of an upload host is about the file; those that end as connections do every day are not strange', async (t) => {
    const { host } = await rawServer(t, answering('SSH-2.0-x\r\n'));
    const told: StrangeAnswer[] = [];
    const client = open(t, host, (strange) => told.push(strange));
    let error: SyncError | undefined;
    for (let at = 0; at < 20; at += 1) error = await failure(upload(client, host, 10));
    assert.deepEqual([error?.code, error?.scope], ['wire_trouble', 'file']);
    const hangUp = await rawServer(t, (socket) => void socket.on('data', () => socket.destroy()));
    const other = open(t, hangUp.host, (strange) => told.push(strange));
    for (let at = 0; at < 25; at += 1) {
      assert.equal((await failure(other.workspaceIds(signal))).code, 'connection_lost');
    }
    assert.ok(told.every((strange) => strange.host === host));
  });
});

describe('what may come beside an answer', () => {
  const once =
    (...parts: readonly (string | Buffer)[]) =>
    (socket: Socket) =>
      void socket.on('data', async () => {
        for (const part of parts) await new Promise<void>((sent) => void socket.write(part, () => setImmediate(sent)));
      });
  const proceed = 'HTTP/1.1 100 Continue\r\n\r\n';
  const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n';

  for (const [what, parts] of [
    ['100 Continue', [proceed + whole(json)]],
    ['100 Continue, with a header', [`HTTP/1.1 100 Continue\r\ndate: now\r\n\r\n${whole(json)}`]],
    ['100 Continue in pieces', ['HTTP/1.1 1', '00 Cont', 'inue\r\n', '\r\nHTTP', whole(json).subarray(4)]],
    ['several of them', [proceed, proceed, whole(json)]],
    ['102 Processing', ['HTTP/1.1 102 Processing\r\n\r\n', whole(json)]],
    ['103 Early Hints', [hints, whole(json)]],
    ['both', [proceed + hints, whole(json)]],
  ] as const) {
    it(`${what} is passed over, again and again on the same connection`, async (t) => {
      const { host, connections } = await rawServer(t, once(...parts));
      const client = open(t, host);
      for (let at = 0; at < 8; at += 1) assert.deepEqual((await client.workspaceIds(signal)).value, ['ws_1']);
      // A second one is opened where the first is not known to be free yet.
      assert.ok(connections() <= 2, String(connections()));
    });
  }

  it('100 Continue to an upload that is still under way does not end it', async (t) => {
    const { host } = await rawServer(t, (socket) => {
      let gotBytes = 0;
      socket.on('data', (chunk: Buffer) => {
        if (gotBytes === 0) socket.write(proceed);
        gotBytes += chunk.length;
        if (gotBytes > 3 << 20) socket.end('HTTP/1.1 204 No Content\r\n\r\n');
      });
    });
    await upload(open(t, host), host, 3 << 20);
  });

  for (const [what, answer] of [
    ['a byte order mark in front of JSON', whole(Buffer.from(`\ufeff${json}`))],
    ['gzip over it', whole(gzipSync(json), 'content-encoding: gzip\r\n')],
    ['bare deflate over it', whole(deflateRawSync(json), 'content-encoding: deflate\r\n')],
    ['zlib over it', whole(deflateSync(json), 'content-encoding: deflate\r\n')],
    ['brotli over it', whole(brotliCompressSync(json), 'content-encoding: br\r\n')],
    ['both over it', whole(gzipSync(gzipSync(`\ufeff${json}`)), 'content-encoding: gzip, identity, gzip\r\n')],
  ] as const) {
    it(`${what} is taken away`, async (t) => {
      const { host } = await rawServer(t, answering(answer));
      assert.deepEqual((await open(t, host).workspaceIds(signal)).value, ['ws_1']);
    });
  }

  it('nobody is asked for an encoding, and one that unpacks into too much is not unpacked', async (t) => {
    const asked: string[] = [];
    const bomb = whole(gzipSync(Buffer.alloc(64 << 20, ' ')), 'content-encoding: gzip\r\n');
    const { host } = await rawServer(t, (socket) => {
      socket.on('data', (chunk: Buffer) => asked.push(chunk.toString('latin1')));
      answering(bomb)(socket);
    });
    const error = await failure(open(t, host).workspaceIds(signal));
    assert.deepEqual([error.code, /too long/.test(error.message)], ['bad_answer', true]);
    assert.match(asked[0] ?? '', /accept-encoding: identity\r\n/);
  });

  for (const [coding, body] of [
    ['gzip', 'not gzip'],
    ['gzip', gzipSync(json).subarray(0, 20)],
    ['zstd', json],
  ] as const) {
    it(`${coding} that cannot be undone is an answer that nobody can read`, async (t) => {
      const { host } = await rawServer(t, answering(whole(body, `content-encoding: ${coding}\r\n`)));
      assert.equal((await failure(open(t, host).workspaceIds(signal))).code, 'bad_answer');
    });
  }
});
