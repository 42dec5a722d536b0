import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FilePath } from '../../../../src/core/entry.ts';
import { type FingerprintResult, fingerprintFile, type Judgement } from '../../../../src/local/read/fingerprint.ts';
import { HEAD_BYTES, type MediaSource } from '../../../../src/media/source.ts';
import { openDescriptors } from '../../../support/descriptors.ts';
import { withoutRights } from '../../../support/nobody.ts';
import { fifo, link, plantTemporary } from '../../../support/tree.ts';

const signal = new AbortController().signal;

const picture: Judgement = { contentType: 'image/png', problem: null };

async function fingerprint(
  path: FilePath,
  judge = async (): Promise<Judgement> => picture,
): Promise<FingerprintResult> {
  return fingerprintFile(path, { signal, judge });
}

function problemOf(result: FingerprintResult): string {
  return result.kind === 'problem' ? result.problem.code : result.kind;
}

for (const isLocal of [true, false]) {
  for (const sizeBytes of [0, 1, 300_000, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1, 2_500_000]) {
    test(`a file of ${sizeBytes} bytes on a ${isLocal ? 'local' : 'remote'} disk has the digest of all, and is judged by its first MiB`, async (t) => {
      const content = randomBytes(sizeBytes);
      const root = plantTemporary(t, { sub: { 'a.png': content } });
      const heads: Buffer[] = [];
      const result = await fingerprintFile(
        { root, directory: 'sub', name: 'a.png' },
        {
          signal,
          isLocal,
          judge: async ({ head, sizeBytes: told }, name) => {
            heads.push(Buffer.from(head));
            assert.deepEqual([told, name], [sizeBytes, 'a.png']);
            return picture;
          },
        },
      );
      assert.ok(result.kind === 'fingerprint');
      assert.equal(result.fingerprint.sha256, createHash('sha256').update(content).digest('hex'));
      assert.equal(result.fingerprint.contentType, 'image/png');
      assert.equal(result.fingerprint.stat.sizeBytes, sizeBytes);
      assert.equal(result.fingerprint.stat.mtimeMs, lstatSync(join(root, 'sub', 'a.png')).mtimeMs);
      assert.deepEqual(heads, [content.subarray(0, HEAD_BYTES)]);
    });
  }
}

for (const sizeBytes of [1_000, 2_000_000]) {
  test(`files of ${sizeBytes} bytes that are read at the same time do not share memory`, async (t) => {
    const contents = Array.from({ length: 8 }, () => randomBytes(sizeBytes));
    const root = plantTemporary(t, Object.fromEntries(contents.map((content, at) => [`${at}`, content])));
    const digests = await Promise.all(
      contents.map(async (_, at) => {
        const judge = async () => {
          await nextTurn();
          return picture;
        };
        const result = await fingerprintFile({ root, directory: '', name: `${at}` }, { signal, isLocal: true, judge });
        return result.kind === 'fingerprint' ? result.fingerprint.sha256 : result.kind;
      }),
    );
    assert.deepEqual(
      digests,
      contents.map((content) => createHash('sha256').update(content).digest('hex')),
    );
  });
}

test('names that are not UTF-8 can be read, below directories that are not UTF-8', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const root = plantTemporary(t, { 'd\uDCFF': { 'f\uDC80.png': 'abc' } });
  const result = await fingerprint({ root, directory: 'd\uDCFF', name: 'f\uDC80.png' });
  assert.equal(result.kind, 'fingerprint');
});

test('a root that is a link is followed, links below it are not', async (t) => {
  const outside = plantTemporary(t, { 'secret.png': 'secret' });
  const real = plantTemporary(t, {
    'a.png': 'x',
    'link.png': link('a.png'),
    sub: { 'b.png': 'x' },
    alias: link('sub'),
    out: link(outside),
  });
  const root = join(plantTemporary(t, { root: link(real) }), 'root');
  assert.equal((await fingerprint({ root, directory: '', name: 'a.png' })).kind, 'fingerprint');
  assert.equal((await fingerprint({ root, directory: '', name: 'link.png' })).kind, 'changed');
  assert.equal((await fingerprint({ root, directory: 'alias', name: 'b.png' })).kind, 'changed');
  assert.equal(problemOf(await fingerprint({ root, directory: 'out', name: 'secret.png' })), 'outside_root');
});

