import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LocalPort } from '../../../../src/sync/ports/local.ts';
import { findSource, openFirst } from '../../../../src/sync/upload/sources.ts';
import { FakeLocal } from '../../../support/fake-root.ts';
import { knowFiles } from '../../../support/known-files.ts';
import { memoryLedger, withFolder } from '../../../support/ledgers.ts';

const { signal } = new AbortController();

/** A content with one file, which looks right and can be opened; `isThere` says whether it may be believed. */
async function bench(isThere: boolean, entries: Readonly<Record<string, 'file' | 'directory'>>) {
  const { ledger } = memoryLedger();
  const folder = await withFolder(ledger);
  await knowFiles(ledger, folder, ['sub/a.png']);
  const content = ledger.contents.get(1);
  assert.ok(content !== undefined);
  const asked: string[] = [];
  let isClosed = false;
  const close = async () => {
    isClosed = true;
  };
  const openSource: LocalPort['openSource'] = async ({ directory, name }) =>
    entries[`${directory}/${name}`] === undefined
      ? { kind: 'gone' }
      : { kind: 'source', sizeBytes: 3, async *chunks() {}, close };
  const deps = {
    ledger,
    local: { ...new FakeLocal({ identity: '1:1:1', entries }).port, openSource },
    roots: {
      isThere: ({ root, directory = '' }: { root: string; directory?: string }) => {
        asked.push(`${root}/${directory}`);
        return isThere;
      },
    },
  };
  return { deps, content, asked, isClosed: () => isClosed };
}

describe('a source', () => {
  const here = { 'sub/a.png': 'file' } as const;

  it('that looks right is taken where its root may be believed, without a look at the drives below', async () => {
    const { deps, content, asked } = await bench(true, here);
    assert.equal(findSource(deps, content).path?.name, 'a.png');
    const opened = await openFirst(deps, content, signal);
    assert.equal(opened.source === null ? null : opened.path.name, 'a.png');
    assert.deepEqual([...new Set(asked)], ['/drop/']);
  });

  it('that looks right on another drive is not touched, and is waited for', async () => {
    const { deps, content, isClosed } = await bench(false, here);
    assert.deepEqual(findSource(deps, content), { path: null, doubted: [], isWaiting: true });
    assert.deepEqual(await openFirst(deps, content, signal), { source: null, doubted: [], isWaiting: true });
    assert.equal(isClosed(), true);
  });

  it('that is missing is waited for where nothing may be believed, and doubted elsewhere', async () => {
    for (const isThere of [false, true]) {
      const { deps, content } = await bench(isThere, {});
      const opened = await openFirst(deps, content, signal);
      assert.ok(opened.source === null);
      const found = findSource(deps, content);
      assert.ok(found.path === null);
      for (const { isWaiting, doubted } of [found, opened]) {
        assert.equal(isWaiting, !isThere);
        assert.equal(doubted.length, isThere ? 1 : 0);
      }
    }
  });
});
