import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { knowFiles, statOn } from '../../../support/known-files.ts';
import { strictLedger, withFolder } from '../../../support/ledgers.ts';

describe('DirectoryStore', () => {
  it('counts files that are not gone, of the one folder, as far as is asked', async () => {
    const { ledger } = strictLedger();
    const folder = await withFolder(ledger);
    const other = await withFolder(ledger, '/other');
    const { directories } = ledger;
    await knowFiles(ledger, other, ['x', 'y']);
    assert.equal(directories.hasFiles(folder.folderId), false);
    await knowFiles(ledger, folder, ['a']);
    assert.deepEqual([directories.hasFiles(folder.folderId), directories.hasFiles(folder.folderId, 2)], [true, false]);
    await knowFiles(ledger, folder, ['sub/b']);
    assert.equal(directories.hasFiles(folder.folderId, 2), true);
    await ledger.write((tables) => tables.files.markGone(directories.save(folder.folderId, ''), 'a', 0));
    assert.equal(directories.hasFiles(folder.folderId, 2), false);
  });

  it('finds the device of a live file with bytes at any depth, and of no other', async () => {
    const { ledger } = strictLedger();
    const folder = await withFolder(ledger);
    const { directories } = ledger;
    await knowFiles(ledger, folder, ['top'], 1);
    await knowFiles(ledger, folder, ['card/one/two/deep'], 4);
    await ledger.write(({ files }) => {
      files.saveProblem(directories.save(folder.folderId, 'refused'), 'x', statOn(5), { code: 'x', reason: 'x' }, 0);
    });
    const deviceAt = (path: string) => directories.anyDevice(directories.find(folder.folderId, path)?.id ?? 0);
    assert.deepEqual(['card', 'card/one/two', 'refused'].map(deviceAt), [4, 4, null]);
    await ledger.write((tables) => tables.files.markGone(directories.save(folder.folderId, 'card/one/two'), 'deep', 0));
    assert.equal(deviceAt('card'), null);
    await knowFiles(ledger, folder, ['card/one/again'], 6);
    await ledger.write((tables) => tables.directories.markGone(directories.find(folder.folderId, 'card/one')?.id ?? 0));
    assert.equal(deviceAt('card'), null, 'the directory is gone');
  });

  it('forgets the root of one folder', async () => {
    const { ledger } = strictLedger();
    const [one, two] = [await withFolder(ledger, '/one'), await withFolder(ledger, '/two')];
    await ledger.write(({ directories }) => {
      directories.saveRootIdentity(one.folderId, '1:1:1');
      directories.saveRootIdentity(two.folderId, '2:2:2');
      directories.forgetRootIdentity(one.folderId);
    });
    assert.equal(ledger.directories.rootIdentity(one.folderId), null);
    assert.equal(ledger.directories.rootIdentity(two.folderId), '2:2:2');
  });
});
