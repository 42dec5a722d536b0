import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContentState } from '../../../src/core/content.ts';
import type { FileStat } from '../../../src/core/entry.ts';
import { Inventory } from '../../../src/ledger/inventory.ts';
import { Reports } from '../../../src/ledger/reports.ts';
import { newContent, strictLedger, withFolder } from '../../support/ledgers.ts';

const stat: FileStat = { sizeBytes: 3, mtimeMs: 1, ctimeMs: 2, inode: 3, device: 4 };

interface Known {
  readonly name: string;
  readonly state?: ContentState;
  /** Of its content, or of the file itself where there is none. */
  readonly code: string | null;
  readonly isGone?: boolean;
}

const failed: readonly Known[] = [
  { name: 'refused by FLORA', state: 'rejected', code: 'input_validation_error' },
  { name: 'refused without a word', state: 'rejected', code: 'http_400' },
  { name: 'refused by its target', state: 'rejected', code: 'upload_refused' },
  { name: 'with a target that is not safe', state: 'rejected', code: 'target_refused' },
  { name: 'failed in FLORA', state: 'rejected', code: 'asset_failed' },
  { name: 'refused by a word that we have too', state: 'rejected', code: 'empty' },
  { name: 'missing', state: 'missing', code: 'asset_missing' },
  { name: 'not to be read', code: 'unreadable' },
  { name: 'on a sick disk', code: 'read_error' },
  { name: 'in a closed directory', code: 'unreadable_directory' },
  { name: 'on a lost drive', code: 'mount_missing' },
];

const rejected: readonly Known[] = [
  { name: 'empty', code: 'empty' },
  { name: 'of another type', code: 'unsupported_type' },
  { name: 'a link out', code: 'symlink_outside' },
  { name: 'a pipe', code: 'not_a_regular_file' },
];

const neither: readonly Known[] = [
  { name: 'ready', state: 'ready', code: null },
  { name: 'ready and odd', state: 'ready', code: 'converted' },
  { name: 'waiting', state: 'checking', code: 'upload_refused' },
  { name: 'to be compared', state: 'matching', code: 'match_pending' },
  { name: 'without its bytes', state: 'gone', code: 'source_lost' },
  { name: 'missing, and gone here', state: 'missing', code: 'asset_missing', isGone: true },
  { name: 'rejected, and gone here', state: 'rejected', code: 'asset_failed', isGone: true },
];

async function world() {
  const { ledger, database } = strictLedger();
  const { destinationId, folderId } = await withFolder(ledger);
  await ledger.write(({ contents, directories, files }) => {
    const directoryId = directories.save(folderId, '');
    for (const [at, { name, state, code, isGone = false }] of [...failed, ...rejected, ...neither].entries()) {
      if (state === undefined) {
        files.saveProblem(directoryId, name, stat, { code: code ?? '', reason: 'why' }, 1);
      } else {
        const sha256 = String(at).padStart(64, '0');
        const content = contents.insert(newContent(destinationId, { sha256, idempotencyKey: `key-${at}` }), 1);
        contents.save(
          content,
          { ...content, state, assetId: `asset_${at}`, reasonCode: code, reason: code === null ? null : 'why' },
          1,
        );
        files.saveContent(directoryId, name, stat, content.id, 1);
      }
      if (isGone) files.markGone(directoryId, name, 1);
    }
  });
  return database;
}

describe('what has failed', () => {
  it('is each file that was acceptable and is not in FLORA, whoever refused it: that is what is tried again', async () => {
    const files = new Inventory(await world()).failed(null, 100);
    assert.deepEqual(files.map(({ name }) => name).sort(), failed.map(({ name }) => name).sort());
  });

  it('is counted so, and what never was acceptable apart from it', async () => {
    const sums = new Reports(await world()).sums(0);
    const count = (isMeant: (sum: (typeof sums)[number]) => boolean) =>
      sums.filter(isMeant).reduce((all, sum) => all + sum.count, 0);
    assert.equal(
      count(({ failed: isFailed }) => isFailed === 1),
      failed.length,
    );
    assert.equal(
      count(({ state, failed: isFailed }) => state === 'rejected' && isFailed === 0),
      rejected.length,
    );
  });
});
