import '../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { Agent } from 'undici';
import { readQueue, takenBytes, unconfirmedBytes, whenSending } from '../../../src/remote/socket-queue.ts';
import { failing, standIn } from '../../support/fs-calls.ts';
import { findProgram } from '../../support/programs.ts';
import { selfSigned } from '../../support/self-signed.ts';
import { until, untilAsync } from '../../support/until.ts';

const openssl = findProgram('openssl');
const sizeBytes = 12_000_000;

/** A server that reads nothing until it is told to, and counts what it gets then. */
async function holding(t: TestContext, server: Server, event: 'connection' | 'secureConnection') {
  const held: { socket: Socket | null; readBytes: number } = { socket: null, readBytes: 0 };
  server.on(event, (socket: Socket) => {
    held.socket = socket.pause().on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    held.socket?.destroy();
    server.close();
  });
  const letGo = () => {
    held.socket?.on('data', (chunk: Buffer) => {
      held.readBytes += chunk.length;
    });
    held.socket?.resume();
  };
  return { held, letGo, port: (server.address() as AddressInfo).port };
}

async function holdsBytes(socket: Socket, held: { readonly readBytes: number }, letGo: () => void) {
  const before = takenBytes(socket);
  socket.write(Buffer.alloc(sizeBytes));
  await until('the kernel takes no more', () => takenBytes(socket) > before);
  const queued = await unconfirmedBytes(socket);
  const taken = takenBytes(socket) - before;
  assert.ok(taken < sizeBytes, `${taken} were taken`);
  if (process.platform === 'linux') {
    assert.ok(queued !== null && queued > 0 && queued <= taken, `${queued} of ${taken} are not confirmed`);
  }
  letGo();
  await until('the server has read all', () => held.readBytes === sizeBytes);
  assert.ok(takenBytes(socket) - before >= sizeBytes);
  if (process.platform !== 'linux') return;
  // Confirmed a moment later than it is read, perhaps.
  await untilAsync('all is confirmed', async () => (await unconfirmedBytes(socket)) === 0);
}

describe('the bytes of a socket that are still here', () => {
  it('are those that the kernel has not taken, and those that it has and the other end has not confirmed', async (t) => {
    const { held, letGo, port } = await holding(t, createServer(), 'connection');
    const socket = connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    await holdsBytes(socket, held, letGo);
  });

  it('are seen below the encryption', { skip: openssl === undefined }, async (t) => {
    const { held, letGo, port } = await holding(t, createTlsServer(selfSigned(t)), 'secureConnection');
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    t.after(() => socket.destroy());
    await once(socket, 'secureConnect');
    await holdsBytes(socket, held, letGo);
  });

  it('of one that is closed are not known, and none count as taken that were not written', async (t) => {
    const { port } = await holding(t, createServer(), 'connection');
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
    await once(socket, 'close');
    assert.deepEqual([await unconfirmedBytes(socket), takenBytes(socket)], [null, 0]);
  });

  it('are what libuv says, of an encrypted connection what it says below, else what Node says', () => {
    const taken = (handle: unknown) =>
      takenBytes({ _handle: handle, bytesWritten: 100, writableLength: 1 } as unknown as Socket);
    const counts = { bytesWritten: 10, writeQueueSize: 3 };
    assert.equal(taken(counts), 7);
    assert.equal(taken({ bytesWritten: 50, writeQueueSize: 0, _parent: counts }), 7);
    for (const handle of [null, undefined, {}, { bytesWritten: 10 }, { writeQueueSize: 3 }])
      assert.equal(taken(handle), 99, JSON.stringify(handle));
  });

  it('are looked up where the connections of its family are listed, and not known where nobody lists them', async (t) => {
    const row = '   2: 0A: 0100007F:D2F0 0100007F:0050 01 0000000A:00000000';
    const asked: unknown[] = [];
    const end = standIn(t, 'readFile (promise)', (args) => {
      asked.push(...args);
      return Promise.resolve(row);
    });
    const socket = { localPort: 0xd2f0, remotePort: 80, remoteFamily: 'IPv4' } as Socket;
    const queued = (patch: object = {}) => unconfirmedBytes({ ...socket, ...patch } as Socket);
    assert.deepEqual([await queued(), await queued({ remoteFamily: 'IPv6' })], [10, 10]);
    assert.deepEqual(asked, ['/proc/net/tcp', 'latin1', '/proc/net/tcp6', 'latin1']);
    assert.deepEqual([await queued({ localPort: undefined }), await queued({ remotePort: undefined })], [null, null]);
    assert.equal(asked.length, 4, 'without its ports nothing can be found');
    end();
    failing(t, 'readFile (promise)', 'ENOENT');
    assert.equal(await queued(), null);
  });

  it('are read from the one row with both ports, and from no other', () => {
    // Written down from a machine: header, a listener, the connection's two ends, and another port's.
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 17 1 0 100 0 0 10 0',
      '   1: 0100007F:0050 0100007F:D2F0 01 00000000:0002FA3C 00:00000000 00000000     0        0 18 1 0 20 4 30 10 -1',
      '   2: 0100007F:D2F0 0100007F:0050 01 0038D286:00000000 04:00000014 00000000     0        0 19 3 0 20 4 30 10 -1',
      '   3: 0100007F:D2F1 0100007F:0050 01 00000007:00000000 00:00000000 00000000     0        0 20 1 0 20 4 30 10 -1',
    ].join('\n');
    assert.equal(readQueue(table, 0xd2f0, 80), 0x38d286);
    assert.equal(readQueue(table, 80, 0xd2f0), 0);
    assert.equal(readQueue(table, 80, 0xd2f2), null);
    // The same two ports towards two hosts: which is ours is not known.
    const other = '   4: 0100007F:D2F0 0200007F:0050 01 00000001:00000000 00:00000000 00000000     0        0 21 1 0';
    assert.equal(readQueue(`${table}\n${other}`, 0xd2f0, 80), null);
  });
});

describe('a request’s socket', () => {
  it('is told when its body goes out, and not when another one does', async (t) => {
    const { letGo, held, port } = await holding(t, createServer(), 'connection');
    const dispatcher = new Agent({ connections: 1, pipelining: 1 });
    t.after(() => dispatcher.destroy());
    const told: Socket[] = [];
    const body = Buffer.from('the body');
    whenSending(Buffer.from('the body'), () => assert.fail('another body'));
    whenSending(body, (socket) => told.push(socket));
    const answer = dispatcher.request({ origin: `http://127.0.0.1:${port}`, path: '/', method: 'PUT', body });
    await until('it is sent', () => told.length === 1 && held.socket !== null);
    assert.equal(told[0]?.localPort, held.socket?.remotePort);
    letGo();
    await until('all is read', () => held.readBytes > body.length);
    held.socket?.write('HTTP/1.1 204 No Content\r\n\r\n');
    assert.equal((await answer).statusCode, 204);
    const again = dispatcher.request({ origin: `http://127.0.0.1:${port}`, path: '/', method: 'PUT', body });
    const before = held.readBytes;
    await until('it is sent again', () => held.readBytes > before);
    held.socket?.write('HTTP/1.1 204 No Content\r\n\r\n');
    assert.equal((await again).statusCode, 204);
    assert.equal(told.length, 1, 'it is told once');
  });
});
