import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { registerFolders } from '../../../src/setup/open-ledger.ts';
import { openDrop } from '../../support/drop.ts';
import { memoryLedger, newContent } from '../../support/ledgers.ts';

const destination = { workspaceId: 'ws_1', folder: null, projectId: null };
const settings = (...paths: readonly string[]) => ({
  folders: paths.map((path) => ({ path, destination, copies: 'share' as const, onMissing: 'report' as const })),
  onNewLedger: 'match' as const,
});

describe('the folders of the settings', () => {
  it('become the watched ones, in their order, each with the number that the ledger has for it', async () => {
    const { ledger } = memoryLedger();
    const [first, second] = await registerFolders(ledger, settings('/drop/a', '/drop/b'));
    assert.deepEqual([first?.root, second?.root, first?.copies], ['/drop/a', '/drop/b', 'share']);
    assert.notEqual(first?.folderId, second?.folderId);
    const again = await registerFolders(ledger, settings('/drop/b', '/drop/a'));
    assert.deepEqual(
      again.map(({ folderId }) => folderId),
      [second?.folderId, first?.folderId],
    );
    await registerFolders(ledger, settings('/drop/b'));
    assert.deepEqual(ledger.directories.toMatch(), [second?.folderId], 'the other is watched no more');
  });

  it('are searched for in FLORA by a new ledger, unless all is to be uploaded', async () => {
    const { ledger } = memoryLedger();
    const [folder] = await registerFolders(ledger, settings('/drop'));
    assert.deepEqual(ledger.directories.toMatch(), [folder?.folderId]);
    await registerFolders(ledger, { ...settings('/drop'), onNewLedger: 'upload' });
    assert.deepEqual(ledger.directories.toMatch(), []);
  });

  it('have what was refused looked at again: a start may be with other settings', async (t) => {
    let isAccepted = false;
    const refusal = { kind: 'problem', problem: { code: 'unsupported_type', reason: 'text/plain' } } as const;
    const { root, ledger, scan, contentOf, real } = await openDrop(
      t,
      { 'a.txt': 'one' },
      {
        inspect: async (path, signal) => {
          const seen = await real.inspect(path, signal);
          return isAccepted || seen.kind !== 'fingerprint' ? seen : { ...refusal, stat: seen.fingerprint.stat };
        },
      },
    );
    await scan();
    isAccepted = true;
    await scan();
    assert.equal(contentOf('one'), undefined, 'a file that did not change is not read again');
    await registerFolders(ledger, settings(root));
    await scan();
    assert.equal(contentOf('one')?.state, 'queued');
  });

  it('have nothing else looked at again', async (t) => {
    const { root, ledger, scan, contentOf, folder } = await openDrop(t, { a: 'one' });
    await scan();
    const statOf = () => {
      const directory = ledger.directories.find(folder.folderId, '');
      return ledger.files.get(directory?.id ?? 0, 'a')?.stat;
    };
    const before = statOf();
    await registerFolders(ledger, settings(root));
    assert.deepEqual(statOf(), before);
    assert.equal(contentOf('one')?.revision, 1);
  });

  it('leave it in doubt whether what was being sent in one piece has arrived', async () => {
    const { ledger } = memoryLedger();
    const sizes = [1 << 20, (1 << 20) + 1];
    const ids = await ledger.write(({ contents, directories }) =>
      sizes.map((sizeBytes) => {
        const own = { sha256: `${sizeBytes}`, idempotencyKey: `${sizeBytes}` };
        const made = contents.insert({ ...newContent(directories.destinationId(destination), own), sizeBytes }, 1);
        assert.ok(contents.save(made, { ...made, state: 'reserved', assetId: `asset_${sizeBytes}` }, 1));
        return made.id;
      }),
    );
    await registerFolders(ledger, settings('/drop'));
    assert.deepEqual(
      ids.map((id) => ledger.contents.get(id)?.mayHaveAllBytes),
      [true, false],
    );
  });
});