test('a directory swapped for a link to the outside does not leak what is there', async (t) => {
  const outside = plantTemporary(t, { 'a.png': 'secret' });
  const root = plantTemporary(t, { sub: { 'a.png': 'x' } });
  const path = { root, directory: 'sub', name: 'a.png' };
  assert.equal((await fingerprint(path)).kind, 'fingerprint');
  renameSync(join(root, 'sub'), join(root, 'sub.old'));
  symlinkSync(outside, join(root, 'sub'));
  assert.equal(problemOf(await fingerprint(path)), 'outside_root');
});

test('what is not a file is told apart and never waited for', async (t) => {
  const root = plantTemporary(t, { sub: {}, pipe: fifo(), 'a.png': 'x' });
  assert.equal((await fingerprint({ root, directory: '', name: 'none' })).kind, 'gone');
  assert.equal((await fingerprint({ root, directory: 'none', name: 'none' })).kind, 'gone');
  assert.equal((await fingerprint({ root, directory: 'a.png', name: 'none' })).kind, 'gone');
  assert.equal((await fingerprint({ root, directory: '', name: 'sub' })).kind, 'gone');
  assert.equal(problemOf(await fingerprint({ root, directory: '', name: 'pipe' })), 'not_a_regular_file');
  assert.equal(problemOf(await fingerprint({ root: '/dev', directory: '', name: 'null' })), 'not_a_regular_file');
  assert.equal(problemOf(await fingerprint({ root, directory: '', name: 'x'.repeat(300) })), 'path_too_long');
});

for (const isLocal of [true, false]) {
  test(`a file ${isLocal ? 'here' : 'on a server'} that does not end where its size says has no fingerprint`, {
    skip: process.platform !== 'linux',
  }, async () => {
    const path = { root: '/proc/sys', directory: 'kernel', name: 'ostype' };
    const result = await fingerprintFile(path, { signal, isLocal });
    assert.deepEqual(result, { kind: 'changed' });
  });
}

test('a file that we may not read is a problem with the permission that is missing', (t) => {
  const root = plantTemporary(t, { 'a.png': 'x' });
  chmodSync(root, 0o755);
  chmodSync(join(root, 'a.png'), 0o000);
  const module = import.meta.resolve('../../../../src/local/read/fingerprint.js');
  const path = JSON.stringify({ root, directory: '', name: 'a.png' });
  const call = `fingerprint.fingerprintFile(${path}, { signal: new AbortController().signal })`;
  const result = withoutRights({ fingerprint: module }, call) as FingerprintResult;
  assert.ok(result.kind === 'problem');
  assert.equal(result.problem.code, 'unreadable');
  assert.match(result.problem.reason, /EACCES.*read permission/);
});

const changes: Record<string, (path: string) => void> = {
  grows: (path) => appendFileSync(path, 'more'),
  'is rewritten in place': (path) => writeFileSync(path, randomBytes(3_000_000)),
  shrinks: (path) => writeFileSync(path, 'less'),
  'has its directory replaced': (path) => {
    renameSync(dirname(path), join(dirname(dirname(path)), 'old'));
    mkdirSync(dirname(path));
    writeFileSync(path, randomBytes(3_000_000));
  },
  'is replaced by a rename': (path) => {
    writeFileSync(`${path}.new`, randomBytes(3_000_000));
    renameSync(`${path}.new`, path);
  },
};

for (const isLocal of [true, false]) {
  test(`a small file ${isLocal ? 'here' : 'on a server'} that was changed while its type was looked for is one version or none`, async (t) => {
    const root = plantTemporary(t, { 'a.png': 'before' });
    const path = join(root, 'a.png');
    utimesSync(path, 1, 1);
    const judge = async () => {
      writeFileSync(path, 'after!');
      return picture;
    };
    const result = await fingerprintFile({ root, directory: '', name: 'a.png' }, { signal, isLocal, judge });
    if (result.kind === 'changed') return assert.equal(isLocal, false);
    assert.ok(result.kind === 'fingerprint');
    assert.equal(result.fingerprint.sha256, createHash('sha256').update('before').digest('hex'));
    assert.equal(result.fingerprint.stat.mtimeMs, 1_000);
  });
}

