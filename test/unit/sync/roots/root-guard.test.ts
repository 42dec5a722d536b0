import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DropFolder } from '../../../../src/core/drop-folder.ts';
import { SyncError } from '../../../../src/errors.ts';
import { RootGuard } from '../../../../src/sync/roots/root-guard.ts';
import { FakeLocal, type FakeRoot } from '../../../support/fake-root.ts';
import { HandClock } from '../../../support/hand-clock.ts';
import { knowFiles, statOn } from '../../../support/known-files.ts';
import { memoryLedger, withFolder } from '../../../support/ledgers.ts';

const minute = 60_000;
const drive: FakeRoot = { identity: '1:2:10', entries: { 'a.png': 'file', album: 'directory', 'album/b.png': 'file' } };
const mountPoint: FakeRoot = { identity: '9:8:5', entries: {} };
const stranger: FakeRoot = { identity: '7:2:20', entries: { 'x.png': 'file', other: 'directory' } };

/** A folder that was scanned once, with two files known in it. */
async function bench(known: readonly string[] = ['a.png', 'album/b.png'], root: FakeRoot = drive) {
  const { ledger } = memoryLedger();
  const folder = await withFolder(ledger);
  const local = new FakeLocal(root);
  const clock = new HandClock();
  const told: (SyncError | null)[] = [];
  /** As a start of the daemon finds it: nothing is known but the ledger. */
  const begin = (folders: readonly DropFolder[] = [folder]) =>
    new RootGuard({ ledger, local: local.port, clock, onFolder: (_, trouble) => void told.push(trouble) }, folders);
  const watch = begin();
  /** What a scan asks; true when it went through. */
  const scan = async (by = watch) => {
    if (!(await by.begin(folder)) || local.root === null) return false;
    await by.scanned(folder);
    return !by.isHalted(folder);
  };
  await scan();
  await knowFiles(ledger, folder, known);
  const codes = () => told.map((trouble) => trouble?.code ?? null);
  const saved = () => ledger.directories.rootIdentity(folder.folderId);
  return { ledger, folder, local, clock, watch, begin, scan, told, codes, saved };
}

/** Nothing in it is taken, and nothing missing is believed. */
function assertClosed(watch: RootGuard, folder: Parameters<RootGuard['trouble']>[0], code: string): void {
  assert.equal(watch.trouble(folder)?.code, code);
  assert.equal(watch.mayTake(folder), false);
  assert.equal(watch.isThere(folder), false);
  assert.equal(watch.isHalted(folder), true);
}

