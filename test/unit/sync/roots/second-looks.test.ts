import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SyncError } from '../../../../src/errors.ts';
import { RootGuard } from '../../../../src/sync/roots/root-guard.ts';
import { FakeLocal, type FakeRoot } from '../../../support/fake-root.ts';
import { HandClock } from '../../../support/hand-clock.ts';
import { knowFiles } from '../../../support/known-files.ts';
import { memoryLedger, withFolder } from '../../../support/ledgers.ts';

const drive: FakeRoot = { identity: '1:2:10', entries: { 'a.png': 'file' } };
const moved: FakeRoot = { identity: '3:4:50', entries: { 'a.png': 'file' } };
const empty: FakeRoot = { identity: '9:8:5', entries: {} };

async function bench() {
  const { ledger } = memoryLedger();
  const folder = await withFolder(ledger);
  const local = new FakeLocal(drive);
  const told: (string | null)[] = [];
  const onFolder = (_: unknown, trouble: SyncError | null) => void told.push(trouble?.code ?? null);
  const guard = new RootGuard({ ledger, local: local.port, clock: new HandClock(), onFolder }, [folder]);
  await guard.begin(folder);
  await guard.scanned(folder);
  await knowFiles(ledger, folder, ['a.png']);
  return { ledger, folder, local, guard, told };
}

function failure(code: 'folder_missing' | 'folder_unreadable'): SyncError {
  return new SyncError('It cannot be read', { code, op: 'scan' });
}

describe('a root between two looks', () => {
  it('that goes away after its identity was asked for is missing, whatever it was', async () => {
    for (const root of [moved, empty]) {
      const { local, guard, folder } = await bench();
      local.root = root;
      local.glance = () => {
        local.root = null;
        return null;
      };
      assert.equal(guard.trouble(folder)?.code, 'folder_missing');
      assert.equal(guard.mayTake(folder), false);
      local.root = root;
      assert.equal(await guard.begin(folder), true, 'the walk says why');
      assert.equal(guard.isThere(folder), false);
    }
  });

  it('that is another one by the end of a walk is walked again, if it will do', async () => {
    const { local, guard, folder, told } = await bench();
    local.root = moved;
    assert.equal(guard.failed(folder, failure('folder_missing')), true);
    assert.deepEqual(told, []);
  });

  it('that could not be read in between is not walked again at once, be it another one or the same', async () => {
    for (const [root, code] of [
      [moved, 'folder_unreadable'],
      [drive, 'folder_missing'],
      [drive, 'folder_unreadable'],
    ] as const) {
      const { local, guard, folder, told } = await bench();
      local.root = root;
      assert.equal(guard.failed(folder, failure(code)), false);
      assert.deepEqual(told, [code]);
      assert.equal(guard.isHalted(folder), true);
    }
  });

  it('says more than the error of the walk, if there is one', async () => {
    const { local, guard, folder, told } = await bench();
    local.root = empty;
    assert.equal(guard.failed(folder, failure('folder_unreadable')), false);
    assert.deepEqual(told, ['folder_replaced']);
    const gone = await bench();
    gone.local.root = null;
    assert.equal(gone.guard.failed(gone.folder, failure('folder_unreadable')), false);
    assert.deepEqual(gone.told, ['folder_unreadable'], 'of nothing only the error tells');
  });

  it('that nobody watches is no root at all', async () => {
    const { guard } = await bench();
    assert.equal(guard.isThere({ root: '/other' }), false);
    assert.throws(() => guard.trouble({ root: '/other' }), TypeError);
  });
});
