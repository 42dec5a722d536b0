import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../../src/core/content.ts';
import { unknownStat } from '../../../../src/core/diff.ts';
import { type RetryDeps, type RetryFile, retryFile } from '../../../../src/sync/upload/retry.ts';
import { HandClock } from '../../../support/hand-clock.ts';
import { memoryLedger, newContent, withFolder } from '../../../support/ledgers.ts';

const stat = { sizeBytes: 3, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 };
const path = '/drop/a.png';

/** A person asks for another try with a file whose content is this; null: with one that has a problem. */
async function asked(patch: Partial<Content> | null, isGone = false) {
  const { ledger } = memoryLedger();
  const { folderId, destinationId, root } = await withFolder(ledger);
  const rung: string[] = [];
  const deps: RetryDeps = {
    ledger,
    clock: new HandClock(),
    random: { fraction: () => 0, token: () => 'key-2' },
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    onChange: (before, after) => void rung.push(`${before.state} -> ${after.state}`),
    creating: null,
    uploadsMissing: () => false,
    onLook: ({ name }: RetryFile) => void rung.push(`look at ${name}`),
    onWork: () => void rung.push('work'),
  };
  const directoryId = await ledger.write(({ contents, directories, files }) => {
    directories.setNeedsMatching(folderId, false);
    const id = directories.save(folderId, '');
    if (patch === null) {
      files.saveProblem(id, 'a.png', stat, { code: 'type', reason: 'It is a text.' }, 1);
      return id;
    }
    const inserted = contents.insert(newContent(destinationId), 1);
    assert.ok(contents.save(inserted, { ...inserted, ...patch }, 1));
    files.saveContent(id, 'a.png', stat, inserted.id, 1);
    if (isGone) files.markGone(id, 'a.png', 1);
    return id;
  });
  const file = { root, directory: '', name: 'a.png', folderId, directoryId };
  const retried = await retryFile(deps, file);
  const row = ledger.files.get(directoryId, 'a.png');
  return { retried, rung, row, content: ledger.contents.get(1) };
}

const reason = { reasonCode: 'x', reason: 'It was refused.' };
const bound = { assetId: 'asset_1' };

describe('another try that a person asks for', () => {
  for (const [patch, outcome, state, message, rung] of [
    [{ state: 'ready', ...bound }, 'unchanged', 'ready', 'is ready', []],
    [{ state: 'queued' }, 'unchanged', 'queued', 'is on its way', []],
    [{ state: 'reserved', ...bound, ...reason }, 'unchanged', 'reserved', 'is on its way: It was refused.', []],
    [{ state: 'uploaded', ...bound }, 'unchanged', 'uploaded', 'is on its way', []],
    [{ state: 'checking', ...bound }, 'unchanged', 'checking', 'is on its way', []],
    [{ state: 'renewing', ...bound }, 'unchanged', 'renewing', 'is on its way', []],
    [{ state: 'gone' }, 'looked_at', 'gone', 'is looked at anew', ['look at a.png']],
    [
      { state: 'rejected', ...reason },
      'retried',
      'queued',
      'was rejected (It was refused.), is tried again',
      ['rejected -> queued', 'work'],
    ],
    [{ state: 'missing', ...bound }, 'retried', 'queued', 'was missing, is tried again', ['missing -> queued', 'work']],
    [{ state: 'matching' }, 'retried', 'queued', 'was matching, is tried again', ['matching -> queued', 'work']],
  ] as const) {
    it(`with a file that is ${patch.state} ${'reason' in patch ? 'for a reason ' : ''}is ${outcome}`, async () => {
      const done = await asked(patch);
      assert.deepEqual(done.retried, { path, outcome, state, message });
      assert.deepEqual(done.rung, rung);
      assert.equal(done.row?.stat.ctimeMs, patch.state === 'gone' ? -1 : 1);
    });
  }

  it('with a file that is not there any more changes nothing', async () => {
    const { retried, rung } = await asked({ state: 'rejected' }, true);
    const message = 'the file is not there any more';
    assert.deepEqual([retried, rung], [{ path, outcome: 'unchanged', state: 'gone', message }, []]);
  });

  it('with a file that was not sent looks at it anew, however it looks', async () => {
    const { retried, rung, row } = await asked(null);
    const message = 'was rejected (It is a text.), is looked at anew';
    assert.deepEqual([retried, rung], [{ path, outcome: 'looked_at', state: 'rejected', message }, ['look at a.png']]);
    assert.deepEqual([row?.stat, row?.problem?.reason], [unknownStat, 'It is a text.']);
  });

  it('with a name that the ledger has never seen says so', async () => {
    const { ledger } = memoryLedger();
    const { folderId, root } = await withFolder(ledger);
    const file = { root, directory: 'sub', name: 'a.png', folderId, directoryId: 9 };
    assert.deepEqual(await retryFile({ ledger } as unknown as RetryDeps, file), {
      path: '/drop/sub/a.png',
      outcome: 'unknown',
      state: null,
      message: 'the ledger has never seen it',
    });
  });
});