describe('a folder whose root', () => {
  it('is as it was is believed, in what is there and in what is missing', async () => {
    const { watch, folder, scan, told } = await bench();
    assert.equal(watch.trouble(folder), null);
    assert.equal(watch.isThere(folder), true);
    assert.equal(await scan(), true);
    assert.deepEqual(told, []);
  });

  it('is missing halts, told once, until a scan has found it', async () => {
    const { watch, folder, local, scan, codes } = await bench();
    local.root = null;
    assert.equal(watch.isThere(folder), false);
    assert.equal(watch.isThere(folder), false);
    assertClosed(watch, folder, 'folder_missing');
    local.root = drive;
    assertClosed(watch, folder, 'folder_missing');
    assert.equal(await scan(), true);
    assert.equal(watch.isThere(folder), true);
    assert.deepEqual(codes(), ['folder_missing', null]);
  });

  it('is looked at once for each file that is taken', async () => {
    const { watch, folder, local } = await bench();
    let looks = 0;
    const { rootIdentity } = local;
    local.rootIdentity = () => {
      looks += 1;
      return rootIdentity.call(local);
    };
    assert.equal(watch.mayTake(folder), true);
    assert.equal(looks, 1);
  });

  it('is another and empty halts before it is walked, told once', async () => {
    const { watch, folder, local, scan, codes, saved } = await bench();
    local.root = mountPoint;
    assert.equal(await scan(), false);
    assert.equal(await scan(), false);
    assertClosed(watch, folder, 'folder_replaced');
    assert.equal(saved(), drive.identity);
    local.root = drive;
    assert.equal(await scan(), true);
    assert.deepEqual(codes(), ['folder_replaced', null]);
  });

  it('has another device number only is the same one: whatever is missing there is believed', async () => {
    const { watch, folder, local, scan, told, saved } = await bench();
    for (const entries of [{ 'new.png': 'file' }, {}] as const) {
      local.root = { identity: '33:2:10', entries };
      assert.equal(watch.isThere(folder), true);
      assert.equal(await scan(), true);
    }
    assert.equal(saved(), '33:2:10');
    assert.deepEqual(told, []);
  });

  it('has the inode of another, but not its birth, or an unknown one, is not the same', async () => {
    for (const [before, after] of [
      ['1:2:10', '3:2:11'],
      ['1:2:0', '3:2:0'],
      ['1:2:10', '3:12:10'],
    ] as const) {
      const { local, scan } = await bench(['a.png'], { ...drive, identity: before });
      local.root = { ...stranger, identity: after };
      assert.equal(await scan(), false, `${after} is not ${before}`);
    }
  });

  it('is another and empty is believed when the ledger knows no file there', async () => {
    const { local, scan, saved } = await bench([]);
    local.root = mountPoint;
    assert.equal(await scan(), true);
    assert.equal(saved(), mountPoint.identity);
  });

  it('is another without any known name halts, and says how many are missing and what to do', async () => {
    const { watch, folder, local, scan, told } = await bench();
    local.root = stranger;
    assert.equal(await scan(), false);
    assertClosed(watch, folder, 'folder_replaced');
    assert.match(told[0]?.message ?? '', /another drive seems to be mounted/);
    assert.match(told[0]?.message ?? '', /all 2 names/);
    assert.match(told[0]?.message ?? '', /`flora-sync resume \/drop`/);
  });

  it('was empty for a while and is a strange one now is told of again', async () => {
    const { local, scan, told } = await bench();
    local.root = mountPoint;
    await scan();
    local.root = stranger;
    await scan();
    await scan();
    assert.equal(told.length, 2);
    assert.match(told[1]?.message ?? '', /another drive/);
  });

  const kinds = [
    ['a known file', { ...stranger.entries, 'a.png': 'file' }],
    ['a known file that cannot be read', { ...stranger.entries, 'a.png': 'problem' }],
    ['a known directory', { ...stranger.entries, album: 'directory' }],
  ] as const;
  for (const [what, entries] of kinds) {
    it(`is another with ${what} is believed, and is the one to know from then on`, async () => {
      const { watch, folder, local, scan, told, saved } = await bench();
      local.root = { ...stranger, entries };
      assert.equal(watch.trouble(folder), null);
      assert.equal(await scan(), true);
      assert.equal(saved(), stranger.identity);
      assert.deepEqual(told, []);
    });
  }

  it('is another is not believed for the names of files that were refused, and of directories with no others', async () => {
    const { ledger, folder, local, scan } = await bench();
    const problem = { code: 'unsupported_type', reason: 'no' };
    await ledger.write((tables) => {
      const { directories, files } = tables;
      files.saveProblem(directories.save(folder.folderId, ''), 'lost+found', statOn(1), problem, 0);
      files.saveProblem(directories.save(folder.folderId, 'System'), 'x.dat', statOn(1), problem, 0);
    });
    local.root = { ...stranger, entries: { 'lost+found': 'problem', System: 'directory' } };
    assert.equal(await scan(), false);
  });

  it('is another is not believed for the name of what was gone before', async () => {
    const { ledger, folder, local, scan } = await bench(['a.png', 'album/b.png', 'x.png']);
    await ledger.write(({ directories, files }) => {
      files.markGone(directories.save(folder.folderId, ''), 'x.png', 0);
    });
    local.root = stranger;
    assert.equal(await scan(), false);
  });

  it('is another is believed when nothing is known to compare with', async () => {
    const { ledger, folder, local, scan } = await bench([]);
    const problem = { code: 'unsupported_type', reason: 'no' };
    await ledger.write(({ directories, files }) =>
      files.saveProblem(directories.save(folder.folderId, ''), 'x.txt', statOn(1), problem, 0),
    );
    local.root = stranger;
    assert.equal(await scan(), true);
  });

  it('is looked at while another is mounted is not believed for the names of that one', async () => {
    const { watch, folder, local, scan } = await bench();
    local.root = stranger;
    // The right drive is mounted between the look at the identity and the look at the names.
    local.onLook = () => {
      local.root = drive;
    };
    watch.trouble(folder);
    local.onLook = () => {};
    local.root = stranger;
    assert.equal(await scan(), false);
  });

  it('is the mount point again, from before the drive was there, is another', async () => {
    const { ledger, folder, watch, local, scan } = await bench([], mountPoint);
    local.root = drive;
    // A hint may be faster than a scan: nothing is wrong, but all has to be scanned first.
    assert.equal(watch.trouble(folder), null);
    assert.equal(watch.mayTake(folder), false);
    await knowFiles(ledger, folder, ['a.png']);
    local.root = mountPoint;
    assert.equal(watch.isThere(folder), false);
    local.root = drive;
    assert.equal(await scan(), true);
    assert.equal(watch.mayTake(folder), true);
    local.root = mountPoint;
    assert.equal(await scan(), false);
  });

  it('is another, or was halted, is to be scanned at once; one that was only changed, or never scanned, is not', async () => {
    const { begin, ledger, watch, folder, local } = await bench();
    assert.equal(watch.isScanDue(folder), false);
    local.root = { ...drive, identity: '1:2:99' };
    assert.equal(watch.isScanDue(folder), false, 'only its birth time moved');
    for (const other of [mountPoint, { ...drive, identity: '1:3:10' }, { ...drive, identity: '2:2:10' }, null]) {
      local.root = other;
      assert.equal(watch.isScanDue(folder), true);
    }
    watch.isThere(folder);
    local.root = drive;
    assert.equal(watch.isScanDue(folder), true);
    const unknown = await ledger.write((tables) =>
      tables.directories.activateFolders([{ path: '/new', destinationId: 1 }]),
    );
    const fresh = { ...folder, folderId: unknown[0] ?? 0, root: '/new' };
    assert.equal(begin([folder, fresh]).isScanDue(fresh), false);
  });

  it('gave way to one that will do while it was walked is to be walked again, and nothing is told', async () => {
    const { watch, folder, local, codes } = await bench();
    const error = new SyncError('not there', { code: 'folder_missing', op: 'scan' });
    local.root = { ...drive, identity: '3:2:10' };
    assert.equal(watch.failed(folder, error), true);
    assert.deepEqual(codes(), []);
    local.root = stranger;
    assert.equal(watch.failed(folder, error), false);
    assert.deepEqual(codes(), ['folder_replaced']);
  });

  it('cannot be walked halts with what the walk said', async () => {
    const { watch, folder, codes } = await bench();
    const error = new SyncError('EACCES', { code: 'folder_unreadable', op: 'scan' });
    assert.equal(watch.failed(folder, error), false);
    assertClosed(watch, folder, 'folder_unreadable');
    assert.deepEqual(codes(), ['folder_unreadable']);
  });
});

