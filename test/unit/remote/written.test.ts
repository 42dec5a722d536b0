import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { tellingConnector, whenWritten } from '../../../src/remote/written.ts';
import { rawServer } from '../../support/raw-server.ts';
import { until } from '../../support/until.ts';

/** libuv's numbers, as a socket's handle returns them. */
const refused = { EPIPE: -32, ECONNRESET: -104 } as const;
const other = { ETIMEDOUT: -110 } as const;

/** A connection whose server has it, and reads what comes. */
async function connected(t: TestContext) {
  const got: Buffer[] = [];
  const server: Socket[] = [];
  const { port } = await rawServer(t, (socket) => {
    server.push(socket);
    socket.on('data', (chunk) => got.push(chunk));
  });
  const connect = tellingConnector({});
  const socket = await new Promise<Socket>((resolve, reject) => {
    const wanted = { hostname: '127.0.0.1', host: '127.0.0.1', protocol: 'http:', port: String(port) };
    connect(wanted, (error, opened) => (opened ? resolve(opened as Socket) : reject(error)));
  });
  const failed: unknown[] = [];
  socket.on('error', (error) => failed.push(error));
  t.after(() => socket.destroy());
  return { socket, failed, text: () => String(Buffer.concat(got)), server: () => server[0] };
}

/** Has the kernel refuse what is written from now on. */
function refuse(socket: Socket, code: number): void {
  const { _handle } = socket as unknown as { _handle: Record<string, () => number> };
  for (const call of ['writeBuffer', 'writev', 'writeUtf8String', 'writeLatin1String']) _handle[call] = () => code;
}

describe('a piece that is written', () => {
  it('is told once, when it is with the kernel, and by who waits for just this one', async (t) => {
    const { socket, text } = await connected(t);
    const piece = Buffer.from('one ');
    const told: string[] = [];
    whenWritten(piece, () => told.push('one'));
    whenWritten(Buffer.from('one '), () => told.push('its twin'));
    socket.write(piece);
    assert.deepEqual(told, [], 'not before');
    socket.write('two ');
    socket.write(Buffer.from('three'));
    await until('all is there', () => text() === 'one two three');
    assert.deepEqual(told, ['one']);
  });

  it('goes with a callback of its own, or an encoding, as ever', async (t) => {
    const { socket, text } = await connected(t);
    const piece = Buffer.from('piece');
    whenWritten(piece, () => assert.fail('it may be written again by who has asked to hear of it'));
    const heard: string[] = [];
    socket.write(piece, () => heard.push('first'));
    socket.write('YmFzZQ==', 'base64', () => heard.push('second'));
    await until('all is there', () => text() === 'piecebase' && heard.length === 2);
    assert.deepEqual(heard, ['first', 'second']);
  });

  it('says whether there is room for more', async (t) => {
    const { socket } = await connected(t);
    const [small, large] = [Buffer.alloc(1), Buffer.alloc(4 << 20)];
    for (const piece of [small, large]) whenWritten(piece, () => {});
    assert.deepEqual([socket.write(small), socket.write(large)], [true, false]);
  });

  it('is not written a second time', async (t) => {
    const { socket } = await connected(t);
    const piece = Buffer.from('x');
    whenWritten(piece, () => {});
    socket.write(piece);
    assert.throws(() => socket.write(piece), { message: 'A piece was written a second time' });
  });
});

describe('a write that is refused', () => {
  for (const [code, number] of Object.entries(refused)) {
    for (const isTogether of [false, true]) {
      it(`(${code}${isTogether ? ', of several pieces' : ''}) counts as under way until the connection is closed, so that what came is read`, async (t) => {
        const { socket, failed, server } = await connected(t);
        refuse(socket, number);
        let told = 0;
        const heard: unknown[] = [];
        const piece = Buffer.from('one');
        whenWritten(piece, () => {
          told += 1;
        });
        if (isTogether) socket.cork();
        socket.write(piece);
        socket.write('two', (error) => heard.push(error));
        if (isTogether) socket.uncork();
        socket.on('data', (chunk) => heard.push(String(chunk)));
        server()?.write('too large');
        await until('what came is read', () => heard.length === 1);
        assert.deepEqual([heard, told, failed, socket.destroyed], [['too large'], 0, [], false]);
        socket.destroy();
        await until('both have heard', () => told === 1 && heard.length === 2);
        assert.equal((heard[1] as NodeJS.ErrnoException).code === undefined, false);
      });
    }
  }

  it('in another way ends the connection at once', async (t) => {
    const { socket, failed } = await connected(t);
    refuse(socket, other.ETIMEDOUT);
    let told = 0;
    const piece = Buffer.from('one');
    whenWritten(piece, () => {
      told += 1;
    });
    socket.write(piece);
    await until('it is told', () => told === 1);
    await nextTurn();
    assert.deepEqual(
      failed.map((error) => (error as NodeJS.ErrnoException).code),
      ['ETIMEDOUT'],
    );
    assert.equal(socket.destroyed, true);
  });
});

describe('a connection that does not come about', () => {
  it('is told with its error, and no socket', async () => {
    const connect = tellingConnector({});
    const result = await new Promise<readonly unknown[]>((resolve) => {
      const wanted = { hostname: '127.0.0.1', host: '127.0.0.1', protocol: 'http:', port: '9' };
      connect(wanted, (...given) => resolve(given));
    });
    assert.equal((result[0] as NodeJS.ErrnoException).code, 'ECONNREFUSED');
    assert.ok(!result[1]);
  });
});