for (const [what, change] of Object.entries(changes)) {
  test(`a file that ${what} while it is read has no fingerprint`, async (t) => {
    const root = plantTemporary(t, { sub: { 'a.mov': randomBytes(3_000_000) } });
    const path = join(root, 'sub', 'a.mov');
    // Long ago, so that a change within the same tick of the kernel's clock shows.
    utimesSync(path, 1, 1);
    const reading = fingerprint({ root, directory: 'sub', name: 'a.mov' });
    change(path);
    assert.deepEqual(await reading, { kind: 'changed' });
  });
}

test('a file that is removed while it is read is gone', async (t) => {
  const root = plantTemporary(t, { 'a.mov': randomBytes(3_000_000) });
  const reading = fingerprint({ root, directory: '', name: 'a.mov' });
  rmSync(join(root, 'a.mov'));
  mkdirSync(join(root, 'b'));
  assert.deepEqual(await reading, { kind: 'gone' });
});

test('no descriptor stays open, whatever happens', async (t) => {
  const root = plantTemporary(t, { 'a.mov': randomBytes(3_000_000), 'a.png': 'x' });
  const controller = new AbortController();
  const path = { root, directory: '', name: 'a.mov' };
  const reading = fingerprintFile(path, { signal: controller.signal });
  controller.abort(new Error('stop'));
  await assert.rejects(reading, { message: 'stop' });
  const broken = async (): Promise<Judgement> => {
    throw new Error('broken');
  };
  await assert.rejects(fingerprint({ root, directory: '', name: 'a.png' }, broken), { message: 'broken' });
  assert.equal(openDescriptors(root), 0);
});

test('a large file that is not wanted is refused by its head, and the rest is not read', async (t) => {
  const root = plantTemporary(t, { 'big.bin': 'x'.repeat(4 << 20) });
  let judged = 0;
  const problem = { code: 'unsupported_type', reason: 'It is big.' };
  const judge = async ({ head, sizeBytes }: MediaSource) => {
    judged += 1;
    assert.equal(head.length, HEAD_BYTES);
    assert.equal(sizeBytes, 4 << 20);
    return { contentType: 'application/octet-stream', problem };
  };
  assert.deepEqual(await fingerprintFile({ root, directory: '', name: 'big.bin' }, { signal, judge }), {
    kind: 'problem',
    problem,
  });
  assert.equal(judged, 1);
});

for (const isLocal of [true, false]) {
  for (const sizeBytes of [100_000, 3_000_000]) {
    test(`whoever judges ${sizeBytes} bytes ${isLocal ? 'here' : 'on a server'} can look at any place in them`, async (t) => {
      const content = randomBytes(sizeBytes);
      const root = plantTemporary(t, { 'a.mp4': content });
      const parts: Uint8Array[] = [];
      const judge = async ({ read }: MediaSource) => {
        for (const [position, length] of [
          [10, 20],
          [sizeBytes - 7, 7],
          [sizeBytes - 5, 100],
          [sizeBytes, 10],
          [sizeBytes + 1, 10],
          [HEAD_BYTES - 5, 10],
        ] as const) {
          parts.push(Uint8Array.from(await read(position, length)));
        }
        return picture;
      };
      const result = await fingerprintFile({ root, directory: '', name: 'a.mp4' }, { signal, isLocal, judge });
      assert.ok(result.kind === 'fingerprint');
      assert.equal(result.fingerprint.sha256, createHash('sha256').update(content).digest('hex'));
      assert.deepEqual(
        parts.map((part) => Buffer.from(part)),
        [
          content.subarray(10, 30),
          content.subarray(-7),
          content.subarray(-5),
          Buffer.alloc(0),
          Buffer.alloc(0),
          content.subarray(HEAD_BYTES - 5, HEAD_BYTES + 5),
        ],
      );
    });
  }
}

test('a file that is called unfinished is neither read on nor a problem', async (t) => {
  const root = plantTemporary(t, { 'a.mp4': Buffer.alloc(4 << 20) });
  const judge = async () => ({ ...picture, problem: { code: 'x', reason: 'x' }, doubtfulFor: 3 });
  for (const isLocal of [true, false]) {
    const result = await fingerprintFile({ root, directory: '', name: 'a.mp4' }, { signal, isLocal, judge });
    assert.deepEqual(result, { kind: 'unfinished', quietPeriods: 3 });
  }
});
