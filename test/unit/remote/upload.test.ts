import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { Agent } from 'undici';
import { SyncError } from '../../../src/errors.ts';
import { sendUpload } from '../../../src/remote/upload.ts';
import type { UploadSource } from '../../../src/remote/upload-body.ts';
import { tellingConnector } from '../../../src/remote/written.ts';
import { settled } from '../../support/hand-clock.ts';
import { handTimers } from '../../support/hand-timers.ts';
import { type SeenRequest, scriptedServer } from '../../support/scripted-server.ts';
import { until } from '../../support/until.ts';

const mebibyte = 1 << 20;
const changed = new SyncError('changed', { code: 'source_changed', scope: 'file', disposition: 'retry', op: 'read' });

async function open(t: TestContext, answer: (request: SeenRequest, response: ServerResponse) => void) {
  const server = await scriptedServer(t, answer);
  const { dispatcher, send } = uploader(t, server.origin);
  return { ...server, dispatcher, send };
}

function uploader(t: TestContext, origin: string) {
  // As the client has it: sockets that tell when a piece was written.
  const dispatcher = new Agent({ connections: 1, pipelining: 1, connect: tellingConnector({}) });
  t.after(() => dispatcher.destroy());
  const timers = handTimers();
  const clock = { ms: 0 };
  const send = (source: UploadSource, kind: 'form' | 'put' = 'put', signal = new AbortController().signal) => {
    const target =
      kind === 'put'
        ? ({ kind, url: `${origin}/put?signature=1` } as const)
        : ({ kind, url: `${origin}/form`, fileField: 'file', formFields: { key: 'ключ' } } as const);
    const wanted = { url: new URL(target.url), target, fileName: 'ä.png', contentType: 'image/png', source, signal };
    const deps = {
      dispatcher,
      nowMs: () => 0,
      token: () => 'token',
      setTimer: timers.setTimer,
      monotonicMs: () => clock.ms,
    };
    return sendUpload(deps, { ...wanted, onSent: () => {} });
  };
  return { dispatcher, timers, clock, send };
}

/** Gives all bytes at once. */
function atOnce(bytes: Buffer): UploadSource {
  return {
    sizeBytes: bytes.length,
    readInto(target) {
      assert.ok(target.length > bytes.length, 'there is room to look for more');
      target.fill(0xff);
      target.set(bytes);
      return true;
    },
    chunks: () => assert.fail('not asked for'),
  };
}

function inChunks(...chunks: readonly Buffer[]): UploadSource {
  return {
    sizeBytes: chunks.reduce((sum, { length }) => sum + length, 0),
    readInto: () => false,
    async *chunks() {
      yield* chunks;
    },
  };
}

