import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SyncError } from '../../../../src/errors.ts';
import { RootGuard } from '../../../../src/sync/roots/root-guard.ts';
import { FakeLocal, type FakeRoot } from '../../../support/fake-root.ts';
import { HandClock, settled } from '../../../support/hand-clock.ts';
import { knowFiles, statOn } from '../../../support/known-files.ts';
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
    assert.throws(() => guard.trouble({ root: '/other' }), {
      name: 'TypeError',
      message: 'Not one of the drop folders',
    });
  });
});

describe('a root as it is judged', () => {
  it('is not taken from when it lists nothing, before anybody has told so', async () => {
    const { local, guard, folder, told, ledger } = await bench();
    await knowFiles(ledger, folder, ['b.png']);
    local.isOnServer = true;
    local.root = { ...drive, entries: {} };
    assert.equal(guard.mayTake(folder), false);
    assert.deepEqual(told, [], 'it only asked');
  });

  it('is asked about with its own path and device', async () => {
    const { ledger } = memoryLedger();
    const folder = await withFolder(ledger);
    const local = new FakeLocal({ ...drive, identity: '64769:2:10' });
    const asked: unknown[] = [];
    const port = {
      ...local.port,
      isRemote: (...question: unknown[]) => {
        asked.push(question);
        return false;
      },
    };
    const guard = new RootGuard({ ledger, local: port, clock: new HandClock(), onFolder: () => {} }, [folder]);
    await guard.begin(folder);
    assert.equal(guard.trouble(folder), null);
    assert.deepEqual(asked.splice(0), [[{ root: '/drop', directory: '', name: '' }, 64_769]]);
    await knowFiles(ledger, folder, ['a.png']);
    local.root = moved;
    port.look = (path) => {
      asked.push(path);
      return { kind: 'file', stat: statOn(1) };
    };
    assert.equal(guard.trouble(folder), null);
    assert.deepEqual(asked, [{ root: '/drop', directory: '', name: 'a.png' }]);
  });

  it('is the one that it was where no birth time is known, however little is left in it', async () => {
    const { ledger } = memoryLedger();
    const folder = await withFolder(ledger);
    const local = new FakeLocal({ ...drive, identity: '1:2:0' });
    const guard = new RootGuard({ ledger, local: local.port, clock: new HandClock(), onFolder: () => {} }, [folder]);
    await guard.begin(folder);
    await knowFiles(ledger, folder, ['a.png']);
    local.root = { identity: '1:2:0', entries: {} };
    assert.equal(guard.trouble(folder), null);
    local.root = { identity: '1:3:0', entries: {} };
    assert.equal(guard.trouble(folder)?.code, 'folder_replaced');
  });

  it('that was believed for what is in it stays believed when that is gone, before it is scanned', async () => {
    const { local, guard, folder } = await bench();
    local.root = moved;
    assert.equal(guard.trouble(folder), null);
    local.root = { ...moved, entries: {} };
    assert.equal(guard.trouble(folder), null);
    assert.equal(guard.isThere(folder), true);
  });

  it('that a person accepts is compared with none that was believed before', async () => {
    const { local, guard, folder } = await bench();
    local.root = moved;
    assert.equal(guard.trouble(folder), null, 'for what is in it');
    local.root = { identity: '5:5:5', entries: { 'x.png': 'file' } };
    assert.equal(guard.isThere(folder), false);
    assert.equal(await guard.accept(folder), null);
    assert.equal(await guard.begin(folder), true);
    assert.equal(guard.isThere(folder), true);
  });

  it('is not believed for a name that is skipped by now', async () => {
    const { local, guard, folder } = await bench();
    local.root = moved;
    local.look = () => ({ kind: 'ignored' });
    assert.equal(guard.trouble(folder)?.code, 'folder_replaced');
  });
});