describe('a folder that was emptied', () => {
  const emptied: FakeRoot = { ...drive, entries: {} };

  it('on a local disk is believed', async () => {
    const { watch, folder, local, scan } = await bench();
    local.root = emptied;
    assert.equal(watch.isThere(folder), true);
    assert.equal(await scan(), true);
  });

  it('on a server halts, and goes on once something is there', async () => {
    const { watch, folder, local, scan, codes, told } = await bench();
    local.isOnServer = true;
    local.root = emptied;
    assert.equal(watch.isThere(folder), false);
    assertClosed(watch, folder, 'folder_empty');
    assert.match(told[0]?.message ?? '', /60 minutes/);
    assert.equal(await scan(), false);
    local.root = { ...emptied, entries: { 'new.png': 'file' } };
    assert.equal(await scan(), true);
    assert.deepEqual(codes(), ['folder_empty', null]);
  });

  it('on a server is believed after an hour of nothing, and not sooner for having been empty before', async () => {
    const { watch, folder, local, clock, scan, codes } = await bench();
    local.isOnServer = true;
    local.root = emptied;
    assert.equal(await scan(), false);
    await clock.advance(50 * minute);
    assert.equal(await scan(), false);
    local.root = drive;
    assert.equal(await scan(), true);
    local.root = emptied;
    assert.equal(await scan(), false);
    await clock.advance(59 * minute);
    assert.equal(await scan(), false);
    await clock.advance(minute);
    assert.equal(await scan(), true);
    assert.equal(watch.isThere(folder), true);
    assert.deepEqual(codes(), ['folder_empty', null, 'folder_empty', null]);
  });

  it('on a server of its only file is believed', async () => {
    const { watch, folder, local } = await bench(['a.png']);
    local.isOnServer = true;
    local.root = emptied;
    assert.equal(watch.isThere(folder), true);
  });
});