describe('the body of an upload', () => {
  const bytes = Buffer.from('some bytes');
  const sources: Record<string, () => UploadSource> = {
    'read at once': () => atOnce(bytes),
    'read in chunks': () => inChunks(bytes.subarray(0, 3), bytes.subarray(3)),
  };
  for (const [how, source] of Object.entries(sources)) {
    it(`has exactly the file's bytes in their frame, ${how}`, async (t) => {
      const { seen, send } = await open(t, (_, response) => response.writeHead(204).end());
      await send(source(), 'put');
      await send(source(), 'form');
      const [put, form] = seen;
      assert.deepEqual([put?.method, put?.url, put?.headers['content-length']], ['PUT', '/put?signature=1', '10']);
      assert.deepEqual(put?.body, bytes);
      assert.equal(Number(form?.headers['content-length']), form?.body.length);
      const headers = { 'content-type': String(form?.headers['content-type']) };
      const parsed = await new Response(new Uint8Array(form?.body ?? []), { headers }).formData();
      const file = parsed.get('file');
      assert.ok(file instanceof File);
      assert.deepEqual([parsed.get('key'), file.name, await file.text()], ['ключ', 'ä.png', 'some bytes']);
    });
  }

  it('of an empty file is empty', async (t) => {
    const { seen, send } = await open(t, (_, response) => response.writeHead(204).end());
    await send(atOnce(Buffer.alloc(0)));
    assert.deepEqual([seen[0]?.body.length, seen[0]?.headers['content-length']], [0, '0']);
  });

  it('of an empty file is watched, although nothing of it can be seen', async (t) => {
    const { origin, seen } = await scriptedServer(t, () => {});
    const { send, timers, clock } = uploader(t, origin);
    const failed = send(atOnce(Buffer.alloc(0))).catch((error: unknown) => error);
    await until('it is asked', () => seen.length === 1);
    const watching = () => timers.set.filter(({ isCancelled, hasRun }) => !isCancelled && !hasRun);
    for (let ms = 0; ms < 60_000; ms += 15_000) {
      assert.deepEqual(
        watching().map(({ delayMs }) => delayMs),
        [15_000],
      );
      clock.ms += 15_000;
      watching()[0]?.run();
      await settled();
    }
    const error = await failed;
    assert.ok(error instanceof SyncError && error.code === 'stalled', String(error));
    assert.match(error.message, /gave no answer for 60 s after all 0 B had left$/);
  });

  it('whose source has other bytes at once than it should is never begun', async (t) => {
    const { seen, send, dispatcher } = await open(t, (_, response) => response.writeHead(204).end());
    let connections = 0;
    dispatcher.on('connect', () => {
      connections += 1;
    });
    const source = {
      ...atOnce(Buffer.alloc(10)),
      readInto: () => {
        throw changed;
      },
    };
    await assert.rejects(send(source), (error) => error === changed);
    assert.deepEqual([seen.length, connections], [0, 0]);
  });

  it('whose source gives too few bytes is never begun', async (t) => {
    const { seen, send } = await open(t, (_, response) => response.writeHead(204).end());
    await assert.rejects(send({ ...inChunks(Buffer.alloc(3)), sizeBytes: 4 }), /3 of 4 bytes/);
    assert.equal(seen.length, 0);
  });

  for (const kind of ['form', 'put'] as const) {
    it(`never ends when its source fails midway, in a ${kind}`, async (t) => {
      const { seen, send } = await open(t, (_, response) => response.writeHead(204).end());
      const source: UploadSource = {
        sizeBytes: 3 * mebibyte,
        async *chunks() {
          yield Buffer.alloc(mebibyte);
          yield Buffer.alloc(mebibyte);
          throw changed;
        },
      };
      await assert.rejects(send(source, kind), (error) => error === changed);
      await until('the server has seen its end', () => seen.length === 1);
      assert.equal(seen[0]?.isWhole, false);
      assert.ok((seen[0]?.body.length ?? 0) < source.sizeBytes);
    });
  }
});

