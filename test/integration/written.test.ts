import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Agent } from 'undici';
import { sendUpload } from '../../src/remote/upload.ts';
import type { UploadSource } from '../../src/remote/upload-body.ts';
import { tellingConnector, whenWritten } from '../../src/remote/written.ts';
import { findProgram } from '../support/programs.ts';
import { selfSigned } from '../support/self-signed.ts';

const mebibyte = 1 << 20;
const openssl = findProgram('openssl');

type Protocol = 'http' | 'https';

async function listen(t: TestContext, protocol: Protocol, answer: RequestListener): Promise<string> {
  const server = protocol === 'http' ? createServer(answer) : createTlsServer(selfSigned(t), answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function telling(t: TestContext, connections = 1): Agent {
  const connect = tellingConnector({ rejectUnauthorized: false });
  const dispatcher = new Agent({ connections, pipelining: 1, connect });
  t.after(() => dispatcher.destroy());
  return dispatcher;
}

function send(t: TestContext, origin: string, source: UploadSource, dispatcher = telling(t)): Promise<void> {
  const target = { kind: 'form', url: `${origin}/form`, fileField: 'file', formFields: { key: 'value' } } as const;
  const wanted = { target, url: new URL(target.url), fileName: 'a', contentType: 'image/png', onSent: () => {} };
  const deps = { dispatcher, nowMs: () => 0, token: () => 'token', setTimer: () => ({ cancel: () => {} }) };
  return sendUpload(deps, { ...wanted, source, signal: new AbortController().signal });
}

/** Gives pieces of its own memory, and spoils them as soon as they come back. */
function spoiling(pieces: readonly Buffer[]) {
  const counts = { given: 0, back: 0 };
  const source: UploadSource = {
    sizeBytes: pieces.reduce((sum, { length }) => sum + length, 0),
    async *chunks() {
      for (const piece of pieces) {
        counts.given += 1;
        yield piece;
      }
    },
    recycle(chunk) {
      counts.back += 1;
      chunk.fill(0xff);
    },
  };
  return { counts, source };
}

describe('a piece that was written', () => {
  for (const protocol of ['http', 'https'] as const) {
    it(`comes back when nothing reads it any more, over ${protocol}, to a server that takes its time`, {
      skip: protocol === 'https' && openssl === undefined,
    }, async (t) => {
      const pieces = Array.from({ length: 24 }, () => randomBytes(mebibyte));
      const expected = createHash('sha256').update(Buffer.concat(pieces)).digest('hex');
      const seen: string[] = [];
      const readSlowly = async (incoming: IncomingMessage, response: ServerResponse) => {
        const chunks: Buffer[] = [];
        for await (const chunk of incoming) {
          chunks.push(chunk);
          if (chunks.length % 8 === 0) for (let turn = 0; turn < 5; turn += 1) await nextTurn();
        }
        const headers = { 'content-type': String(incoming.headers['content-type']) };
        const file = (await new Response(Buffer.concat(chunks), { headers }).formData()).get('file');
        assert.ok(file instanceof File);
        seen.push(
          createHash('sha256')
            .update(Buffer.from(await file.arrayBuffer()))
            .digest('hex'),
        );
        response.writeHead(204).end();
      };
      const origin = await listen(t, protocol, (incoming, response) => void readSlowly(incoming, response));
      const { counts, source } = spoiling(pieces);
      await send(t, origin, source);
      assert.deepEqual(seen, [expected]);
      assert.deepEqual(counts, { given: pieces.length, back: pieces.length });
    });
  }

  it('may be the body of a small upload, whose memory is then another one’s', async (t) => {
    const count = 300;
    const files = Array.from({ length: count }, (_, at) => randomBytes([1_000, 50_000, 100_000][at % 3] ?? 0));
    const digests = files.map((file) => createHash('sha256').update(file).digest('hex'));
    const seen: string[] = [];
    const origin = await listen(t, 'http', (incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', async () => {
        const headers = { 'content-type': String(incoming.headers['content-type']) };
        const file = (await new Response(Buffer.concat(chunks), { headers }).formData()).get('file');
        assert.ok(file instanceof File);
        seen.push(
          createHash('sha256')
            .update(Buffer.from(await file.arrayBuffer()))
            .digest('hex'),
        );
        response.writeHead(204).end();
      });
    });
    const memories = new Set<ArrayBufferLike>();
    const dispatcher = telling(t, 8);
    const sendNext = async (): Promise<void> => {
      for (let file = files.pop(); file !== undefined; file = files.pop()) {
        const bytes = file;
        const readInto = (target: Uint8Array) => {
          memories.add(target.buffer);
          target.set(bytes);
          return true;
        };
        const source = { sizeBytes: bytes.length, readInto, chunks: () => assert.fail('not asked for') };
        await send(t, origin, source, dispatcher);
      }
    };
    // More at once than there are connections, so that some wait with their bodies.
    await Promise.all(Array.from({ length: 12 }, sendNext));
    assert.deepEqual(seen.toSorted(), digests.toSorted());
    const fresh = count / 3;
    assert.ok(memories.size < fresh + 50, `${memories.size} buffers for ${count} files`);
  });

  it('is not written a second time: it may hold other bytes by now', async (t) => {
    const bodies: string[] = [];
    const origin = await listen(t, 'http', (incoming, response) => {
      incoming.on('data', (chunk: Buffer) => bodies.push(String(chunk)));
      incoming.on('end', () => response.end());
    });
    const dispatcher = telling(t);
    const body = Buffer.from('some bytes');
    whenWritten(body, () => body.fill('x'));
    const post = async () => (await dispatcher.request({ origin, path: '/', method: 'POST', body })).body.dump();
    await post();
    await assert.rejects(post(), /second time/);
    assert.deepEqual(bodies, ['some bytes']);
  });

  it('does not come back while the server reads nothing', async (t) => {
    const origin = await listen(t, 'http', (incoming) => incoming.pause());
    const { counts, source } = spoiling(Array.from({ length: 64 }, () => Buffer.alloc(4 * mebibyte)));
    const sent = send(t, origin, source).catch(() => {});
    for (let before = -1; counts.given === 0 || counts.given !== before; ) {
      before = counts.given;
      for (let turn = 0; turn < 50; turn += 1) await nextTurn();
    }
    assert.ok(counts.back < counts.given, `${counts.back} of ${counts.given}`);
    void sent;
  });

  it('comes back once from a connection that broke', async (t) => {
    const origin = await listen(t, 'http', (incoming) => incoming.destroy());
    const piece = Buffer.alloc(64 * mebibyte);
    const { counts, source } = spoiling([piece]);
    await assert.rejects(send(t, origin, source), { code: 'connection_lost' });
    for (let turn = 0; turn < 50; turn += 1) await nextTurn();
    assert.equal(counts.back, 1);
  });

  it('does not come back from a connection that does not tell', async (t) => {
    const origin = await listen(t, 'http', (_, response) => response.end());
    const piece = Buffer.alloc(10);
    whenWritten(piece, () => assert.fail('it did'));
    const dispatcher = new Agent();
    t.after(() => dispatcher.destroy());
    const { body } = await dispatcher.request({ origin, path: '/', method: 'POST', body: piece });
    await body.dump();
  });
});