describe('accepting a root', () => {
  it('ends the halt, with what is there and what is missing', async () => {
    const { watch, folder, local, scan, codes, saved } = await bench();
    local.root = stranger;
    await scan();
    assert.equal(await watch.accept(folder), null);
    assertClosed(watch, folder, 'folder_replaced');
    assert.equal(await scan(), true);
    assert.equal(watch.trouble(folder), null);
    assert.equal(watch.isThere(folder), true);
    assert.equal(saved(), stranger.identity);
    assert.deepEqual(codes(), ['folder_replaced', null]);
  });

  it('is about what is there now, whatever was believed before', async () => {
    const { watch, folder, local, scan } = await bench();
    local.root = { ...drive, identity: '3:2:10' };
    assert.equal(await scan(), true);
    local.root = stranger;
    assert.equal(await scan(), false);
    await watch.accept(folder);
    assert.equal(await scan(), true);
    assert.equal(watch.isThere(folder), true);
  });

  it('is kept in the ledger, for the next start', async () => {
    const { ledger, folder, local, begin, scan } = await bench();
    local.root = stranger;
    assert.equal(await scan(begin()), false);
    await ledger.write((tables) => tables.directories.forgetRootIdentity(folder.folderId));
    const next = begin();
    assert.equal(await scan(next), true);
    assert.equal(next.isThere(folder), true);
  });

  it('goes for an empty one, too, even on a server', async () => {
    const { watch, folder, local, scan } = await bench();
    local.isOnServer = true;
    for (const empty of [mountPoint, { ...drive, entries: {} }]) {
      local.root = drive;
      assert.equal(await scan(), true);
      local.root = empty;
      assert.equal(await scan(), false);
      assert.equal(await watch.accept(folder), null);
      assert.equal(await scan(), true);
      assert.equal(watch.isThere(folder), true);
    }
  });

  it('is for one root: the next stranger halts again', async () => {
    const { watch, folder, local, scan } = await bench();
    local.root = stranger;
    await scan();
    await watch.accept(folder);
    await scan();
    local.root = { identity: '5:5:5', entries: { 'y.png': 'file' } };
    assert.equal(await scan(), false);
  });

  it('cannot be done while nothing is there', async () => {
    const { watch, folder, local, saved } = await bench();
    local.root = null;
    assert.equal((await watch.accept(folder))?.code, 'folder_missing');
    assert.equal(saved(), drive.identity);
  });
});