describe('an upload', () => {
  it('fails with what its source threw, whatever that looks like', async (t) => {
    const { send } = await open(t, (_, response) => response.writeHead(204).end());
    const bug = Object.assign(new Error('a bug'), { code: 'EPIPE' });
    const source: UploadSource = {
      sizeBytes: 3 * mebibyte,
      async *chunks() {
        yield Buffer.alloc(mebibyte);
        throw bug;
      },
    };
    await assert.rejects(send(source), (error) => error === bug);
  });

  it('follows no redirect', async (t) => {
    const { seen, send } = await open(t, (_, response) => response.writeHead(307, { location: '/other' }).end());
    for (const source of [atOnce(Buffer.alloc(10)), inChunks(Buffer.alloc(mebibyte), Buffer.alloc(mebibyte))]) {
      await assert.rejects(send(source), { code: 'upload_refused', status: 307 });
    }
    assert.equal(seen.length, 2);
  });

  it('is not accepted by an answer that came before all bytes were there', async (t) => {
    const server = createServer((_, response) => response.writeHead(200).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const { send } = uploader(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    let isClosed = false;
    const source: UploadSource = {
      sizeBytes: 3 * mebibyte,
      async *chunks() {
        try {
          yield Buffer.alloc(mebibyte);
          await new Promise(() => {});
        } finally {
          isClosed = true;
        }
      },
    };
    await assert.rejects(send(source), { code: 'not_storage', disposition: 'retry' });
    assert.equal(isClosed, false, 'a source that waits can only be closed by who opened it');
  });

  for (const moment of ['it is stopped', 'nothing of it can be sent']) {
    it(`lets go of its source and of the signal when ${moment} in the middle`, async (t) => {
      const server = createServer((incoming) => incoming.pause());
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      t.after(() => {
        server.closeAllConnections();
        server.close();
      });
      const { timers, clock, send } = uploader(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      const stop = new AbortController();
      const reason = new Error('stopping');
      let given = 0;
      let isClosed = false;
      const source: UploadSource = {
        sizeBytes: 1_000 * mebibyte,
        async *chunks() {
          try {
            for (; given < 1_000; given += 1) yield Buffer.alloc(mebibyte);
          } finally {
            isClosed = true;
          }
        },
      };
      const sent = send(source, 'form', stop.signal);
      const failed = sent.catch((error: unknown) => error);
      for (let before = -1; given === 0 || before !== given; await settled()) before = given;
      assert.equal(getEventListeners(stop.signal, 'abort').length, 1);
      const watching = () => timers.set.filter(({ isCancelled, hasRun }) => !isCancelled && !hasRun);
      assert.deepEqual(
        watching().map(({ delayMs }) => delayMs),
        [15_000],
      );
      if (moment === 'it is stopped') stop.abort(reason);
      // Two buffers full on the way may take ten minutes.
      for (let ms = 0; moment !== 'it is stopped' && ms < 600_000; ms += 15_000) {
        clock.ms += 15_000;
        watching()[0]?.run();
        await until(
          'it was looked at',
          () => watching().length > 0 || getEventListeners(stop.signal, 'abort').length === 0,
        );
      }
      const error = await failed;
      if (moment === 'it is stopped') assert.equal(error, reason);
      else assert.ok(error instanceof SyncError && error.code === 'stalled');
      await until('the source is closed', () => isClosed);
      assert.deepEqual(getEventListeners(stop.signal, 'abort'), []);
      assert.ok(timers.set.every(({ isCancelled }) => isCancelled) || moment !== 'it is stopped');
      assert.ok(given < 100);
    });
  }
});

describe('a body of one buffer from a source in chunks', () => {
  it('gives each chunk back: its bytes are in the body by then', async (t) => {
    const { send } = await open(t, (_, response) => void response.writeHead(204).end());
    const chunks = [Buffer.from('one'), Buffer.from('two')];
    const back: Uint8Array[] = [];
    await send({ ...inChunks(...chunks), recycle: (chunk) => void back.push(chunk) });
    assert.deepEqual(back, chunks);
  });
});

describe('a refusal before the body was read', () => {
  const told = '<Error><Code>EntityTooLarge</Code><Message>Your proposed upload exceeds the maximum</Message></Error>';
  const head = `HTTP/1.1 413 Too Large\r\nContent-Length: ${told.length}\r\n`;

  /** Answers the first connection when some of its request is there, reads no more of it, and takes what comes on others. */
  async function refusing(t: TestContext, refuse: (socket: Socket) => void) {
    let count = 0;
    const server = createTcpServer((socket) => {
      count += 1;
      socket.on('error', () => {});
      if (count > 1) {
        socket.resume();
        socket.write('HTTP/1.1 204 No Content\r\n\r\n');
        return;
      }
      socket.once('data', () => {
        socket.pause();
        refuse(socket);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => void server.close());
    const open = uploader(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    // Closes the connections, also that which is read no more.
    t.after(() => open.dispatcher.destroy());
    return { ...open, connections: () => count };
  }

  const endings: Record<string, (socket: Socket) => void> = {
    'whose connection stays open': (socket) => void socket.write(`${head}\r\n${told}`),
    'whose connection is closed on what was not read': (socket) =>
      void socket.write(`${head}Connection: close\r\n\r\n${told}`, () => socket.destroy()),
    'whose connection is reset': (socket) =>
      void socket.write(`${head}Connection: close\r\n\r\n${told}`, () => socket.resetAndDestroy()),
  };
  for (const [ending, refuse] of Object.entries(endings)) {
    for (const mebibytes of [0.9, 3, 40]) {
      it(`${ending} is understood, of a body of ${mebibytes} MiB, and nothing is sent behind it`, async (t) => {
        const { send, connections } = await refusing(t, refuse);
        const pieces = Array.from({ length: Math.ceil(mebibytes) }, () =>
          Buffer.alloc(Math.min(1, mebibytes) * mebibyte),
        );
        await assert.rejects(send(inChunks(...pieces)), {
          code: 'bytes_refused',
          status: 413,
          disposition: null,
          scope: 'file',
          message: 'The upload target answered 413: EntityTooLarge: Your proposed upload exceeds the maximum',
        });
        if (mebibytes === 0.9) await send(atOnce(Buffer.from('the next')));
        assert.equal(connections(), mebibytes === 0.9 ? 2 : 1);
      });
    }
  }
});

describe('a refusal', () => {
  it('by a redirect names the host, and not what stands behind it', async (t) => {
    const location = 'https://user:pass@login.example:8443/form?token=c0ffee00c0ffee00';
    const { send } = await open(t, (_, response) => response.writeHead(308, { location }).end());
    const message = 'The upload target answered 308 (to login.example:8443), and redirects are not followed';
    await assert.rejects(send(atOnce(Buffer.alloc(10))), { code: 'upload_refused', status: 308, message });
  });

  it('by a redirect to nowhere, or to what is no address, names none', async (t) => {
    for (const headers of [{}, { location: 'http://[' }]) {
      const { send } = await open(t, (_, response) => response.writeHead(308, headers).end());
      const message = 'The upload target answered 308, and redirects are not followed';
      await assert.rejects(send(atOnce(Buffer.alloc(10))), { name: 'SyncError', code: 'upload_refused', message });
    }
  });

  it('hides what was sent along with the file', async (t) => {
    const { send } = await open(t, (asked, response) => {
      response.writeHead(403, { 'content-type': 'application/xml' });
      response.end(`<Error><Code>AccessDenied</Code><Message>${asked.url} is over</Message></Error>`);
    });
    const message = 'The upload target answered 403: AccessDenied: /put?[redacted] is over';
    await assert.rejects(send(atOnce(Buffer.alloc(10))), { code: 'upload_refused', message });
  });

  it('is read for 64 KiB, however much is said', async (t) => {
    const { send } = await open(t, (_, response) => {
      response.writeHead(400, { 'content-type': 'text/plain' });
      const more = () => {
        while (response.write('too large '.repeat(1_000)));
        response.once('drain', more);
      };
      more();
    });
    const error: unknown = await send(atOnce(Buffer.alloc(10))).catch((reason: unknown) => reason);
    assert.ok(error instanceof SyncError);
    assert.deepEqual([error.code, error.status], ['bytes_refused', 400]);
  });

  it('for its slowness is a stall', async (t) => {
    const { send } = await open(t, (_, response) => response.writeHead(408).end());
    await assert.rejects(send(atOnce(Buffer.alloc(10))), { code: 'stalled', status: 408, disposition: 'retry' });
  });
});

describe('the connection of an upload', () => {
  for (const [status, isKept] of [
    [200, true],
    [204, true],
    [299, true],
    [300, false],
    [404, false],
    [500, false],
  ] as const) {
    it(`is ${isKept ? 'kept for the next file' : 'closed'} after a ${status}`, async (t) => {
      const { send, dispatcher } = await open(t, (_, response) => response.writeHead(status).end());
      let connections = 0;
      dispatcher.on('connect', () => {
        connections += 1;
      });
      for (const _ of [1, 2]) {
        const sent = send(atOnce(Buffer.alloc(10)));
        if (isKept) await sent;
        else await assert.rejects(sent, { name: 'SyncError', status });
      }
      assert.equal(connections, isKept ? 1 : 2);
    });
  }
});
