import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { getEventListeners } from 'node:events';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ByteSource, openSource } from '../../../../src/local/read/source.ts';
import { openDescriptors } from '../../../support/descriptors.ts';
import { fifo, plantTemporary } from '../../../support/tree.ts';
import { until } from '../../../support/until.ts';

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

async function open(
  t: TestContext,
  content: Buffer,
  digest: string | null,
  signal = never,
  isLocal = false,
): Promise<Opened> {
  const root = plantTemporary(t, { 'a.mov': content });
  // Long ago, so that a change within the same tick of the kernel's clock shows.
  utimesSync(join(root, 'a.mov'), 1, 1);
  const expected = { sizeBytes: content.byteLength, sha256: digest };
  const source = await openSource({ root, directory: '', name: 'a.mov' }, expected, { signal, isLocal });
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
      assert.deepEqual([source.kind, source.sizeBytes, source.digest()], ['source', sizeBytes, null]);
      const chunks = await collect(source);
      assert.equal(chunks.length, Math.ceil(sizeBytes / mebibyte));
      assert.ok(chunks.every((chunk) => chunk.byteLength > 0 && chunk.byteLength <= mebibyte));
      assert.ok(Buffer.concat(chunks).equals(content));
      assert.equal(source.digest(), sha256(content));
      assert.equal(openDescriptors(root), 0);
    }
  });
}

test('chunks that came back are filled again, and no two that are out share memory', async (t) => {
  const content = randomBytes(40 * mebibyte);
  const { source } = await open(t, content, sha256(content));
  const out: Buffer[] = [];
  const memories = new Set<ArrayBufferLike>();
  let position = 0;
  for await (const chunk of source.chunks()) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    assert.ok(out.every(({ buffer }) => buffer !== chunk.buffer));
    assert.ok(content.subarray(position, position + bytes.length).equals(bytes));
    position += bytes.length;
    memories.add(chunk.buffer);
    out.push(bytes);
    if (out.length < 3) continue;
    const written = out.shift();
    assert.ok(written !== undefined);
    written.fill(0);
    source.recycle(written);
  }
  assert.equal(position, content.length);
  assert.ok(memories.size < 20, `${memories.size} buffers for 40 chunks`);
});

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

describe('a source that can be read at once', () => {
  const most = 256 * 1024;

  for (const sizeBytes of [0, 1, 20_000, most]) {
    it(`puts all ${sizeBytes} bytes where they are wanted, and closes`, async (t) => {
      const content = randomBytes(sizeBytes);
      for (const digest of [sha256(content), null]) {
        const { root, source } = await open(t, content, digest, never, true);
        const target = Buffer.alloc(sizeBytes + 10, 1);
        assert.equal(source.readInto(target), true);
        assert.ok(target.subarray(0, sizeBytes).equals(content));
        assert.ok(target.subarray(sizeBytes + 1).every((byte) => byte === 1));
        assert.equal(source.digest(), sha256(content));
        assert.equal(openDescriptors(root), 0);
      }
    });
  }

  it('is small and on a local disk; any other is read in chunks', async (t) => {
    for (const [sizeBytes, isLocal] of [
      [most + 1, true],
      [10, false],
    ] as const) {
      const content = randomBytes(sizeBytes);
      const { source } = await open(t, content, null, never, isLocal);
      assert.equal(source.readInto(Buffer.alloc(sizeBytes + 1)), false);
      assert.ok(Buffer.concat(await collect(source)).equals(content));
    }
  });

  it('is read in chunks just as well', async (t) => {
    const content = randomBytes(1_000);
    const { source } = await open(t, content, sha256(content), never, true);
    assert.ok(Buffer.concat(await collect(source)).equals(content));
  });

  it('is read once', async (t) => {
    const { source } = await open(t, randomBytes(10), null, never, true);
    assert.equal(source.readInto(Buffer.alloc(11)), true);
    assert.throws(() => source.readInto(Buffer.alloc(11)), /second time/);
    await assert.rejects(collect(source), /second time/);
  });

  it('refuses other bytes than were expected', async (t) => {
    const { root, source } = await open(t, Buffer.from('abc'), sha256(Buffer.from('abd')), never, true);
    assert.throws(() => source.readInto(Buffer.alloc(4)), { name: 'SyncError', code: 'source_changed', path: 'a.mov' });
    assert.deepEqual([source.digest(), openDescriptors(root)], [null, 0]);
  });

  for (const [what, change] of Object.entries(changes)) {
    it(`refuses a file that ${what} after it was opened`, async (t) => {
      const content = randomBytes(20_000);
      for (const digest of [sha256(content), null]) {
        const { root, path, source } = await open(t, content, digest, never, true);
        change(path);
        assert.throws(() => source.readInto(Buffer.alloc(20_001)), { code: 'source_changed' });
        assert.equal(openDescriptors(root), 0);
      }
    });
  }

  it('refuses a file that does not end where its size says', { skip: process.platform !== 'linux' }, async () => {
    const path = { root: '/proc/sys', directory: 'kernel', name: 'ostype' };
    const source = await openSource(path, { sizeBytes: 0, sha256: null }, { signal: never, isLocal: true });
    assert.ok(source.kind === 'source');
    assert.throws(() => source.readInto(Buffer.alloc(1)), { code: 'source_changed' });
  });

  it('gives nothing after an abort', async (t) => {
    const controller = new AbortController();
    const { root, source } = await open(t, randomBytes(10), null, controller.signal, true);
    controller.abort(new Error('stop'));
    assert.throws(() => source.readInto(Buffer.alloc(11)), { message: 'stop' });
    await until('the file is closed', () => openDescriptors(root) === 0);
  });

  it('leaves no listener on the signal', async (t) => {
    const { signal } = new AbortController();
    const { source } = await open(t, randomBytes(10), null, signal, true);
    source.readInto(Buffer.alloc(11));
    assert.deepEqual(getEventListeners(signal, 'abort'), []);
  });
});