describe('what is told of a root', () => {
  it('that was walked is told, unless it went away by the end', async () => {
    const { local, guard, folder, told } = await bench();
    local.root = empty;
    assert.equal(await guard.begin(folder), false);
    local.root = drive;
    assert.equal(await guard.begin(folder), true);
    local.root = null;
    await guard.scanned(folder);
    assert.equal(guard.isHalted(folder), true);
    local.root = drive;
    assert.equal(await guard.begin(folder), true);
    await guard.scanned(folder);
    await guard.scanned(folder);
    assert.deepEqual(told, ['folder_replaced', 'folder_missing', null]);
  });

  it('that is missing is told once, in whose words ever, and again when it is another', async () => {
    const { local, guard, folder, told } = await bench();
    local.root = null;
    assert.equal(await guard.begin(folder), true, 'the walk says why');
    assert.deepEqual(told, []);
    assert.equal(guard.isThere(folder), false);
    assert.equal(guard.failed(folder, failure('folder_missing')), false);
    assert.deepEqual(told, ['folder_missing']);
    local.root = empty;
    assert.equal(await guard.begin(folder), false);
    assert.equal(await guard.begin(folder), false);
    assert.deepEqual(told, ['folder_missing', 'folder_replaced']);
    assert.equal(guard.failed(folder, failure('folder_unreadable')), false);
    local.root = null;
    assert.equal(guard.failed(folder, failure('folder_unreadable')), false);
    assert.equal(guard.failed(folder, failure('folder_missing')), false);
    assert.deepEqual(told.slice(2), ['folder_unreadable', 'folder_missing']);
  });
});

describe('what the ledger has of a root', () => {
  /** How often it is written, each time slowly. */
  function countWrites(ledger: Awaited<ReturnType<typeof bench>>['ledger']) {
    const counted = { writes: 0 };
    const write = ledger.write.bind(ledger);
    Object.assign(ledger, {
      write: async (run: Parameters<typeof write>[0]) => {
        counted.writes += 1;
        await settled();
        return await write(run);
      },
    });
    return counted;
  }

  it('is durable when a scan begins, and written only where it is another', async () => {
    const { ledger, local, guard, folder } = await bench();
    const counted = countWrites(ledger);
    assert.equal(await guard.begin(folder), true);
    assert.equal(counted.writes, 0);
    local.root = moved;
    assert.equal(await guard.begin(folder), true);
    assert.equal(ledger.directories.rootIdentity(folder.folderId), moved.identity);
    assert.equal(await guard.begin(folder), true);
    assert.equal(counted.writes, 1);
  });

  it('is nothing once a person has accepted what is there, until that is scanned: a crash in between forgets nothing', async () => {
    const { ledger, local, guard, folder } = await bench();
    countWrites(ledger);
    local.root = empty;
    assert.equal(await guard.accept(folder), null);
    assert.equal(ledger.directories.rootIdentity(folder.folderId), null);
    assert.equal(await guard.begin(folder), true);
    assert.equal(ledger.directories.rootIdentity(folder.folderId), empty.identity);
  });
});

describe('an empty directory', () => {
  it('is no lost mount where its files were on the device that the root had when it was scanned first', async () => {
    const { ledger, local, guard, folder } = await bench();
    await knowFiles(ledger, folder, ['sub/b.png'], 1);
    local.root = { identity: '12:2:10', entries: { 'a.png': 'file', sub: 'directory' } };
    assert.equal(guard.isThere({ ...folder, directory: 'sub' }), true);
  });

  const root: FakeRoot = { identity: '1:2:10', entries: { 'a.png': 'file', sub: 'directory' } };

  it('is no lost mount where nobody knows it, where none of its files had bytes, or where it was gone before', async () => {
    const { ledger, local, guard, folder } = await bench();
    local.root = root;
    const at = { ...folder, directory: 'sub' };
    assert.equal(guard.isMountLost(at), false, 'never seen');
    const subId = await ledger.write(({ directories, files }) => {
      const id = directories.save(folder.folderId, 'sub');
      files.saveProblem(id, 'x.txt', statOn(4), { code: 'type', reason: 'no' }, 0);
      return id;
    });
    assert.equal(guard.isMountLost(at), false, 'nothing in it is missed');
    await knowFiles(ledger, folder, ['sub/b.png'], 4);
    assert.equal(guard.isMountLost(at), true);
    assert.equal(guard.isMountLost({ ...folder, directory: 'sub/deep/er' }), true);
    assert.equal(guard.isMountLost({ ...folder, directory: '' }), false);
    await ledger.write(({ directories }) => directories.markGone(subId));
    assert.equal(guard.isMountLost(at), false);
  });
});
