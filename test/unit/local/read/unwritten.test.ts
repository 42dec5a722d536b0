import assert from 'node:assert/strict';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { looksUnwritten } from '../../../../src/local/read/unwritten.ts';
import { plantTemporary } from '../../../support/tree.ts';

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
    assert.equal(await judge(t, [...repeat('bytes', 400), ...repeat('hole', 4), ...repeat('bytes', 400)], 9), true);
  });

  it('is finished, as far as can be told, where it has bytes in all places, or zeros that were written', async (t) => {
    assert.equal(await judge(t, ['bytes']), false);
    assert.equal(await judge(t, ['bytes', 'zeros', 'bytes']), false);
    assert.equal(await judge(t, ['zeros'], 9), false);
    assert.equal(await judge(t, [], 9), false);
    assert.equal(await judge(t, []), false);
  });

  it('is no link, directory or file that is gone', async (t) => {
    const root = plantTemporary(t, {});
    writeFileSync(join(root, 'zeros'), Buffer.alloc(page));
    symlinkSync(join(root, 'zeros'), join(root, 'link'));
    mkdirSync(join(root, 'directory'));
    const found = { zeros: true, link: false, directory: false, gone: false };
    for (const [name, expected] of Object.entries(found)) {
      assert.equal(await looksUnwritten({ root, directory: '', name }, signal), expected, name);
    }
  });
});
