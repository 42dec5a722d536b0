import '../../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  constants,
  ftruncateSync,
  mkdirSync,
  openSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { looksUnwritten } from '../../../../src/local/read/unwritten.ts';
import { openDescriptors } from '../../../support/descriptors.ts';
import { failing, standIn, systemError } from '../../../support/fs-calls.ts';
import { fifo, plantTemporary } from '../../../support/tree.ts';

const page = 4096;
const { signal } = new AbortController();

/** Pages of a file: of bytes, of zeros, or never written. */
type Page = 'bytes' | 'zeros' | 'hole';

async function judge(t: TestContext, pages: readonly Page[], extra = 0): Promise<boolean> {
  const root = plantTemporary(t, {});
  const file = openSync(join(root, 'a.mov'), 'w');
  ftruncateSync(file, pages.length * page + extra);
  for (const [at, kind] of pages.entries()) {
    if (kind !== 'hole') writeSync(file, Buffer.alloc(page, kind === 'bytes' ? 7 : 0), 0, page, at * page);
  }
  if (extra > 0) writeSync(file, Buffer.alloc(extra, 7), 0, extra, pages.length * page);
  closeSync(file);
  return await looksUnwritten({ root, directory: '', name: 'a.mov' }, signal);
}

const repeat = (kind: Page, count: number): Page[] => Array.from({ length: count }, () => kind);

