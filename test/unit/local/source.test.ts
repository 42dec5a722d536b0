import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, closeSync, openSync, renameSync, rmSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ByteSource, openSource } from '../../../src/local/source.ts';
import { openDescriptors } from '../../support/descriptors.ts';
import { fifo, plantTemporary } from '../../support/tree.ts';
import { until } from '../../support/until.ts';

const mebibyte = 1_048_576;
const never = new AbortController().signal;

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

interface Opened {
  readonly root: string;
  readonly path: string;
  readonly source: ByteSource;
}

async function open(t: TestContext, content: Buffer, digest: string | null, signal = never): Promise<Opened> {
  const root = plantTemporary(t, { 'a.mov': content });
  // Long ago, so that a change within the same tick of the kernel's clock shows.
  utimesSync(join(root, 'a.mov'), 1, 1);
  const expected = { sizeBytes: content.byteLength, sha256: digest };
  const source = await openSource({ root, directory: '', name: 'a.mov' }, expected, { signal });
  assert.ok(source.kind === 'source');
  return { root, path: join(root, 'a.mov'), source };
}

async function collect(source: ByteSource): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of source.chunks()) chunks.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  return chunks;
}

for (const sizeBytes of [0, 1, mebibyte, mebibyte + 1, 3 * mebibyte, 3 * mebibyte + 17]) {
  test(`a file of ${sizeBytes} bytes is given out whole, in chunks of at most 1 MiB, and closed`, async (t) => {
    const content = randomBytes(sizeBytes);
    for (const digest of [sha256(content), null]) {
      const { root, source } = await open(t, content, digest);
      assert.equal(source.digest(), null);
      const chunks = await collect(source);
      assert.equal(chunks.length, Math.ceil(sizeBytes / mebibyte));
      assert.ok(chunks.every((chunk) => chunk.byteLength > 0 && chunk.byteLength <= mebibyte));
      assert.ok(Buffer.concat(chunks).equals(content));
      assert.equal(source.digest(), sha256(content));
      assert.equal(openDescriptors(root), 0);
    }
  });
}

test('with another digest the last chunk is withheld', async (t) => {
  const { source, root } = await open(t, randomBytes(2 * mebibyte), sha256(randomBytes(1)));
  const chunks = source.chunks();
  assert.equal((await chunks.next()).done, false);
  await assert.rejects(chunks.next(), { name: 'SyncError', code: 'source_changed', scope: 'file', path: 'a.mov' });
  assert.equal(source.digest(), null);
  assert.equal(openDescriptors(root), 0);
});

test('a small file is verified before its first byte is given out', async (t) => {
  const { source } = await open(t, Buffer.from('abc'), sha256(Buffer.from('abd')));
  await assert.rejects(source.chunks().next(), { code: 'source_changed' });
});

const changes: Record<string, (path: string) => void> = {
  grows: (path) => appendFileSync(path, 'more'),
  shrinks: (path) => writeFileSync(path, 'less'),
  'has a byte changed that was already sent': (path) => {
    const fd = openSync(path, 'r+');
    writeSync(fd, 'x', 0);
    closeSync(fd);
  },
  'is replaced': (path) => {
    writeFileSync(`${path}.new`, 'new');
    renameSync(`${path}.new`, path);
  },
  'is removed': (path) => rmSync(path),
};

for (const [what, change] of Object.entries(changes)) {
  test(`a file that ${what} while it is sent is never completed`, async (t) => {
    const content = randomBytes(4 * mebibyte);
    for (const digest of [sha256(content), null]) {
      const { source, path, root } = await open(t, content, digest);
      let sentBytes = 0;
      const send = async (): Promise<void> => {
        for await (const chunk of source.chunks()) {
          sentBytes += chunk.byteLength;
          if (sentBytes === mebibyte) change(path);
        }
      };
      await assert.rejects(send(), { code: 'source_changed', disposition: 'retry' });
      assert.ok(sentBytes < content.byteLength);
      assert.equal(openDescriptors(root), 0);
    }
  });
}

test('another size, a missing file and a FIFO are results, not errors', async (t) => {
  const root = plantTemporary(t, { 'a.png': 'abc', pipe: fifo() });
  const kind = async (name: string): Promise<string> =>
    (await openSource({ root, directory: '', name }, { sizeBytes: 4, sha256: null }, { signal: never })).kind;
  assert.equal(await kind('a.png'), 'changed');
  assert.equal(await kind('none'), 'gone');
  assert.equal(await kind('pipe'), 'problem');
  assert.equal(openDescriptors(root), 0);
});

test('abandoned iteration closes the file', async (t) => {
  const { source, root } = await open(t, randomBytes(3 * mebibyte), null);
  for await (const chunk of source.chunks()) {
    assert.equal(chunk.byteLength, mebibyte);
    break;
  }
  assert.equal(openDescriptors(root), 0);
});

test('a source that is never read closes on close, and on abort', async (t) => {
  const closed = await open(t, randomBytes(10), null);
  await closed.source.close();
  await closed.source.close();
  assert.equal(openDescriptors(closed.root), 0);
  const controller = new AbortController();
  const aborted = await open(t, randomBytes(10), null, controller.signal);
  controller.abort();
  await until('the file is closed', () => openDescriptors(aborted.root) === 0);
});

test('an abort during a read ends the iteration with its reason and closes the file', async (t) => {
  const controller = new AbortController();
  const { source, root } = await open(t, randomBytes(3 * mebibyte), null, controller.signal);
  const chunks = source.chunks();
  const next = chunks.next();
  controller.abort(new Error('stop'));
  await assert.rejects(next, { message: 'stop' });
  assert.equal(openDescriptors(root), 0);
  const late = openSource({ root, directory: '', name: 'a.mov' }, { sizeBytes: 1, sha256: null }, controller);
  await assert.rejects(late, { message: 'stop' });
});

test('chunks are given out once only', async (t) => {
  const { source } = await open(t, randomBytes(10), null);
  await collect(source);
  await assert.rejects(collect(source), /second time/);
});
