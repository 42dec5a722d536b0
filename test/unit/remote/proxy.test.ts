import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { SyncError } from '../../../src/errors.ts';
import { FloraClient } from '../../../src/remote/client.ts';
import { Exchange, type SetTimer } from '../../../src/remote/exchange.ts';
import { openPools, type ProxySettings } from '../../../src/remote/pools.ts';
import { handTimers } from '../../support/hand-timers.ts';
import { answering, rawServer } from '../../support/raw-server.ts';
import { json, scriptedServer } from '../../support/scripted-server.ts';
import { until } from '../../support/until.ts';

const signal = new AbortController().signal;
const never: SetTimer = () => ({ cancel: () => {} });

/** A proxy that tunnels everything to one server on loopback, whatever host is asked for. */
async function tunnelTo(t: TestContext, origin: string): Promise<{ url: string; asked: string[]; told: string[] }> {
  const asked: string[] = [];
  const told: string[] = [];
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer();
  server.on('connect', (request, client) => {
    asked.push(request.url ?? '');
    told.push(request.headers['proxy-authorization'] ?? '');
    const upstream = connect(Number(new URL(origin).port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked, told };
}

function open(t: TestContext, baseUrl: string, proxy: ProxySettings, setTimer: SetTimer = never): FloraClient {
  const client = new FloraClient({
    baseUrl,
    apiKey: () => 'sk_live_0123456789',
    concurrency: 1,
    userAgent: 'test',
    nowMs: () => 0,
    token: () => 'token',
    setTimer,
    proxy,
  });
  t.after(() => client.close());
  return client;
}

describe('behind a proxy', () => {
  it('the API is reached through it', async (t) => {
    const { origin } = await scriptedServer(t, (_, response) =>
      json(response, 200, { workspaces: [{ workspace_id: 'ws_1' }] }),
    );
    const { url, asked } = await tunnelTo(t, origin);
    const client = open(t, 'http://flora.invalid/api/v1', {
      httpProxy: url,
      httpsProxy: undefined,
      noProxy: undefined,
    });
    assert.deepEqual((await client.workspaceIds(signal)).value, ['ws_1']);
    assert.deepEqual(asked, ['flora.invalid:80']);
  });

  it('hosts that are named in NO_PROXY are reached directly', async (t) => {
    const { origin } = await scriptedServer(t, (_, response) => json(response, 200, {}));
    const { url, asked } = await tunnelTo(t, origin);
    const proxy = { httpProxy: url, httpsProxy: undefined, noProxy: 'flora.invalid' };
    const client = open(t, 'http://flora.invalid/api/v1', proxy);
    await assert.rejects(
      client.workspaceIds(signal),
      (error) => error instanceof SyncError && error.code === 'unreachable',
    );
    assert.deepEqual(asked, []);
  });

  it('an API on this machine is never asked through it', async (t) => {
    const { origin } = await scriptedServer(t, (_, response) => json(response, 200, { workspaces: [] }));
    const { url, asked } = await tunnelTo(t, origin);
    const client = open(t, `${origin}/api/v1`, { httpProxy: url, httpsProxy: url, noProxy: undefined });
    assert.deepEqual((await client.workspaceIds(signal)).value, []);
    assert.deepEqual(asked, []);
  });
});

describe('what stands between', () => {
  it('a proxy that refuses is about the service, and says so', async (t) => {
    const server = createServer();
    server.on('connect', (_, client) => {
      client.on('error', () => client.destroy());
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const proxy = { httpProxy: `http://127.0.0.1:${port}`, httpsProxy: undefined, noProxy: undefined };
    const client = open(t, 'http://flora.invalid/api/v1', proxy);
    await assert.rejects(client.workspaceIds(signal), (error) => {
      assert.ok(error instanceof SyncError);
      assert.deepEqual([error.code, error.scope], ['unreachable', 'service']);
      return /proxy/.test(error.message);
    });
  });
});

async function failure(promise: Promise<unknown>): Promise<SyncError> {
  const error: unknown = await promise.then(
    () => assert.fail('it should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SyncError, String(error));
  return error;
}

const through = (text: string): ProxySettings => ({ httpProxy: text, httpsProxy: undefined, noProxy: undefined });
const upload = {
  target: { kind: 'put', url: 'https://uploads.example/put' },
  fileName: 'a',
  contentType: 'image/png',
} as const;

describe('a proxy that opens no tunnel', () => {
  const source = { sizeBytes: 1, chunks: () => assert.fail('nothing is read before there is a connection') };
  const hangUps: readonly (readonly [string, (socket: Socket) => void, RegExp])[] = [
    ['hangs up at once', (socket) => void socket.destroy(), /hangs up|cannot be reached/],
    ['hangs up when asked', (socket) => void socket.on('data', () => socket.end()), /hangs up/],
    ['resets the connection', (socket) => void socket.on('data', () => socket.resetAndDestroy()), /hangs up/],
    ['speaks something else', answering('SSH-2.0-x\r\n'), /not HTTP\/1\.1/],
    ['is cut in its answer', answering('HTTP/1.1 20'), /hangs up/],
    ['refuses', answering('HTTP/1.1 403 Forbidden\r\n\r\n'), /refuses to connect \(403\)/],
    ['wants credentials', answering('HTTP/1.1 407 No\r\nproxy-authenticate: Basic\r\n\r\n'), /\(407\)/],
    ['answers with a page', answering('HTTP/1.1 302 Found\r\nlocation: /login\r\ncontent-length: 2\r\n\r\nhi'), /302/],
  ];
  for (const [what, behave, told] of hangUps) {
    for (const protocol of ['http', 'https']) {
      it(`and ${what} is asked once a request, towards ${protocol}:, and named`, async (t) => {
        const { host, connections } = await rawServer(t, behave);
        const client = open(t, `${protocol}://flora.invalid/api/v1`, through(`http://user:s3cret@${host}`));
        const error = await failure(client.workspaceIds(signal));
        assert.deepEqual([error.code, error.scope, error.disposition], ['unreachable', 'service', 'retry']);
        assert.match(error.message, told);
        assert.ok(error.message.includes(`the proxy ${host}`) && !error.message.includes('s3cret'), error.message);
        assert.equal(connections(), 1);
      });
    }
  }

  it('keeps uploads and downloads back in the same way', async (t) => {
    const { host, connections } = await rawServer(t, (socket) => void socket.on('data', () => socket.destroy()));
    const client = open(t, 'https://flora.invalid/api/v1', through(`http://${host}`));
    const { code } = await failure(client.fetchDigest('https://cdn.example/a', 10, signal));
    const body = {
      ...source,
      chunks: async function* () {
        yield Buffer.from('a');
      },
    };
    const sent = await failure(client.upload({ ...upload, source: body, onSent: () => {} }, signal));
    assert.deepEqual([code, sent.code, connections()], ['unreachable', 'unreachable', 2]);
  });

  it('because it never answers is given up after the time for connecting', async (t) => {
    const timers = handTimers();
    const { host, connections } = await rawServer(t, (socket) => {
      socket.on('data', () => timers.set.find(({ delayMs }) => delayMs === 10_000)?.callback());
    });
    const client = open(t, 'https://flora.invalid/api/v1', through(host), timers.setTimer);
    const error = await failure(client.workspaceIds(signal));
    assert.equal(error.code, 'unreachable');
    assert.match(error.message, /did not answer in 10 s/);
    assert.equal(connections(), 1);
  });

  it('and never answers holds nobody up who closes the client', async (t) => {
    let ask: (socket: Socket) => void = () => {};
    const asked = new Promise<Socket>((resolve) => {
      ask = resolve;
    });
    const { host } = await rawServer(t, (socket) => void socket.on('data', () => ask(socket)));
    const client = open(t, 'https://flora.invalid/api/v1', through(host));
    const failed = failure(client.workspaceIds(signal));
    const socket = await asked;
    const gone = new Promise((resolve) => socket.once('close', resolve));
    await client.close();
    await gone;
    await failed;
  });

  it('because nobody listens there is told with its own address', async (t) => {
    const client = open(t, 'https://flora.invalid/api/v1', through('127.0.0.1:9'));
    const { code, message } = await failure(client.workspaceIds(signal));
    assert.equal(code, 'unreachable');
    assert.match(message, /the proxy 127\.0\.0\.1:9 cannot be reached \(ECONNREFUSED\)/);
  });
});

describe('a proxy as the environment names it', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  for (const [given, told] of [
    ['HOST', ''],
    ['  http://HOST/  ', ''],
    ['HTTP://HOST', ''],
    ['user:password@HOST', basic('user:password')],
    ['http://user@HOST', basic('user:')],
    ['http://user:@HOST', basic('user:')],
    ['http://:password@HOST', basic(':password')],
    ['http://us%40er:p%3Aw%25@HOST', basic('us@er:p:w%')],
    ['http://user:100%@HOST', basic('user:100%')],
    ['http://user:p%zz%4@HOST', basic('user:p%zz%4')],
    ['http://us@er:pass@HOST', basic('us@er:pass')],
    ['http://bj\u00f6rk:\u00fc@HOST', basic('bj\u00f6rk:\u00fc')],
  ] as const) {
    it(`${given.trim()} is one`, async (t) => {
      const { origin } = await scriptedServer(t, (_, response) => json(response, 200, { workspaces: [] }));
      const tunnel = await tunnelTo(t, origin);
      const client = open(t, 'http://flora.invalid/api/v1', through(given.replace('HOST', new URL(tunnel.url).host)));
      assert.deepEqual((await client.workspaceIds(signal)).value, []);
      assert.deepEqual([tunnel.asked, tunnel.told], [['flora.invalid:80'], [told]]);
    });
  }

  it('does not matter where no host has one', (t) => {
    assert.doesNotThrow(() =>
      open(t, 'https://flora.invalid/api', { ...through('socks5://proxy.example'), noProxy: '*' }),
    );
  });

  it('is not used where it cannot be, and its text is not repeated', (t) => {
    const make = () => open(t, 'https://flora.invalid/api', through('socks5://user:s3cret@proxy.example:1080'));
    assert.throws(make, (error) => {
      assert.ok(error instanceof SyncError && error.scope === 'config');
      return /SOCKS/.test(error.message) && !error.message.includes('s3cret');
    });
  });
});

describe('the way to a host', () => {
  const ask = (origin: string) => {
    const wanted = { origin, path: '/', method: 'GET', headers: {}, body: null, signal, setTimer: never } as const;
    return { ...wanted, wants: 'body', maxBodyBytes: 100 } as const;
  };

  /** The name by which each proxy was asked: `plain flora.invalid:80`; empty where none was. */
  async function way(
    t: TestContext,
    origin: string,
    settings: (plain: string, secure: string) => Partial<ProxySettings>,
  ) {
    const asked: string[] = [];
    const proxy = (name: string) =>
      rawServer(t, (socket) => {
        socket.on('data', (head) => {
          asked.push(`${name} ${/^CONNECT (\S+)/.exec(String(head))?.[1]}`);
          socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
        });
      });
    const [plain, secure] = await Promise.all([proxy('plain'), proxy('secure')]);
    const given = {
      httpProxy: undefined,
      httpsProxy: undefined,
      noProxy: undefined,
      ...settings(plain.host, secure.host),
    };
    const pools = openPools({ baseUrl: 'https://flora.invalid', proxy: given, setTimer: never });
    t.after(() => pools.close());
    // Refused by the proxy, or found nowhere without one.
    await assert.rejects(new Exchange(ask(origin)).send(pools.api), ({ cause = {} }: Error) =>
      /refuses to connect \(403\)|ENOTFOUND|EAI_AGAIN/.test(String(cause)),
    );
    return asked.join();
  }
  const both = (httpProxy: string, httpsProxy: string) => ({ httpProxy, httpsProxy });

  for (const [what, origin, settings, asked] of [
    ['for HTTP has the port 80', 'http://flora.invalid', both, 'plain flora.invalid:80'],
    ['for HTTPS has the port 443', 'https://flora.invalid', both, 'secure flora.invalid:443'],
    ['has the port that is named', 'https://flora.invalid:8443', both, 'secure flora.invalid:8443'],
    ['has the port that is named, also for HTTP', 'http://flora.invalid:443', both, 'plain flora.invalid:443'],
    ['to an address has its brackets', 'https://[2001:db8::1]', both, 'secure [2001:db8::1]:443'],
    [
      'for HTTPS is that for HTTP where it has none',
      'https://flora.invalid',
      (httpProxy: string) => ({ httpProxy, httpsProxy: ' ' }),
      'plain flora.invalid:443',
    ],
    [
      'for HTTP is direct where only HTTPS has a proxy',
      'http://flora.invalid',
      (_: string, httpsProxy: string) => ({ httpsProxy, httpProxy: '' }),
      '',
    ],
    [
      'is direct where its port is excepted',
      'https://flora.invalid',
      (...of: [string, string]) => ({ ...both(...of), noProxy: 'flora.invalid:443' }),
      '',
    ],
    [
      'is not direct where another port is',
      'http://flora.invalid',
      (...of: [string, string]) => ({ ...both(...of), noProxy: 'flora.invalid:443' }),
      'plain flora.invalid:80',
    ],
    [
      'is direct where all are excepted',
      'https://flora.invalid',
      (...of: [string, string]) => ({ ...both(...of), noProxy: '*' }),
      '',
    ],
  ] as const) {
    it(what, async (t) => assert.equal(await way(t, origin, settings), asked));
  }

  it('has a connection for each request, two more than go on at once, and any number where that is not known', async (t) => {
    for (const [concurrency, most] of [
      [1, 3],
      [2, 4],
      [undefined, 6],
    ] as const) {
      let asked = 0;
      const { host, connections } = await rawServer(t, (socket) => {
        socket.on('data', (text) => {
          asked += String(text).split('GET ').length - 1;
        });
      });
      const pools = openPools({ baseUrl: 'http://127.0.0.1', setTimer: never, ...(concurrency && { concurrency }) });
      const all = Array.from({ length: 6 }, () => new Exchange(ask(`http://${host}`)).send(pools.api));
      const failed = Promise.allSettled(all);
      await until('they are asked', () => asked >= most);
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual([connections(), asked], [most, most]);
      await pools.close();
      assert.ok((await failed).every(({ status }) => status === 'rejected'));
    }
  });

  it('with a proxy of no use is refused with what to do', () => {
    const proxy = through('socks5://proxy.example');
    assert.throws(
      () => openPools({ baseUrl: 'https://flora.invalid', proxy, setTimer: never }),
      (error) => {
        assert.ok(error instanceof SyncError);
        assert.match(error.message, /^The proxy that the environment names \S/);
        assert.ok(error.hint !== undefined && error.hint !== '');
        return error.code === 'config' && error.op === 'connect';
      },
    );
  });
});
