import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writePictures } from '../support/pictures.ts';
import { type Cleanup, ended, logged } from '../support/process.ts';
import { findProgram } from '../support/programs.ts';
import { rawServer } from '../support/raw-server.ts';
import { World, worldWithFlora } from '../support/world.ts';

const openssl = findProgram('openssl');

function certificate(directory: string, name: string) {
  assert.ok(openssl !== undefined);
  const [key, cert] = [join(directory, `${name}.key`), join(directory, `${name}.cert`)];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', `/CN=${name}`];
  const args = ['req', '-x509', ...kind, '-addext', `subjectAltName=DNS:${name}`, '-keyout', key, '-out', cert];
  execFileSync(openssl, args, { stdio: 'ignore' });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

async function listening(t: Cleanup, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  t.after(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe('a proxy', () => {
  for (const kind of ['http', 'https'] as const) {
    it(`that speaks ${kind}: and wants credentials carries TLS to FLORA`, {
      skip: openssl === undefined,
    }, async (t) => {
      const world = new World(t);
      const [ofFlora, ofProxy] = [certificate(world.base, 'flora.invalid'), certificate(world.base, 'localhost')];
      const trusted = join(world.base, 'trusted.pem');
      writeFileSync(trusted, Buffer.concat([ofFlora.cert, ofProxy.cert]));
      const flora = createTlsServer(ofFlora, (request, response) => {
        const isList = request.url?.startsWith('/api/v1/assets') === true;
        const asset = {
          asset_id: 'asset_1',
          status: 'ready',
          name: 'a.png',
          url: 'https://cdn.invalid/a',
          size_bytes: 1,
        };
        const body = isList
          ? { assets: [asset], meta: { next_cursor: null } }
          : { workspaces: [{ workspace_id: 'ws_e2e' }] };
        response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
      });
      const floraPort = await listening(t, flora);
      const asked: unknown[] = [];
      const proxy = kind === 'https' ? createTlsServer(ofProxy) : createServer();
      proxy.on('connect', (request, client) => {
        asked.push([request.url, request.headers['proxy-authorization']]);
        const upstream = connect(floraPort, 'localhost', () => {
          client.write('HTTP/1.1 200 OK\r\n\r\n');
          upstream.pipe(client).pipe(upstream);
        });
        for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
      });
      const proxyPort = await listening(t, proxy);
      const scheme = kind === 'https' ? 'https://' : '';
      const { code, stdout, stderr } = await world.run(['ls', '--remote'], {
        FLORA_BASE_URL: 'https://flora.invalid/api/v1',
        HTTPS_PROXY: `${scheme}me:p%40ss@localhost:${proxyPort}`,
        NODE_EXTRA_CA_CERTS: trusted,
      });
      assert.equal(code, 0, stderr);
      assert.match(stdout, /asset_1/);
      assert.ok(asked.length > 0);
      const told = ['flora.invalid:443', `Basic ${Buffer.from('me:p@ss').toString('base64')}`];
      for (const each of asked) assert.deepEqual(each, told);
    });
  }
});

describe('a proxy that hangs up', () => {
  it('is asked at the pace of an outage, and named; one that cannot be used ends it with 78', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 6);
    const proxy = await rawServer(t, (socket) => void socket.on('data', () => socket.destroy()));
    const env = { FLORA_BASE_URL: 'https://flora.invalid/api/v1', HTTPS_PROXY: proxy.host };
    const daemon = world.start(['run'], env);
    await logged(daemon, 'the trouble', ({ code }) => code === 'unreachable');
    const status = await world.run(['status']);
    assert.ok(status.stdout.includes(`the proxy ${proxy.host} hangs up`), status.stdout);
    // While two more commands start and end, a loop would have asked for hundreds.
    assert.equal((await world.run(['ls'])).code, 0);
    assert.ok(proxy.connections() < 40, `${proxy.connections()} times`);
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);
    const { code, stderr } = await world.run(['sync'], { ...env, HTTPS_PROXY: 'socks5://u:s3cret@127.0.0.1:1' });
    assert.equal(code, 78, stderr);
    assert.match(stderr, /HTTPS_PROXY: names a SOCKS proxy/);
    assert.ok(!stderr.includes('s3cret'));
  });
});
