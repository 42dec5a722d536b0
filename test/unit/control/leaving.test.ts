import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { askStatus, commandDaemon } from '../../../src/control/client.ts';
import { socketPath } from '../../../src/control/protocol.ts';
import { type Command, startControlServer } from '../../../src/control/server.ts';
import { SyncError } from '../../../src/errors.ts';
import { reconcileAsked } from '../../../src/operations/reconcile.ts';
import { until } from '../../support/until.ts';

const status = { pid: 1, state: 'watching', since: 0, inflight: [], trouble: null, pace: null, folders: {} };

function temporary(t: TestContext): string {
  const stateDir = mkdtempSync(join(tmpdir(), 'fs-leave-'));
  t.after(() => rmSync(stateDir, { recursive: true }));
  return stateDir;
}

async function serve(t: TestContext, commands: Readonly<Record<string, Command>>) {
  const stateDir = temporary(t);
  const stopping = new AbortController();
  const errors: unknown[] = [];
  const server = await startControlServer(stateDir, {
    status: () => status,
    commands,
    signal: stopping.signal,
    onError: (error) => void errors.push(error),
    onTrouble: (error) => void errors.push(error),
  });
  t.after(async () => {
    stopping.abort();
    await server.close();
  });
  return { stateDir, stopping, errors, server };
}

/** The socket as bytes: no client library between. */
async function dial(t: TestContext, stateDir: string): Promise<Socket> {
  const socket = connect(socketPath(stateDir));
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  // Whatever the other side does to a connection that is broken off.
  socket.on('error', () => {});
  return socket;
}

function head(path: string, body: string, lengthBytes = body.length): string {
  return `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${lengthBytes}\r\n\r\n${body}`;
}

