import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { frameMultipart } from '../../../src/remote/multipart.ts';
import { type UploadSource, UploadStream, wholeBody } from '../../../src/remote/upload-body.ts';
import { tellingConnector } from '../../../src/remote/written.ts';

const frame = { contentType: 'x', head: '[', tail: ']' };

function zeros(sizeBytes: number): UploadSource {
  return { sizeBytes, readInto: () => true, chunks: () => assert.fail('not asked for') };
}

const bodies = (count: number, sizeBytes = 3) =>
  Promise.all(Array.from({ length: count }, () => wholeBody(frame, zeros(sizeBytes), () => {})));

/** Writes them as undici would, to somebody who takes everything. */
async function sent(t: TestContext, pieces: readonly Uint8Array[]): Promise<void> {
  const server = createServer((socket) => void socket.resume()).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const wanted = { hostname: '127.0.0.1', port: String(port), protocol: 'http:' };
  const socket = await new Promise<Socket>((resolve, reject) => {
    tellingConnector({})(wanted, (error, connected) => (connected ? resolve(connected) : reject(error)));
  });
  for (const piece of pieces) socket.write(piece);
  socket.end();
  await once(socket, 'close');
}

describe('the frame of a form', () => {
  it('has each field first, as it is, then the file; names are escaped as browsers do it', () => {
    const file = { field: 'f"', fileName: 'x\ny"z\r.png', contentType: 'image/png' };
    const named = '--flora-sync-tok\r\nContent-Disposition: form-data; name=';
    assert.deepEqual(frameMultipart({ 'a"b': 'v"', 'c\r\nd': 'w\r\n' }, file, 'tok'), {
      contentType: 'multipart/form-data; boundary=flora-sync-tok',
      head:
        `${named}"a%22b"\r\n\r\nv"\r\n${named}"c%0D%0Ad"\r\n\r\nw\r\n\r\n` +
        `${named}"f%22"; filename="x%0Ay%22z%0D.png"\r\nContent-Type: image/png\r\n\r\n`,
      tail: '\r\n--flora-sync-tok--\r\n',
    });
  });
});

describe('the memory of small bodies', () => {
  it('is used again for sixteen of them once they are written, and not before', async (t) => {
    const first = await bodies(20);
    const rooms = new Set(first.map(({ buffer }) => buffer));
    assert.equal(rooms.size, 20);
    const under = await bodies(1);
    assert.equal(rooms.has(under[0]?.buffer ?? new ArrayBuffer(0)), false, 'all of them may still be sent');
    await sent(t, first);
    const again = await bodies(20);
    assert.equal(again.filter(({ buffer }) => rooms.has(buffer)).length, 16);
    assert.equal(new Set(again.map(({ buffer }) => buffer)).size, 20, 'and none twice');
  });

  it('is 64 KiB, and a larger body has its own', async () => {
    const [small, full, larger] = [...(await bodies(1)), ...(await bodies(1, 65_533)), ...(await bodies(1, 65_534))];
    // With one byte more, to see that the file ends where it should.
    assert.deepEqual(
      [small, full, larger].map((body) => [body?.length, body?.buffer.byteLength]),
      [
        [5, 65_536],
        [65_535, 65_536],
        [65_536, 65_537],
      ],
    );
  });
});

describe('the memory of a large body', () => {
  it('is not kept for small ones', async (t) => {
    await sent(t, await bodies(1, 100_000));
    const [small] = await bodies(1);
    assert.equal(small?.buffer.byteLength, 65_536);
  });
});

describe('a body in one piece', () => {
  const text = (source: Partial<UploadSource>, sizeBytes = 4) =>
    wholeBody(frame, { sizeBytes, chunks: () => assert.fail('not asked for'), ...source }, () => {}).then(String);

  it('has the bytes between its head and its tail, however the source gives them', async () => {
    const readInto = (target: Uint8Array) => {
      target.set(Buffer.from('1234'));
      return true;
    };
    assert.equal(await text({ readInto }), '[1234]');
    const recycled: string[] = [];
    const pieces = async function* () {
      yield Buffer.from('12');
      yield Buffer.from('34');
    };
    const recycle = (chunk: Uint8Array) => void recycled.push(String(chunk));
    assert.equal(await text({ readInto: () => false, chunks: pieces, recycle }), '[1234]');
    assert.deepEqual(recycled, ['12', '34']);
    assert.equal(await text({ chunks: pieces }), '[1234]');
    await assert.rejects(text({ chunks: pieces }, 5), /gave 4 of 5 bytes/);
  });

  it('counts as sent when all of it is there', async () => {
    const told: number[] = [];
    await wholeBody(frame, zeros(7), (bytes) => void told.push(bytes));
    assert.deepEqual(told, [7]);
  });
});

describe('a body in pieces', () => {
  const stream = (head: string, tail: string, source: Partial<UploadSource> = {}) => {
    const told: number[] = [];
    const chunks = async function* () {
      yield Buffer.from('12');
      yield Buffer.from('345');
    };
    const body = new UploadStream(
      { contentType: 'x', head, tail },
      { sizeBytes: 5, chunks, ...source },
      (bytes) => void told.push(bytes),
    );
    return { body, told };
  };
  const all = async (body: UploadStream) => {
    const pieces: string[] = [];
    for await (const piece of body.pieces()) pieces.push(String(piece));
    return pieces;
  };

  it('has its head, the bytes and its tail, and no piece for what is empty', async () => {
    for (const [head, tail, pieces] of [
      ['[ä', ']', ['[ä', '12', '345', ']']],
      ['[', '', ['[', '12', '345']],
      ['', ']', ['12', '345', ']']],
      ['', '', ['12', '345']],
    ] as const) {
      const { body, told } = stream(head, tail);
      assert.equal(body.isHandedOver, false);
      assert.deepEqual(await all(body), pieces);
      assert.deepEqual([body.lengthBytes, body.isHandedOver], [Buffer.byteLength(head + tail) + 5, true]);
      assert.deepEqual(told, [2, 3], 'of the file alone, and of each piece once it was asked for the next');
      assert.equal(body.failure, undefined);
    }
  });

  it('that fails has no end, and keeps why', async () => {
    const broken = new Error('the disk');
    const { body, told } = stream('[', ']', {
      async *chunks() {
        yield Buffer.from('12');
        throw broken;
      },
    });
    const pieces: string[] = [];
    const reading = (async () => {
      for await (const piece of body.pieces()) pieces.push(String(piece));
    })();
    await assert.rejects(reading, (error) => error === broken);
    assert.deepEqual([pieces, told, body.failure, body.isHandedOver], [['[', '12'], [2], broken, false]);
  });

  it('gives a piece back once it was written, where its source takes it', async (t) => {
    const back: string[] = [];
    const { body } = stream('', '', { recycle: (chunk) => void back.push(String(chunk)) });
    const pieces: Uint8Array[] = [];
    for await (const piece of body.pieces()) pieces.push(piece);
    assert.deepEqual(back, []);
    await sent(t, pieces);
    assert.deepEqual(back, ['12', '345']);
  });
});