describe('a file that may still have to be written', () => {
  it('ends with a page of zeros, be it written or not', async (t) => {
    assert.equal(await judge(t, ['bytes', 'zeros']), true);
    assert.equal(await judge(t, ['bytes', 'hole']), true);
    assert.equal(await judge(t, [...repeat('bytes', 600), 'zeros']), true);
  });

  it('has a hole, wherever it is', async (t) => {
    const root = plantTemporary(t, { sparse: '' });
    const file = openSync(join(root, 'sparse'), 'w');
    ftruncateSync(file, 1 << 20);
    closeSync(file);
    if (statSync(join(root, 'sparse')).blocks !== 0) return t.skip('files have no holes here');
    assert.equal(await judge(t, ['bytes', 'hole', 'hole', 'bytes']), true);
    assert.equal(await judge(t, ['bytes', 'hole', 'bytes']), true, 'one page');
    assert.equal(await judge(t, [...repeat('bytes', 255), 'hole', 'bytes']), true, 'the last of a mebibyte');
    assert.equal(await judge(t, [...repeat('bytes', 400), ...repeat('hole', 4), ...repeat('bytes', 400)], 9), true);
  });

  it('is finished, as far as can be told, where it has bytes in all places, or zeros that were written', async (t) => {
    assert.equal(await judge(t, ['bytes']), false);
    assert.equal(await judge(t, ['bytes', 'zeros', 'bytes']), false);
    assert.equal(await judge(t, ['zeros'], 9), false);
    assert.equal(await judge(t, [], 9), false);
    assert.equal(await judge(t, []), false);
  });

  it('is finished where it has bytes in all places, however few blocks a server keeps them in', async (t) => {
    const over = new AbortController();
    const reads: (readonly unknown[])[] = [];
    standIn(t, 'open (promise)', async (args, real) => {
      assert.equal(args[1], constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
      const file = (await real()) as FileHandle;
      const stats = await file.stat();
      file.stat = (async () => Object.assign(stats, { blocks: 0 })) as unknown as typeof file.stat;
      const read = file.read.bind(file) as (...args: unknown[]) => Promise<unknown>;
      file.read = ((_: Buffer, offset: number, length: number, position: number) => {
        reads.push([offset, length, position]);
        if (reads.length === 10) over.abort();
        return read(_, offset, length, position);
      }) as unknown as typeof file.read;
      return file;
    });
    const root = plantTemporary(t, { 'a.mov': Buffer.alloc(600 * page, 7) });
    assert.equal(await looksUnwritten({ root, directory: '', name: 'a.mov' }, over.signal), false);
    const mebibyte = 1_048_576;
    const last = [0, page, 599 * page];
    assert.deepEqual(reads, [last, ...[0, 1, 2].map((nth) => [0, mebibyte, nth * mebibyte])]);
  });

  it('is no link, pipe, directory or file that is gone', async (t) => {
    const root = plantTemporary(t, { pipe: fifo() });
    writeFileSync(join(root, 'zeros'), Buffer.alloc(page));
    symlinkSync(join(root, 'zeros'), join(root, 'link'));
    mkdirSync(join(root, 'directory'));
    const found = { zeros: true, link: false, pipe: false, directory: false, gone: false };
    for (const [name, expected] of Object.entries(found)) {
      assert.equal(await looksUnwritten({ root, directory: '', name }, signal), expected, name);
    }
  });
});

describe('whether a part of a file is still to be written', () => {
  const planted = (t: TestContext, sizeBytes: number) => {
    const root = plantTemporary(t, { 'a.png': Buffer.alloc(sizeBytes, 'a') });
    return { root, target: join(root, 'a.png'), path: { root, directory: '', name: 'a.png' } };
  };
  const withHole = (t: TestContext) => planted(t, 3 * page);

  for (const errno of ['EACCES', 'EIO', 'EMFILE', 'ENOENT', 'ELOOP']) {
    it(`is not told where opening it fails with ${errno}`, async (t) => {
      const { path, target } = withHole(t);
      truncateSync(target, 5 * page);
      assert.equal(await looksUnwritten(path, signal), true);
      failing(t, 'open (promise)', errno);
      assert.equal(await looksUnwritten(path, signal), false);
    });
  }

  it('fails with what no system says, and nothing stays open', async (t) => {
    const { path, root } = withHole(t);
    const end = standIn(t, 'open (promise)', () => Promise.reject(new TypeError('a bug')));
    await assert.rejects(looksUnwritten(path, signal), TypeError);
    end();
    assert.equal(openDescriptors(root), 0);
  });

  for (const call of ['stat', 'read'] as const) {
    it(`is not told where its ${call} fails, and it is closed`, async (t) => {
      const { path, root, target } = withHole(t);
      truncateSync(target, 5 * page);
      let thrown: Error = systemError('EIO', call);
      standIn(t, 'open (promise)', async (_, real) => {
        const file = (await real()) as FileHandle;
        file[call] = () => Promise.reject(thrown);
        return file;
      });
      assert.equal(await looksUnwritten(path, signal), false);
      assert.equal(openDescriptors(root), 0);
      thrown = new TypeError('a bug');
      await assert.rejects(looksUnwritten(path, signal), TypeError);
      assert.equal(openDescriptors(root), 0);
    });
  }

  it('is not told of a file that is cut while it is looked at: there is nothing more to read', async (t) => {
    const { path, root, target } = withHole(t);
    truncateSync(target, 5 * page);
    let reads = 0;
    standIn(t, 'open (promise)', async (_, real) => {
      const file = (await real()) as FileHandle;
      const read = file.read.bind(file) as (...args: unknown[]) => Promise<unknown>;
      file.read = ((...args: unknown[]) => {
        reads += 1;
        truncateSync(target, page);
        return read(...args);
      }) as typeof file.read;
      return file;
    });
    assert.equal(await looksUnwritten(path, signal), false);
    assert.ok(reads <= 2);
    assert.equal(openDescriptors(root), 0);
  });

  it('is not looked for once nobody wants to know', async (t) => {
    const { path, target } = planted(t, 10);
    // A hole in front, and bytes at the end.
    truncateSync(target, 0);
    truncateSync(target, 4 * 1_048_576);
    appendFileSync(target, Buffer.alloc(2 * page, 'a'));
    assert.equal(await looksUnwritten(path, signal), true);
    assert.equal(await looksUnwritten(path, AbortSignal.abort()), false);
  });
});
