import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import dns from 'node:dns';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { SyncError } from '../../../src/errors.ts';
import { FloraClient } from '../../../src/remote/client.ts';
import { openTunnel } from '../../../src/remote/tunnel.ts';
import { answering, rawServer } from '../../support/raw-server.ts';

const signal = new AbortController().signal;

function open(t: TestContext, baseUrl: string): FloraClient {
  const client = new FloraClient({
    baseUrl,
    apiKey: () => 'sk_live_0123456789',
    concurrency: 1,
    userAgent: 'test',
    nowMs: () => 0,
    token: () => 'boundary',
    setTimer: () => ({ cancel: () => {} }),
  });
  t.after(() => client.close());
  return client;
}

/** Has every name stand for these addresses; resolves when one was asked for. */
function resolving(t: TestContext, ...addresses: readonly dns.LookupAddress[]): Promise<void> {
  return new Promise((asked) => {
    const lookup = (_: string, __: object, callback: (error: null, all: readonly dns.LookupAddress[]) => void) => {
      setImmediate(() => {
        callback(null, addresses);
        asked();
      });
    };
    t.mock.method(dns, 'lookup', lookup);
  });
}

const v4 = { address: '127.0.0.1', family: 4 };
const v6 = { address: '::1', family: 6 };

/** Answers with no workspaces; a process of its own, so that it can be held up. */
const server = `
  const answer = 'HTTP/1.1 200 OK\\r\\ncontent-length: 17\\r\\n\\r\\n{"workspaces":[]}';
  const server = require('node:net').createServer((socket) => {
    socket.on('error', () => {}).on('data', () => socket.write(answer));
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));
`;

describe('a name with several addresses', () => {
  it('is reached although the first takes long to connect and the other one is not there', async (t) => {
    if (process.platform !== 'linux') return t.skip('a queue of connections that is full behaves otherwise here');
    const child = spawn(process.execPath, ['-e', server], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => void child.kill('SIGKILL'));
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const port = Number(line.toString());
    child.kill('SIGSTOP');
    // Linux drops what comes when its queue is full: the client's next try is a second later.
    const fillers = Array.from({ length: 4 }, (): Socket => connect(port, '127.0.0.1').on('error', () => {}));
    t.after(() => {
      for (const socket of fillers) socket.destroy();
    });
    await Promise.all(fillers.slice(0, 2).map((socket) => once(socket, 'connect')));
    const asked = resolving(t, v4, v6);
    const answer = open(t, `http://flora.invalid:${port}/api/v1`).workspaceIds(signal);
    await asked;
    child.kill('SIGCONT');
    assert.deepEqual((await answer).value, []);
  });

  it('is reached at the second where nobody listens at the first, and so is a proxy', async (t) => {
    const { host, port } = await rawServer(
      t,
      answering('HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n{"workspaces":[]}'),
    );
    void resolving(t, v6, v4);
    const client = open(t, `http://flora.invalid:${port}/api/v1`);
    assert.deepEqual((await client.workspaceIds(signal)).value, []);
    const proxy = { hostname: 'proxy.invalid', port, isTls: false, authorization: null };
    const options = { timeoutMs: 1, attemptTimeoutMs: 3_000, setTimer: () => ({ cancel: () => {} }), signal };
    const [error, socket] = await new Promise<readonly [Error | null, Socket | null]>((resolve) => {
      openTunnel(proxy, 'flora.example:443', options, (...opened) => resolve(opened));
    });
    assert.equal(error, null);
    assert.equal(`${socket?.remoteAddress}:${socket?.remotePort}`, host);
    socket?.destroy();
  });

  it('is named with each of them where none can be reached', async (t) => {
    void resolving(t, v4, v6);
    const client = open(t, 'http://flora.invalid:9/api/v1');
    await assert.rejects(client.workspaceIds(signal), (error) => {
      assert.ok(error instanceof SyncError && error.code === 'unreachable');
      return /\(ECONNREFUSED 127\.0\.0\.1:9; E[A-Z]+ \[::1\]:9\)/.test(error.message);
    });
  });
});

describe('a host that accepts and says nothing', () => {
  for (const protocol of ['http', 'https']) {
    it(`holds nobody up who closes the client, over ${protocol}:`, async (t) => {
      let isAsked: (socket: Socket) => void = () => {};
      const asked = new Promise<Socket>((resolve) => {
        isAsked = resolve;
      });
      const { host } = await rawServer(t, (socket) => void socket.once('data', () => isAsked(socket)));
      const client = open(t, `${protocol}://${host}/api/v1`);
      const failed = assert.rejects(client.workspaceIds(signal), SyncError);
      const socket = await asked;
      const gone = once(socket, 'close');
      await client.close();
      await Promise.all([gone, failed]);
    });
  }
});
