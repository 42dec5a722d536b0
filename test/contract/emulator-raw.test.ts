// Faults below HTTP, seen by a socket: no client would show what came.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import {
  apiKey,
  type Bench,
  errorFields,
  png,
  reservationOf,
  startBench,
  uploadForm,
  workspaceId,
} from './emulator-support.ts';

interface Heard {
  readonly text: string;
  /** The pieces in which it came, as far as they were read one by one. */
  readonly pieces: number;
  /** Undefined for an end without an error. */
  readonly code: string | undefined;
}

/** What comes on one connection, to its end, after these bytes were sent. */
function hear(bench: Bench, request: string): Promise<Heard> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let code: string | undefined;
    const socket = connect(bench.emulator.port, '127.0.0.1', () => socket.write(request));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code;
    });
    socket.on('close', () => resolve({ text: Buffer.concat(chunks).toString('latin1'), pieces: chunks.length, code }));
  });
}

const get = `GET /api/v1/workspaces HTTP/1.1\r\nhost: flora\r\nauthorization: Bearer ${apiKey}\r\n\r\n`;

async function upload(bench: Bench, sent: string): Promise<Heard & { readonly assetId: string }> {
  const body = { source: 'signed-url', workspace_id: workspaceId };
  const { assetId, url } = reservationOf(await bench.call('POST', '/assets', { body }));
  const type = 'content-type: multipart/form-data; boundary=x';
  const head = `POST ${new URL(url).pathname} HTTP/1.1\r\nhost: flora\r\n${type}\r\ncontent-length: 9000000\r\n\r\n`;
  return { assetId, ...(await hear(bench, head + sent)) };
}

describe('raw', () => {
  it('answers with these bytes, each character one, and ends', async (t) => {
    const bench = await startBench(t);
    await bench.fault({ kind: 'raw', bytes: 'SSH-2.0-x\r\n\u0000\u00ff', times: 1 });
    assert.deepEqual(await hear(bench, get), { text: 'SSH-2.0-x\r\n\0\xff', pieces: 1, code: undefined });
    assert.equal((await bench.call('GET', '/workspaces')).status, 200);
  });

  it('without bytes is a connection that ends, or is reset', async (t) => {
    const bench = await startBench(t);
    await bench.fault({ kind: 'raw', times: 1 });
    assert.deepEqual(await hear(bench, get), { text: '', pieces: 0, code: undefined });
    await bench.fault({ kind: 'raw', end: 'reset', times: 1 });
    assert.deepEqual(await hear(bench, get), { text: '', pieces: 0, code: 'ECONNRESET' });
  });

  it('has no effect', async (t) => {
    const bench = await startBench(t);
    await bench.fault({ kind: 'raw', bytes: 'HTTP/1.1 204 No Content\r\n\r\n', match: { route: 'create' } });
    const body = { source: 'signed-url', workspace_id: workspaceId };
    assert.equal((await bench.call('POST', '/assets', { body })).status, 204);
    assert.deepEqual((await bench.admin('GET', '/assets')).json()['assets'], []);
  });
});

describe('cut', () => {
  for (const atByte of [0, 5, 40, 100_000]) {
    it(`sends the answer up to byte ${atByte}`, async (t) => {
      const bench = await startBench(t);
      await bench.fault({ kind: 'cut', atByte });
      const { text, code } = await hear(bench, get);
      assert.equal(code, undefined);
      const whole = 'HTTP/1.1 200 OK\r\n';
      if (atByte <= whole.length) assert.equal(text, whole.slice(0, atByte));
      else assert.ok(text.startsWith(whole) && (text.length === atByte) === atByte < 100, text);
      assert.equal(/\}$/.test(text), atByte === 100_000, 'whole');
    });
  }

  it('comes after the effect', async (t) => {
    const bench = await startBench(t);
    await bench.fault({ kind: 'cut', atByte: 3, match: { route: 'upload' }, times: 1 });
    const reservation = await bench.reserve();
    await assert.rejects(uploadForm(reservation, png()), /fetch failed/);
    assert.equal((await bench.call('POST', `/assets/${reservation.assetId}/complete`)).json()['status'], 'ready');
  });

  it('of a download cuts the bytes', async (t) => {
    const bench = await startBench(t);
    const assetId = await bench.finish(png('x'.repeat(5_000)));
    await bench.fault({ kind: 'cut', atByte: 1_000, match: { route: 'download' } });
    assert.equal((await hear(bench, `GET /files/${assetId} HTTP/1.1\r\nhost: flora\r\n\r\n`)).text.length, 1_000);
  });
});

describe('drip', () => {
  it('sends the whole answer, in so many pieces', async (t) => {
    const bench = await startBench(t);
    await bench.fault({ kind: 'drip', pieces: 6, delayMs: 20 });
    const { text, pieces, code } = await hear(bench, get);
    assert.equal(code, undefined);
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\{"workspaces":.*\}$/);
    assert.ok(pieces > 1, `${pieces} pieces`);
    const reply = await bench.call('GET', '/workspaces');
    assert.deepEqual([reply.status, Array.isArray(reply.json()['workspaces'])], [200, true]);
  });

  it('ends with a client that has gone away', async (t) => {
    const bench = await startBench(t);
    await bench.fault({ kind: 'drip', pieces: 1e6, delayMs: 1_000, times: 1 });
    await assert.rejects(fetch(`${bench.emulator.baseUrl}/workspaces`, { signal: AbortSignal.timeout(100) }), {
      name: 'TimeoutError',
    });
    await bench.emulator.close();
  });
});

describe('early-answer', () => {
  it('refuses an upload before its body was read, and ends the connection', async (t) => {
    const bench = await startBench(t);
    await bench.fault({ kind: 'early-answer', times: 1 });
    const { text, assetId } = await upload(bench, '--x\r\n');
    assert.match(text, /^HTTP\/1\.1 413 Payload Too Large\r\n[\s\S]*<Error>/);
    assert.equal((await bench.adminAsset(assetId))['sha256'], null);
  });

  it('answers in another status and code, and may reset, which can take the answer with it', async (t) => {
    const bench = await startBench(t);
    await bench.fault({ kind: 'early-answer', status: 403, code: 'NoEntry', end: 'reset' });
    // libuv tells of a reset behind bytes as of an end, so the code says nothing here.
    const { text } = await upload(bench, '--x\r\n');
    assert.ok(text === '' || /^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*<Code>NoEntry</.test(text), text);
  });

  it('hits uploads only', async (t) => {
    const bench = await startBench(t);
    await bench.fault({ kind: 'early-answer' });
    assert.equal((await bench.call('GET', '/workspaces')).status, 200);
    const reply = await bench.admin('POST', '/faults', { kind: 'early-answer', match: { route: 'create' } });
    assert.deepEqual([reply.status, errorFields(reply)], [400, ['match.route']]);
  });
});

describe('a rule for bytes', () => {
  for (const [fault, field] of [
    [{ kind: 'raw', bytes: 'ā' }, 'bytes'],
    [{ kind: 'raw', end: 'slowly' }, 'end'],
    [{ kind: 'cut', atByte: -1 }, 'atByte'],
    [{ kind: 'drip', pieces: 0 }, 'pieces'],
  ] as const) {
    it(`that is malformed is refused: ${JSON.stringify(fault)}`, async (t) => {
      const bench = await startBench(t);
      const reply = await bench.admin('POST', '/faults', fault);
      assert.deepEqual([reply.status, errorFields(reply)], [400, [field]]);
    });
  }
});
