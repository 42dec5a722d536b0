import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { SyncError } from '../../src/errors.ts';
import { sendLimits } from '../../src/remote/send-watch.ts';
import { sendUpload } from '../../src/remote/upload.ts';
import { tellingConnector } from '../../src/remote/written.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { findProgram } from '../support/programs.ts';
import { selfSigned } from '../support/self-signed.ts';
import { type HostOptions, slowHost } from '../support/slow-host.ts';

// Twenty times as fast as in earnest, deadlines and lines: a minute is three seconds, 8 kB/s are 160.
const faster = 20;
const limits = {
  lookMs: sendLimits.lookMs / faster,
  stallMs: sendLimits.stallMs / faster,
  firstByteMs: sendLimits.firstByteMs / faster,
  leastBytesPerMs: sendLimits.leastBytesPerMs * faster,
};
const kBs = (rate: number) => rate * faster;
const openssl = findProgram('openssl');

function direct(t: TestContext): Dispatcher {
  const connect = tellingConnector({ rejectUnauthorized: false });
  const dispatcher = new Agent({ connections: 32, pipelining: 1, connect });
  t.after(() => dispatcher.destroy());
  return dispatcher;
}

function send(origin: string, dispatcher: Dispatcher, sizeBytes: number, livesForMs: number | null = null) {
  const piece = Buffer.alloc(Math.min(sizeBytes, 1 << 20));
  const source = {
    sizeBytes,
    async *chunks() {
      for (let at = 0; at < sizeBytes; at += piece.length) yield piece.subarray(0, sizeBytes - at);
    },
  };
  const target = { kind: 'put', url: `${origin}/put?signature=1` } as const;
  const { now: nowMs, monotonic: monotonicMs, setTimer } = systemClock;
  const deps = { dispatcher, nowMs, monotonicMs, setTimer, token: () => 'token', limits };
  const file = { fileName: 'a.png', contentType: 'image/png', source, onSent: () => {}, livesForMs };
  return sendUpload(deps, { ...file, target, url: new URL(target.url), signal: new AbortController().signal });
}

async function failure(sent: Promise<void>): Promise<SyncError> {
  const error = await sent.then(
    () => assert.fail('it got through'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SyncError, String(error));
  return error;
}

async function open(t: TestContext, options: HostOptions) {
  const { port, connections } = await slowHost(t, options);
  return { origin: `http://127.0.0.1:${port}`, connections, dispatcher: direct(t) };
}

describe('a slow line', { concurrency: true }, () => {
  it('lets a file of one buffer through at 8 kB/s, although nothing is seen of it for two minutes', async (t) => {
    const { origin, dispatcher } = await open(t, { bytesPerMs: kBs(8) });
    await send(origin, dispatcher, 900_000);
  });

  it('lets four of them through together at 32 kB/s', async (t) => {
    const { origin, dispatcher } = await open(t, { bytesPerMs: kBs(32) });
    await Promise.all([1, 2, 3, 4].map(() => send(origin, dispatcher, 900_000)));
  });

  it('lets sixteen of 1 MB through together at 200 kB/s', async (t) => {
    const { origin, dispatcher } = await open(t, { bytesPerMs: kBs(200) });
    await Promise.all(Array.from({ length: 16 }, () => send(origin, dispatcher, 1_000_000)));
  });

  it('lets a file in pieces through at 12 kB/s', async (t) => {
    const { origin, dispatcher } = await open(t, { bytesPerMs: kBs(12) });
    await send(origin, dispatcher, 2_500_000);
  });

  it('is no other where it is encrypted', { skip: openssl === undefined }, async (t) => {
    const certificate = selfSigned(t);
    const listen = (onConnection: (socket: Socket) => void) => createTlsServer(certificate, onConnection);
    const { port } = await slowHost(t, { bytesPerMs: kBs(16) }, listen);
    const dispatcher = direct(t);
    await Promise.all([900_000, 2_000_000].map((size) => send(`https://127.0.0.1:${port}`, dispatcher, size)));
  });

  it('may be behind a proxy, which takes everything at once', async (t) => {
    const { port } = await slowHost(t, { bytesPerMs: kBs(8) });
    const sockets = new Set<{ destroy(): void }>();
    const proxy = createHttpServer();
    proxy.on('connect', (_, client) => {
      const upstream = connect(port, '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
      // Without back pressure.
      client.on('data', (chunk: Buffer) => upstream.write(chunk));
      upstream.on('data', (chunk: Buffer) => client.write(chunk));
      for (const socket of [client, upstream]) sockets.add(socket.on('error', () => {}));
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    });
    const dispatcher = new ProxyAgent(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    t.after(() => dispatcher.destroy());
    await send(`http://127.0.0.1:${port}`, dispatcher, 900_000);
  });
});

describe('a line on which nothing moves any more', { concurrency: true }, () => {
  for (const sizeBytes of [900_000, 9_000_000]) {
    it(`ends the upload of ${sizeBytes} bytes, and how far it came is told`, async (t) => {
      const { origin, dispatcher, connections } = await open(t, { bytesPerMs: kBs(8), mostBytes: 100_000 });
      const error = await failure(send(origin, dispatcher, sizeBytes));
      const { code, scope, disposition, message } = error;
      assert.deepEqual({ code, scope, disposition }, { code: 'stalled', scope: 'file', disposition: 'retry' });
      const size = sizeBytes === 900_000 ? '900 kB' : '9.0 MB';
      const [, sent = ''] =
        new RegExp(`^Nothing more could be sent to \\S+ for \\d+ s: (\\d+) kB of ${size} were sent in \\d+ s`).exec(
          message,
        ) ?? [];
      // What the other end has confirmed: read, or in its kernel's buffer.
      assert.ok(Number(sent) >= 100 && Number(sent) < 800, message);
      for (const { readBytes } of connections.values()) assert.equal(readBytes, 100_000);
    });
  }

  it('is told from a host that has all bytes and does not answer', async (t) => {
    const { origin, dispatcher } = await open(t, { bytesPerMs: null, answer: null });
    const error = await failure(send(origin, dispatcher, 20_000));
    assert.equal(error.code, 'stalled');
    assert.match(error.message, /^127\S+ gave no answer for \d+ s after all 20 kB had left in 1 s \(\d+ kB\/s\)$/);
  });
});

describe('a file that cannot arrive in its target’s life', { concurrency: true }, () => {
  const refusal = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n';

  it('is named with the rate that it needs, once its target is over', async (t) => {
    const { origin, dispatcher } = await open(t, { bytesPerMs: 200, answer: refusal });
    const { code, message } = await failure(send(origin, dispatcher, 500_000, 2_000));
    assert.equal(code, 'upload_refused');
    const life = 'Its 500 kB have to arrive in the 2 s that were left to the target: that needs at least 250 kB/s';
    const [, told, reached = ''] =
      /^The upload target answered 403\. (.*), and (\d+) kB\/s were reached$/.exec(message) ?? [];
    assert.equal(told, life, message);
    assert.ok(Number(reached) > 50 && Number(reached) < 250, message);
  });

  it('is not spoken of when the target refuses it at once', async (t) => {
    const { origin, dispatcher } = await open(t, { bytesPerMs: null, answer: refusal });
    for (const livesForMs of [60_000, null, -5]) {
      assert.equal(
        (await failure(send(origin, dispatcher, 5_000, livesForMs))).message,
        'The upload target answered 403',
      );
    }
  });
});
