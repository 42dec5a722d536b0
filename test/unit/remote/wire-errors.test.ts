import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { ProxyServer } from '../../../src/core/proxy.ts';
import { SyncError } from '../../../src/errors.ts';
import { readRetryAfter } from '../../../src/remote/answer-errors.ts';
import { codingsOf, decode } from '../../../src/remote/content-encoding.ts';
import type { ProxyError } from '../../../src/remote/network-error.ts';
import { readRefusal } from '../../../src/remote/refusal.ts';
import { openTunnel } from '../../../src/remote/tunnel.ts';
import { type StrangeAnswer, WireWatch } from '../../../src/remote/wire-watch.ts';
import { handTimers } from '../../support/hand-timers.ts';
import { answering, rawServer } from '../../support/raw-server.ts';
import { until } from '../../support/until.ts';

describe('a tunnel', () => {
  async function open(t: TestContext, onConnection: (socket: Socket) => void, signal = new AbortController().signal) {
    const closed: Socket[] = [];
    const { host, port, connections } = await rawServer(t, (socket) => {
      socket.on('close', () => closed.push(socket));
      onConnection(socket);
    });
    const timers = handTimers();
    const proxy = { hostname: '127.0.0.1', port, isTls: false, authorization: null };
    const options = { timeoutMs: 10_000, attemptTimeoutMs: 3_000, setTimer: timers.setTimer, signal };
    let calls = 0;
    const opened = new Promise<{ error: ProxyError | null; socket: Socket | null }>((resolve) => {
      openTunnel(proxy, 'flora.example:443', options, (error, socket) => {
        calls += 1;
        if (socket !== null) t.after(() => socket.destroy());
        resolve({ error, socket });
      });
    });
    return { opened, closed, timers, connections, calls: () => calls, name: `the proxy ${host}` };
  }

  for (const [head, why] of [
    ['HTTP/1.1 407 Proxy Authentication Required', 'wants other credentials (407)'],
    ['HTTP/1.1 403 Forbidden', 'refuses to connect (403)'],
    ['HTTP/1.1 199 Not Yet', 'refuses to connect (199)'],
    ['HTTP/1.1 300 Multiple Choices', 'refuses to connect (300)'],
    ['HTTP/1.1 502 Bad Gateway', 'refuses to connect (502)'],
  ] as const) {
    it(`that is refused with ${head.slice(9)} says so, and is closed`, async (t) => {
      const { opened, closed, timers, calls, name } = await open(t, answering(`${head}\r\n\r\n`, 'stay'));
      const { error, socket } = await opened;
      assert.deepEqual([error?.message, socket], [`${name} ${why}`, null]);
      await until('the connection is closed', () => closed.length === 1);
      assert.deepEqual([calls(), timers.set.map(({ isCancelled }) => isCancelled)], [1, [true]]);
    });
  }

  it('that is reset before it is answered, or answered in something else, says so', async (t) => {
    const reset = await open(t, (socket) => void socket.once('data', () => socket.resetAndDestroy()));
    assert.match((await reset.opened).error?.message ?? '', /hangs up before it has answered \(ECONNRESET\)$/);
    const other = await open(t, answering('220 ftp ready\r\n', 'stay'));
    assert.match((await other.opened).error?.message ?? '', /answers in something that is not HTTP\/1.1 \(HPE_\w+\)$/);
    await until('the connection is closed', () => other.closed.length === 1);
  });

  it('that is not answered in time is given up, and closed, once', async (t) => {
    let asked = 0;
    const { opened, closed, timers, calls, name } = await open(t, (socket) => {
      socket.on('data', () => {
        asked += 1;
      });
    });
    await until('it is asked for', () => asked > 0);
    assert.deepEqual(
      timers.set.map(({ delayMs }) => delayMs),
      [10_000],
    );
    timers.set[0]?.run();
    assert.equal((await opened).error?.message, `${name} did not answer in 10 s`);
    await until('the connection is closed', () => closed.length === 1);
    assert.equal(calls(), 1);
  });

  it('that is not wanted any more is given up', async (t) => {
    const stop = new AbortController();
    const { opened, closed } = await open(t, (socket) => void socket.on('data', () => stop.abort()), stop.signal);
    assert.notEqual((await opened).error, null);
    await until('the connection is closed', () => closed.length === 1);
  });

  it('gives what came right behind the answer, too', async (t) => {
    const { opened, timers } = await open(t, answering('HTTP/1.1 200 OK\r\n\r\nfirst words', 'stay'));
    const { error, socket } = await opened;
    assert.equal(error, null);
    assert.ok(socket);
    const [chunk] = await new Promise<Buffer[]>((resolve) => socket.once('data', (data) => resolve([data])));
    assert.equal(String(chunk), 'first words');
    assert.equal(timers.set[0]?.isCancelled, true);
  });
});