describe('where a source lies', () => {
  const expected = { sizeBytes: 6, sha256: null };
  const path = (root: string, directory: string) => ({ root, directory, name: 'a.png' });
  const kindOf = async (root: string, directory: string): Promise<string> => {
    const source = await openSource(path(root, directory), expected, { signal: never, isLocal: true });
    if (source.kind === 'source') await source.close();
    return source.kind === 'problem' ? source.problem.code : source.kind;
  };

  it('is looked at for each file, however often one was opened there: a directory may become a link', async (t) => {
    const outside = plantTemporary(t, { 'a.png': 'secret' });
    const root = plantTemporary(t, { sub: { 'a.png': 'inside' }, other: { 'a.png': 'inside' } });
    assert.deepEqual([await kindOf(root, 'sub'), await kindOf(root, 'sub')], ['source', 'source']);
    renameSync(join(root, 'sub'), join(root, 'moved'));
    symlinkSync(outside, join(root, 'sub'));
    assert.equal(await kindOf(root, 'sub'), 'outside_root');
    rmSync(join(root, 'sub'));
    symlinkSync(join(root, 'other'), join(root, 'sub'));
    assert.equal(await kindOf(root, 'sub'), 'changed', 'links inside are not followed either');
    assert.equal(openDescriptors(outside) + openDescriptors(root), 0);
  });

  it('follows a root that is a link to where it points now', async (t) => {
    const first = plantTemporary(t, { sub: { 'a.png': 'inside' } });
    const second = plantTemporary(t, { sub: { 'a.png': 'inside' } });
    const root = join(plantTemporary(t, {}), 'root');
    symlinkSync(first, root);
    assert.equal(await kindOf(root, 'sub'), 'source');
    rmSync(root);
    symlinkSync(second, root);
    assert.equal(await kindOf(root, 'sub'), 'source');
    renameSync(join(second, 'sub'), join(second, 'moved'));
    symlinkSync(join(first, 'sub'), join(second, 'sub'));
    assert.equal(await kindOf(root, 'sub'), 'outside_root');
  });

  it('follows a root that was moved, with another in its place', async (t) => {
    const base = plantTemporary(t, { root: { sub: { 'a.png': 'inside' } } });
    const root = join(base, 'root');
    assert.equal(await kindOf(root, 'sub'), 'source');
    renameSync(root, join(base, 'old'));
    mkdirSync(root);
    assert.equal(await kindOf(root, 'sub'), 'gone');
    symlinkSync(join(base, 'old', 'sub'), join(root, 'sub'));
    assert.equal(await kindOf(root, 'sub'), 'outside_root');
  });

  it('is not proven by a name that other bytes decode to', { skip: process.platform !== 'linux' }, async (t) => {
    const root = plantTemporary(t, { 'd\uDCFF': { 'a.png': 'inside' }, 'd\uFFFD': { 'a.png': 'inside' } });
    assert.deepEqual([await kindOf(root, 'd\uFFFD'), await kindOf(root, 'd\uDCFF')], ['source', 'source']);
    rmSync(join(root, 'd\uFFFD'), { recursive: true });
    const bytes = Buffer.concat([Buffer.from(`${root}/d`), Buffer.from([0xff])]);
    symlinkSync(bytes, join(root, 'd\uFFFD'));
    assert.equal(await kindOf(root, 'd\uFFFD'), 'changed');
  });
});

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

test('what was read ahead is forgotten with the iteration, also when it fails', async (t) => {
  const controller = new AbortController();
  const { source, root } = await open(t, randomBytes(5 * mebibyte), null, controller.signal);
  const chunks = source.chunks();
  assert.equal((await chunks.next()).done, false);
  // The next read is under way, and will fail; nobody waits for it.
  controller.abort(new Error('stop'));
  await chunks.return();
  assert.equal(openDescriptors(root), 0);
  await nextTurn();
});

test('chunks are given out once only', async (t) => {
  const { source } = await open(t, randomBytes(10), null);
  await collect(source);
  await assert.rejects(collect(source), /second time/);
});
