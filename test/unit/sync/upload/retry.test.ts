import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../../src/core/content.ts';
import { type RetryFile, retryFile } from '../../../../src/sync/upload/retry.ts';
import { memoryLedger, newContent, withFolder } from '../../../support/ledgers.ts';

const stat = { sizeBytes: 3, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 };
const problem = { code: 'unsupported_type', reason: 'It is text' };

async function world() {
  const { ledger } = memoryLedger();
  const { folderId, destinationId, root } = await withFolder(ledger);
  const looks: string[] = [];
  let woken = 0;
  const deps = {
    ledger,
    clock: { now: () => 5_000 } as never,
    random: { fraction: () => 0, token: () => 'key-2' },
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    onChange: () => {},
    creating: null,
    uploadsMissing: () => false,
    onLook: ({ name }: RetryFile) => void looks.push(name),
    onWork: () => {
      woken += 1;
    },
  };
  const directoryId = await ledger.write(({ directories }) => directories.save(folderId, ''));
  const file = { root, directory: '', name: 'a.png', folderId, directoryId };
  /** A file with a content in that state. */
  const put = (patch: Partial<Content>) =>
    ledger.write((tables) => {
      const inserted = tables.contents.insert(newContent(destinationId), 0);
      tables.contents.save(inserted, { ...inserted, ...patch }, 0);
      tables.files.saveContent(directoryId, 'a.png', stat, inserted.id, 0);
      return inserted.id;
    });
  const read = () => ledger.files.get(directoryId, 'a.png');
  return { ledger, folderId, deps, file, put, read, looks, woken: () => woken };
}