describe('what ends strangely', () => {
  const lost = (op: string, cause: unknown) => new SyncError('lost', { code: 'connection_lost', op, cause });
  const watching = () => {
    const told: StrangeAnswer[] = [];
    const watch = new WireWatch((strange) => told.push(strange));
    const judged = (error: SyncError, host = 'h') => watch.judge(host, error) as SyncError;
    return { told, watch, judged };
  };

  for (const [op, scope] of [
    ['check', 'service'],
    ['upload', 'file'],
    ['download', 'file'],
  ] as const) {
    it(`twenty times in a row is trouble of its own: of ${op} it is about the ${scope}`, () => {
      const { told, judged } = watching();
      const error = lost(op, new Error('odd'));
      for (let count = 1; count < 20; count += 1) assert.equal(judged(error), error);
      const trouble = judged(error);
      assert.deepEqual([trouble.code, trouble.scope, trouble.op], ['wire_trouble', scope, op]);
      assert.equal(trouble.message, 'lost, 20 times in a row');
      assert.deepEqual([trouble.disposition, trouble.cause], [null, error.cause]);
      assert.match(trouble.hint ?? '', /^See what answers there .*report it with the log/);
      assert.deepEqual(
        [told.length, told[0]?.kind, told[1]?.kind, told[18]?.kind, told[19]?.kind],
        [20, 'first', 'again', 'again', 'trouble'],
      );
      assert.equal(judged(error).message, 'lost, 21 times in a row');
    });
  }

  it('is tried again as before', () => {
    const { judged } = watching();
    const error = new SyncError('lost', {
      ...{ code: 'connection_lost', op: 'download', disposition: 'retry' },
      cause: new Error('odd'),
    });
    for (let count = 1; count < 20; count += 1) judged(error);
    const { code, disposition } = judged(error);
    assert.deepEqual([code, disposition], ['wire_trouble', 'retry']);
  });

  it('is neither counted nor told where it is no end of a connection, or an ordinary one', () => {
    const { told, watch, judged } = watching();
    const bug = new Error('a bug');
    assert.equal(watch.judge('h', bug), bug);
    for (const error of [
      new SyncError('no', { code: 'server_error', op: 'check', cause: new Error('odd') }),
      lost('check', Object.assign(new Error('reset'), { code: 'ECONNRESET' })),
    ])
      for (let count = 1; count < 25; count += 1) assert.equal(judged(error), error);
    assert.deepEqual(told, []);
  });

  it('is counted by how it looks', () => {
    const { told, judged } = watching();
    const [one, other] = [lost('check', new Error('odd')), lost('check', new Error('odder'))];
    for (let count = 1; count < 20; count += 1) assert.deepEqual([judged(one), judged(other)], [one, other]);
    assert.deepEqual([judged(one).code, judged(other).code], ['wire_trouble', 'wire_trouble']);
    assert.equal(told.filter(({ kind }) => kind === 'first').length, 2);
  });

  it('is known again until two hundred others came', () => {
    const { told, judged } = watching();
    const looking = (name: string) => lost('check', Object.assign(new Error('odd'), { stack: name }));
    judged(looking('first'));
    for (let at = 1; at < 200; at += 1) judged(looking(`${at}`), `${at}`);
    judged(looking('first'), 'x');
    judged(looking('one more'), 'y');
    judged(looking('first'), 'z');
    assert.deepEqual([told.at(-3)?.kind, told.at(-1)?.kind], ['again', 'first']);
  });

  it('is counted by host, and from the last answer of that host on', async () => {
    const { watch, judged } = watching();
    const error = lost('check', new Error('odd'));
    for (let count = 1; count < 20; count += 1) judged(error);
    judged(error, 'another');
    assert.equal(await watch.over('h', Promise.resolve('answer')), 'answer');
    assert.equal(judged(error), error);
    for (let count = 2; count < 20; count += 1) judged(error);
    // A refusal is an answer as well.
    judged(new SyncError('no', { code: 'not_found', op: 'check', status: 404 }));
    assert.equal(judged(error), error);
  });

  it('is told by what there is of it, be it no error', () => {
    const { told, judged } = watching();
    judged(lost('check', 'words'));
    judged(lost('check', Object.assign(new Error('odd'), { stack: undefined })));
    judged(lost('check', Object.assign(new Error('reset'), { code: 'ECONNRESET' })));
    assert.deepEqual(
      told.map(({ stack, host, op }) => [stack, host, op]),
      [
        ['words', 'h', 'check'],
        ['Error: odd', 'h', 'check'],
      ],
    );
  });

  it('of hundreds of hosts is forgotten, the oldest first', () => {
    const { judged } = watching();
    const error = lost('check', new Error('odd'));
    for (let count = 1; count < 20; count += 1) judged(error, 'first');
    for (let count = 1; count < 20; count += 1) judged(error, 'last');
    for (let host = 0; host < 199; host += 1) judged(error, `host ${host}`);
    assert.equal(judged(error, 'last').code, 'wire_trouble');
    assert.equal(judged(error, 'first').code, 'connection_lost');
  });
});

