import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { SyncError } from '../../../src/errors.ts';
import { FloraClient } from '../../../src/remote/client.ts';
import type { ProxySettings } from '../../../src/remote/pools.ts';
import { json, scriptedServer } from '../../support/scripted-server.ts';

const signal = new AbortController().signal;

/** A proxy that tunnels everything to one server on loopback, whatever host is asked for. */
async function tunnelTo(t: TestContext, origin: string): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer();
  server.on('connect', (request, client) => {
    asked.push(request.url ?? '');
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
  return { url: `http://127.0.0.1:${port}`, asked };
}

function open(t: TestContext, baseUrl: string, proxy: ProxySettings): FloraClient {
  const client = new FloraClient({
    baseUrl,
    apiKey: () => 'sk_live_0123456789',
    concurrency: 1,
    userAgent: 'test',
    nowMs: () => 0,
    token: () => 'token',
    setTimer: () => ({ cancel: () => {} }),
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