describe('a retry', () => {
  it('lets a worker keep what it has just bound', async () => {
    const { ledger, deps, file, put } = await world();
    const id = await put({ state: 'matching' });
    const content = ledger.contents.get(id);
    assert.ok(content !== undefined);
    // Both have read the same row; the worker's result is written first.
    const bound = { ...content, state: 'ready', assetId: 'asset_1' } as const;
    const written = ledger.write((tables) => tables.contents.save(content, bound, 1));
    const { outcome, state, message } = await retryFile(deps, file);
    assert.equal(await written, true);
    assert.deepEqual([outcome, state, message], ['unchanged', 'ready', 'has changed meanwhile: it is ready']);
    assert.equal(ledger.contents.get(id)?.assetId, 'asset_1');
  });

  it('makes a worker drop the result of what it had begun before', async () => {
    const { ledger, deps, file, put, woken } = await world();
    const id = await put({ state: 'matching' });
    const seen = ledger.contents.get(id);
    assert.ok(seen !== undefined);
    assert.equal((await retryFile(deps, file)).outcome, 'retried');
    assert.equal(woken(), 1);
    const isWritten = await ledger.write((tables) => tables.contents.save(seen, { ...seen, state: 'ready' }, 1));
    assert.equal(isWritten, false);
    assert.equal(ledger.contents.get(id)?.state, 'queued');
  });

  it('looks first for what a ledger that was put back may have forgotten, but not for what only waits for a look', async () => {
    for (const [state, becomes] of [
      ['rejected', 'matching'],
      ['matching', 'queued'],
    ] as const) {
      for (const isSearching of [true, false]) {
        const { ledger, folderId, deps, file, put } = await world();
        const id = await put({ state });
        await ledger.write(({ directories }) => directories.setNeedsMatching(folderId, isSearching));
        await retryFile(deps, file);
        assert.equal(ledger.contents.get(id)?.state, isSearching ? becomes : 'queued', `${state} ${isSearching}`);
      }
    }
  });

  it('asks about an asset that may be complete, and never lets it go', async () => {
    const { ledger, deps, file, put } = await world();
    const id = await put({ state: 'rejected', assetId: 'asset_1', isCompleteSent: true, reasonCode: 'asset_failed' });
    const { outcome, state } = await retryFile(deps, file);
    assert.deepEqual([outcome, state], ['retried', 'checking']);
    assert.equal(ledger.contents.get(id)?.assetId, 'asset_1');
  });

  it('looks at a file again whose bytes were gone when they were to be sent', async () => {
    const { deps, file, put, read, looks } = await world();
    await put({ state: 'gone' });
    assert.deepEqual((await retryFile(deps, file)).outcome, 'looked_at');
    assert.equal(read()?.stat.ctimeMs, -1);
    assert.deepEqual(looks, ['a.png']);
  });

  it('does not write an old problem over a file that was taken in meanwhile', async () => {
    const { ledger, folderId, deps, file, put, read } = await world();
    await ledger.write((tables) => {
      tables.files.saveProblem(tables.directories.save(folderId, ''), 'a.png', stat, problem, 0);
    });
    const admitted = put({ state: 'queued' });
    const { outcome } = await retryFile(deps, file);
    assert.equal(outcome, 'looked_at');
    assert.equal(read()?.contentId, await admitted);
    assert.equal(read()?.problem, null);
  });

  it('leaves a file with a problem gone that went away meanwhile', async () => {
    const { ledger, deps, file, read } = await world();
    await ledger.write(({ files }) => files.saveProblem(file.directoryId, 'a.png', stat, problem, 0));
    const gone = ledger.write(({ files }) => files.markGone(file.directoryId, 'a.png', 1));
    assert.equal((await retryFile(deps, file)).outcome, 'looked_at');
    await gone;
    assert.deepEqual([read()?.isGone, read()?.stat], [true, stat]);
  });

  it('is a fault of the program where a file has neither bytes nor a problem, or a state that nobody knows', async () => {
    const { ledger, deps, file, put } = await world();
    await put({});
    const { get } = ledger.contents;
    ledger.contents.get = () => undefined;
    await assert.rejects(retryFile(deps, file), { message: '/drop/a.png has neither a content nor a problem' });
    ledger.contents.get = (id) => ({ ...(get.call(ledger.contents, id) ?? assert.fail()), state: 'odd' as never });
    await assert.rejects(retryFile(deps, file), { message: 'Unknown content state odd' });
  });

  it('of a file that the ledger has never seen says so', async () => {
    const { deps, file } = await world();
    assert.equal((await retryFile(deps, file)).outcome, 'unknown');
    assert.equal((await retryFile(deps, { ...file, directoryId: file.directoryId + 1 })).outcome, 'unknown');
  });

  it('says what was done, or why nothing was', async () => {
    const { ledger, deps, file, put } = await world();
    const said = async (patch: Partial<Content>) => {
      await put(patch);
      return (await retryFile(deps, file)).message;
    };
    assert.equal((await retryFile(deps, file)).message, 'the ledger has never seen it');
    assert.equal(await said({ state: 'ready', assetId: 'asset_1' }), 'is ready');
    await ledger.write(({ files }) => files.saveProblem(file.directoryId, 'a.png', stat, problem, 0));
    assert.equal((await retryFile(deps, file)).message, 'was rejected (It is text), is looked at anew');
    await ledger.write(({ files }) => files.markGone(file.directoryId, 'a.png', 1));
    assert.equal((await retryFile(deps, file)).message, 'the file is not there any more');
  });

  for (const [patch, message] of [
    [{ state: 'queued' }, 'is on its way'],
    [
      { state: 'checking', assetId: 'asset_1', reasonCode: 'processing', reason: 'It takes long' },
      'is on its way: It takes long',
    ],
    [{ state: 'gone' }, 'is looked at anew'],
    [{ state: 'missing', assetId: 'asset_1' }, 'was missing, is tried again'],
    [{ state: 'rejected', reasonCode: 'x', reason: 'No' }, 'was rejected (No), is tried again'],
  ] as const)
    it(`says so: ${message}`, async () => {
      const { deps, file, put } = await world();
      await put(patch);
      assert.equal((await retryFile(deps, file)).message, message);
    });
});