describe('a drive mounted in a folder', () => {
  const root = { ...drive, entries: { ...drive.entries, card: 'directory', 'card/dcim': 'directory' } } as const;
  const mounted: FakeRoot = { ...root, devices: { card: 4, 'card/dcim': 4 } };
  const unmounted: FakeRoot = { ...drive, entries: { ...drive.entries, card: 'directory' } };

  async function withCard() {
    const on = await bench();
    await knowFiles(on.ledger, on.folder, ['card/dcim/c.png'], 4);
    on.local.root = mounted;
    assert.equal(await on.scan(), true);
    return on;
  }

  it('is not believed to be emptied when only its mount point is there, and nothing else is in doubt', async () => {
    const { watch, folder, local, codes } = await withCard();
    assert.equal(watch.isThere({ ...folder, directory: 'card/dcim' }), true);
    local.root = unmounted;
    assert.equal(watch.isMountLost({ ...folder, directory: 'card' }), true);
    assert.equal(watch.isThere({ ...folder, directory: 'card' }), false);
    assert.equal(watch.isThere({ ...folder, directory: 'card/dcim' }), false);
    assert.equal(watch.isThere({ ...folder, directory: 'card/dcim/deeper' }), false);
    assert.equal(watch.isThere({ ...folder, directory: 'album' }), true);
    assert.equal(watch.isThere(folder), true);
    assert.deepEqual(codes(), []);
  });

  it('is missed after a start, too, before and while all is scanned', async () => {
    const { folder, local, begin } = await withCard();
    local.root = unmounted;
    const next = begin();
    assert.equal(next.isThere({ ...folder, directory: 'card/dcim' }), false);
    assert.equal(await next.begin(folder), true);
    assert.equal(next.isThere({ ...folder, directory: 'card/dcim' }), false);
  });

  it('is believed to be emptied while it is mounted', async () => {
    const { watch, folder, local } = await withCard();
    local.root = { ...unmounted, devices: { card: 4 } };
    assert.equal(watch.isThere({ ...folder, directory: 'card/dcim' }), true);
  });

  it('is told from a directory of a root that was mounted again under another number', async () => {
    const { watch, folder, local, begin, scan } = await withCard();
    const entries = { 'a.png': 'file', album: 'directory' } as const;
    local.root = { identity: '12:2:10', entries };
    assert.equal(
      watch.isThere({ ...folder, directory: 'album' }),
      true,
      'by the number that it had when it was scanned',
    );
    const next = begin();
    assert.equal(await scan(next), true);
    assert.equal(next.isThere({ ...folder, directory: 'album' }), true, 'by the number that the ledger had');
  });

  it('is believed gone with its mount point, or with something else in it', async () => {
    const { watch, folder, local } = await withCard();
    local.root = drive;
    assert.equal(watch.isThere({ ...folder, directory: 'card/dcim' }), true);
    local.root = { ...unmounted, entries: { ...unmounted.entries, 'card/new.png': 'file' } };
    assert.equal(watch.isThere({ ...folder, directory: 'card/dcim' }), true);
  });

  it('is not suspected where files have other device numbers than their directories', async () => {
    const { watch, folder, local } = await withCard();
    local.root = { ...unmounted, devices: { card: null } };
    assert.equal(watch.isThere({ ...folder, directory: 'card/dcim' }), true);
  });

  it('is found again once: when it is back, or when its mount point is gone', async () => {
    const { watch, folder, local } = await withCard();
    for (const after of [mounted, drive]) {
      local.root = unmounted;
      assert.equal(watch.isMountLost({ ...folder, directory: 'card' }), true);
      assert.deepEqual(watch.takeFoundMounts(folder), []);
      local.root = after;
      assert.deepEqual(watch.takeFoundMounts(folder), ['card']);
      assert.deepEqual(watch.takeFoundMounts(folder), []);
    }
  });

  it('is believed gone when a person accepts the folder as it is', async () => {
    const { watch, folder, local, scan } = await withCard();
    local.root = unmounted;
    assert.equal(await watch.accept(folder), null);
    assert.equal(await watch.begin(folder), true);
    assert.equal(watch.isThere({ ...folder, directory: 'card/dcim' }), true);
    await scan();
    assert.equal(watch.isThere({ ...folder, directory: 'card/dcim' }), false, 'that scan was the end of it');
  });
});