describe('the words of a refusal', () => {
  const told = (body: string, type = 'application/xml') => readRefusal(Buffer.from(body), type, []);

  it('have their entities read, by name and by number, and others left as they are', () => {
    const { code, told: words } = told(
      '<Error><Code>X</Code><Message>a &lt;b&gt; &#65;&#x42;&#x1F600; &what; &#9999999; &#x10FFFF;&#x110000; &quot;&apos;&nbsp;&AMP;</Message>',
    );
    assert.deepEqual([code, words], ['X', 'X: a <b> AB😀 &what; &#9999999; \u{10ffff}&#x110000; "\' &']);
  });

  it('may be JSON of any kind', () => {
    assert.deepEqual(told('"too large"', 'application/json'), { code: '', told: 'too large' });
    assert.deepEqual(told('{"error": "no"}', 'application/json'), { code: '', told: 'no' });
    assert.deepEqual(told('{"error": {"code": "C", "message": "m"}}', 'application/json'), { code: 'C', told: 'C: m' });
    assert.deepEqual(told('{"code": "D", "detail": "d"}', 'application/json'), { code: 'D', told: 'D: d' });
    assert.equal(told('[1]', 'application/json').code, '');
  });
});

describe('the headers of an answer', () => {
  it('ask to wait for a second at least, a day at most, and five seconds where nobody can read them', () => {
    const waits: readonly (readonly [header: string | null, waitMs: number])[] = [
      ['0', 1_000],
      ['0.5', 1_000],
      ['1', 1_000],
      ['1.5', 1_500],
      [' 7 ', 7_000],
      ['86400', 86_400_000],
      ['86401', 86_400_000],
      ['soon', 5_000],
      ['', 5_000],
      [null, 5_000],
      [new Date(9_000).toUTCString(), 7_000],
    ];
    for (const [header, waitMs] of waits) assert.equal(readRetryAfter(header, 2_000), waitMs, `${header}`);
  });

  it('name three codings at most, each one that can be undone, the last first', () => {
    assert.deepEqual(codingsOf(null), []);
    assert.deepEqual(codingsOf('identity, , Identity'), []);
    assert.deepEqual(codingsOf('gzip, X-GZIP,br'), ['br', 'gzip', 'gzip']);
    assert.equal(codingsOf('gzip,gzip,gzip,gzip'), null);
    assert.equal(codingsOf('gzip, zstd'), null);
    assert.equal(codingsOf('toString'), null);
  });
});

