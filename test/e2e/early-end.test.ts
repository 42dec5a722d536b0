import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { floraWithUploadsTo } from '../support/one-asset.ts';
import { noise } from '../support/pictures.ts';
import { ended } from '../support/process.ts';
import { until } from '../support/until.ts';
import { World } from '../support/world.ts';

const xml = '<Error><Code>EntityTooLarge</Code><Message>Your proposed upload exceeds the maximum</Message></Error>';
const page = '<html><title>Please log in</title></html>';
const answer = (status: string, headers: string, body: string) =>
  `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
const refusal = (headers = '') => answer('413 Content Too Large', headers, xml);

/** What an upload host does when it has seen the first bytes of a body, of which it reads no more. */
const endings: Record<string, (socket: Socket) => void> = {
  'refuses and keeps the connection': (socket) => void socket.write(refusal()),
  'refuses and closes the connection': (socket) => void socket.end(refusal('Connection: close\r\n')),
  'refuses and resets the connection': (socket) => void socket.write(refusal(), () => socket.resetAndDestroy()),
  'answers with a web page': (socket) => void socket.write(answer('200 OK', 'Content-Type: text/html\r\n', page)),
  redirects: (socket) => void socket.write(answer('307 Temporary Redirect', 'Location: /login\r\n', '')),
  'resets the connection': (socket) => void socket.resetAndDestroy(),
};

async function uploadHost(t: TestContext, end: (socket: Socket) => void) {
  const open = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    socket.once('data', () => {
      socket.pause();
      count += 1;
      end(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, uploads: () => count };
}

// Several pieces, so that some are still to be read.
const large = noise(1, 1_400);

describe('an upload host that ends before it has read the bytes', { concurrency: 3 }, () => {
  for (const [what, end] of Object.entries(endings)) {
    it(`and ${what} leaves nothing behind that keeps the process`, async (t) => {
      const world = new World(t);
      const host = await uploadHost(t, end);
      writeFileSync(join(world.drop, 'large.png'), large);
      const origin = await floraWithUploadsTo(t, host.origin);
      const daemon = world.start(['run'], { FLORA_BASE_URL: `${origin}/api/v1`, FLORA_SYNC_SETTLE: '50ms' });
      await until('it has ended one', () => host.uploads() > 0 || !daemon.isRunning());
      const hasMoved = () => daemon.logs().some(({ msg }) => msg.startsWith('reserved -> '));
      await until('the end is written down', () => hasMoved() || !daemon.isRunning());
      daemon.kill('SIGTERM');
      // A deadline that nobody waits for any more would hold it for a minute.
      const { code, stderr } = await ended(daemon, 10_000);
      assert.equal(code, 0, stderr);
      assert.ok(!stderr.includes('c0ffee00'), 'no signature is told');
    });
  }
});