/** The reason that `fetch`, undici and every wait of Node's rejects with: its `code` is a number. */
function broken(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

describe('a command whose asking side goes away', () => {
  for (const [place, remoteHangs, runHangs] of [
    ['while FLORA is asked whether it is there', true, false],
    ['while the listing is walked', false, true],
  ] as const) {
    it(`ends ${place}, and the daemon lives`, async (t) => {
      let isHung = false;
      const ended: string[] = [];
      const hang = (signal: AbortSignal) => {
        isHung = true;
        return broken(signal);
      };
      const { stateDir, errors } = await serve(t, {
        '/reconcile': async (_, tell, signal) => {
          const remote = { workspaceIds: async (cut: AbortSignal) => (remoteHangs ? await hang(cut) : []) };
          const gate = { trouble: null, listeners: new Set(), hurry: () => {} };
          const run = async (_options: object, cut: AbortSignal) => {
            if (runHangs) await hang(cut);
            ended.push('ran');
            return {};
          };
          const deps = { remote, gate, pathOf: () => null, run } as unknown as Parameters<typeof reconcileAsked>[0];
          return await reconcileAsked(deps, {}, tell, signal).finally(() => ended.push('ended'));
        },
      });
      const socket = await dial(t, stateDir);
      socket.write(head('/reconcile', '{}'));
      await until('the command waits', () => isHung);
      socket.destroy();
      await until('the command ends', () => ended.includes('ended'));
      assert.deepEqual(ended, ['ended'], 'nothing was begun any more');
      assert.deepEqual(await askStatus(stateDir), status);
      assert.deepEqual(errors, []);
    });
  }

  it('is still a bug when what it met is one', async (t) => {
    let isBegun = false;
    const { stateDir, errors } = await serve(t, {
      '/bug': async (_, __, signal) => {
        isBegun = true;
        await broken(signal).catch(() => {});
        throw new TypeError('a slip of ours');
      },
    });
    const socket = await dial(t, stateDir);
    socket.write(head('/bug', '{}'));
    await until('the command has begun', () => isBegun);
    socket.destroy();
    await until('it was told', () => errors.length > 0);
    assert.match(String(errors), /a slip of ours/);
  });

  it('ends too where it stands behind another one on the same connection', async (t) => {
    const begun: string[] = [];
    const ended: string[] = [];
    const wait: Command = async ({ name }, __, signal) => {
      begun.push(String(name));
      await broken(signal).catch(() => {});
      ended.push(String(name));
      return {};
    };
    const { stateDir, errors } = await serve(t, { '/wait': wait });
    const socket = await dial(t, stateDir);
    socket.write(head('/wait', '{"name":"first"}') + head('/wait', '{"name":"second"}'));
    await until('both have begun', () => begun.length === 2);
    socket.destroy();
    await until('both have ended', () => ended.length === 2);
    assert.deepEqual(errors, []);
  });
});

describe('a command that is asked while the daemon drains', () => {
  it('is not begun, and the asking side is told; status is answered', async (t) => {
    let isBegun = false;
    const { stateDir, stopping, errors } = await serve(t, {
      '/do': async () => {
        isBegun = true;
        return { done: true };
      },
    });
    stopping.abort();
    const { signal } = new AbortController();
    const asked = commandDaemon(stateDir, { path: '/do', fields: {}, onItem: async () => {}, signal });
    await assert.rejects(asked, (error: unknown) => {
      assert.ok(error instanceof SyncError);
      assert.equal(error.code, 'daemon_stopped');
      assert.match(error.message, /^The daemon stopped before/);
      return true;
    });
    assert.equal(isBegun, false);
    assert.deepEqual(await askStatus(stateDir), status);
    assert.deepEqual(errors, []);
  });

  it('ends with it when it was asked just before: the daemon does not wait for its body', async (t) => {
    let isBegun = false;
    const { stateDir, stopping, errors, server } = await serve(t, {
      '/do': async () => {
        isBegun = true;
        return {};
      },
    });
    const socket = await dial(t, stateDir);
    const closed = once(socket, 'close');
    socket.write(head('/do', '{', 10));
    // Answered only after the first was read: then that one is under way.
    await askStatus(stateDir);
    stopping.abort();
    await server.close();
    await closed;
    assert.equal(isBegun, false);
    assert.deepEqual(errors, []);
  });
});

describe('whatever is written to the control socket', () => {
  const pieces: readonly [string, string][] = [
    ['nothing', ''],
    ['another protocol', 'SSH-2.0-x\r\n'],
    ['half a head', 'POST /do HTTP/1.1\r\nhost'],
    ['a head without a body', head('/do', '', 100)],
    ['half a body', head('/do', '{"a":', 100)],
    ['a body that is too long', head('/do', 'x'.repeat(5 << 20))],
    ['half of a body that is too long', head('/do', 'x'.repeat(5 << 20), 9 << 20)],
    ['a length that is none', 'POST /do HTTP/1.1\r\nhost: x\r\ncontent-length: many\r\n\r\n'],
    ['two lengths', 'POST /do HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}'],
    ['a chunk that is none', 'POST /do HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
    ['an upgrade', 'GET /do HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n'],
    ['CONNECT', 'CONNECT do:1 HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['an unknown path', head('/never', '{}')],
    ['a path that is none', 'POST * HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}'],
    ['status, with a body', 'GET /status HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{}'],
    ['a hundred requests at once', head('/do', '{}').repeat(100)],
    ['zeros', '\0'.repeat(100_000)],
  ];

  for (const [what, bytes] of pieces) {
    it(`${what}, and then leaves at once, after a while, or half: the daemon answers others`, async (t) => {
      const { stateDir, errors } = await serve(t, { '/do': async (fields) => fields });
      const leave = [(socket: Socket) => void socket.destroy(), (socket: Socket) => void socket.end()];
      for (const go of leave) {
        const early = await dial(t, stateDir);
        early.write(bytes);
        go(early);
        const late = await dial(t, stateDir);
        late.write(bytes);
        // The daemon has had its turn at it.
        assert.deepEqual(await askStatus(stateDir), status);
        go(late);
        assert.deepEqual(await askStatus(stateDir), status);
      }
      assert.deepEqual(errors, []);
    });
  }

  it('holds nobody up, however slowly it comes or is read', async (t) => {
    const { stateDir, stopping, errors, server } = await serve(t, {
      '/flood': async (_, tell) => {
        for (;;) await tell({ long: 'x'.repeat(100_000) });
      },
    });
    const slow = await dial(t, stateDir);
    for (const char of head('/flood', '{}').slice(0, -1)) {
      slow.write(char);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const asleep = await dial(t, stateDir);
    asleep.pause();
    asleep.write(head('/flood', '{}'));
    assert.deepEqual(await askStatus(stateDir), status);
    stopping.abort();
    await server.close();
    assert.deepEqual(errors, []);
  });
});

describe('what is no flora-sync behind the control socket', () => {
  /** Takes every connection, and does with it what it is given. */
  async function stranger(t: TestContext, serveOne: (socket: Socket) => void): Promise<string> {
    const stateDir = temporary(t);
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => {}));
      serveOne(socket);
    });
    server.listen(socketPath(stateDir));
    await once(server, 'listening');
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return stateDir;
  }

  const json = (body: string) =>
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const answers: readonly [string, string][] = [
    ['another protocol', 'SSH-2.0-x\r\n'],
    ['bytes', '\x15\x03\x01\x00\x02\x02\x28'],
    ['half a head', 'HTTP/1.1 200 OK\r\ncont'],
    ['a bad chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
    ['a body that is no JSON', json('hello\n')],
    ['a line that is a number', json('7\n')],
    ['a line that is null', json('null\n')],
    ['an error without a message', json('{"error":7}\n')],
    ['half a body', json('{"result": {}}').slice(0, -3)],
    ['nothing', ''],
  ];
  for (const [what, bytes] of answers) {
    it(`${what}: is told in one sentence, and status does without`, async (t) => {
      const stateDir = await stranger(t, (socket) => void socket.end(bytes));
      const { signal } = new AbortController();
      const asked = commandDaemon(stateDir, { path: '/do', fields: {}, onItem: async () => {}, signal });
      await assert.rejects(asked, (error: unknown) => {
        assert.ok(error instanceof SyncError, String(error));
        assert.match(error.code, /^daemon_(stopped|unclear)$/);
        return true;
      });
      const seen = await askStatus(stateDir);
      assert.ok(seen === undefined || typeof seen === 'object');
    });
  }
});