describe('a body in a coding', () => {
  const text = Buffer.from('{"some":"words"}');
  const codings: Readonly<Record<string, readonly [coded: Buffer, codings: Parameters<typeof decode>[1]]>> = {
    none: [text, []],
    gzip: [gzipSync(text), ['gzip']],
    deflate: [deflateSync(text), ['deflate']],
    'deflate without its head': [deflateRawSync(text), ['deflate']],
    br: [brotliCompressSync(text), ['br']],
    'two of them': [brotliCompressSync(gzipSync(text)), ['br', 'gzip']],
  };
  for (const [name, [coded, steps]] of Object.entries(codings)) {
    it(`is read: ${name}`, async () => {
      assert.deepEqual(await decode(coded, steps, 1_000), text);
      if (steps.length !== 1) return;
      assert.deepEqual(await decode(coded, steps, text.length), text);
      assert.equal(await decode(coded, steps, text.length - 1), 'too-long');
      assert.equal(await decode(coded.subarray(0, -5), steps, 1_000), null, 'cut off');
    });
  }

  it('is nothing where it is not what it says, and empty where nothing came', async () => {
    for (const coding of ['gzip', 'deflate', 'br'] as const) {
      assert.equal(await decode(Buffer.from('\xff\xffwords'), [coding], 1_000), null, coding);
      assert.deepEqual(await decode(Buffer.alloc(0), [coding], 1_000), Buffer.alloc(0), coding);
    }
  });
});

describe('a proxy that is asked for a tunnel', () => {
  async function asking(t: TestContext, more: Partial<ProxyServer>, behave: (socket: Socket, text: string) => void) {
    const told: Buffer[] = [];
    const { port } = await rawServer(t, (socket) => {
      socket.on('data', (text) => {
        told.push(text);
        behave(socket, String(text));
      });
    });
    const timers = handTimers();
    const { signal } = new AbortController();
    const options = { timeoutMs: 7_000, attemptTimeoutMs: 3_000, setTimer: timers.setTimer, signal };
    const proxy = { hostname: '127.0.0.1', port, isTls: false, authorization: null, ...more };
    const [error, socket] = await new Promise<[ProxyError | null, Socket | null]>((resolve) => {
      openTunnel(proxy, 'flora.example:443', options, (...result) => resolve(result));
    });
    if (socket !== null) t.after(() => socket.destroy());
    return { error, socket, told: String(Buffer.concat(told)), timers, port };
  }

  for (const [authorization, more] of [
    [null, ''],
    ['Basic eA==', 'proxy-authorization: Basic eA==\r\n'],
  ] as const) {
    it(`hears where to${authorization === null ? '' : ', from whom'}, and what it says behind its answer is not lost`, async (t) => {
      const delayed = t.mock.method(Socket.prototype, 'setNoDelay');
      for (const status of [200, 299]) {
        const answer = `HTTP/1.1 ${status} Fine\r\n\r\nhello`;
        const { error, socket, told, timers } = await asking(t, { authorization }, (it) => void it.write(answer));
        assert.equal(error, null);
        const [words] = (await once(socket ?? assert.fail('no socket'), 'data')) as [Buffer];
        assert.equal(String(words), 'hello');
        const head = 'CONNECT flora.example:443 HTTP/1.1\r\nhost: flora.example:443\r\n';
        assert.equal(told, `${head}connection: keep-alive\r\nproxy-connection: keep-alive\r\n${more}\r\n`);
        assert.deepEqual(
          timers.set.map(({ delayMs, isCancelled }) => [delayMs, isCancelled]),
          [[7_000, true]],
        );
        assert.deepEqual(delayed.mock.calls.at(-1)?.arguments, [true]);
        assert.equal(delayed.mock.calls.at(-1)?.this, socket);
        socket?.emit('error', new Error('later'));
      }
    });
  }

  it('by an address is named with its brackets', async (t) => {
    const { error } = await asking(t, { hostname: '::1', port: 9 }, () => {});
    assert.match(error?.message ?? '', /^the proxy \[::1\]:9 cannot be reached \(E\w+\)$/);
    assert.ok(error?.cause instanceof Error);
  });

  it('with TLS is called by its own name there, and by none where it is an address', async (t) => {
    for (const hostname of ['localhost', '127.0.0.1']) {
      const { error, told } = await asking(t, { hostname, isTls: true }, (socket) => void socket.destroy());
      assert.ok(error !== null && told.startsWith('\x16\x03'), told.slice(0, 20));
      assert.deepEqual([told.includes('localhost'), told.includes('flora')], [hostname === 'localhost', false]);
    }
  });
});
