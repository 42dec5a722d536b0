import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FilePath } from '../../../../src/core/entry.ts';
import { SyncError } from '../../../../src/errors.ts';
import { Hints } from '../../../../src/sync/intake/hints.ts';
import { Intake } from '../../../../src/sync/intake/intake.ts';
import type { LocalPort, ScannedListing } from '../../../../src/sync/ports/local.ts';
import { nobodyWatches } from '../../../../src/sync/ports/watch.ts';
import type { RootGuard } from '../../../../src/sync/roots/root-guard.ts';
import { CountingClock } from '../../../support/counting-clock.ts';
import { openDrop } from '../../../support/drop.ts';
import { fixedRules } from '../../../support/fixed-rules.ts';
import { settled } from '../../../support/hand-clock.ts';
import { knowFiles } from '../../../support/known-files.ts';
import { memoryLedger, withFolder } from '../../../support/ledgers.ts';
import { until } from '../../../support/until.ts';

describe('the intake', () => {
  it('is not idle while it scans, be there nothing at all', async (t) => {
    let release = () => {};
    const drop = await openDrop(t, {}, { walk: () => new Promise<void>((resolve) => (release = resolve)) });
    assert.equal(drop.intake.isIdle, true);
    const scanning = drop.intake.scan(drop.folder);
    await settled();
    assert.deepEqual([drop.intake.isIdle, drop.intake.pendingFiles], [false, 0]);
    release();
    assert.equal(await scanning, true);
    assert.equal(drop.intake.isIdle, true);
  });

  it('is not idle while a hint waits, be it about nothing', async (t) => {
    const drop = await openDrop(t, {});
    await drop.scan();
    drop.hint('', 'never.png');
    assert.deepEqual([drop.intake.isIdle, drop.intake.pendingFiles], [false, 0]);
    await until('the hint was handled', () => drop.intake.isIdle);
  });

  it('is not idle while a file is read, and lists it as finished, held by nobody', async (t) => {
    let release = () => {};
    let isRead = false;
    const drop = await openDrop(
      t,
      { 'a.png': 'one' },
      {
        inspect: async () => {
          isRead = true;
          await new Promise<void>((resolve) => (release = resolve));
          return { kind: 'gone' };
        },
      },
    );
    await drop.intake.scan(drop.folder);
    await until('the file is read', () => isRead);
    assert.deepEqual([drop.intake.isIdle, drop.intake.pendingFiles, drop.intake.heldOpen], [false, 1, 0]);
    const [listed, ...others] = await drop.intake.list(new AbortController().signal);
    assert.deepEqual(
      [listed?.file.name, listed?.stat.sizeBytes, listed?.isSettled, listed?.held, others],
      ['a.png', 3, true, null, []],
    );
    release();
  });
});

const noLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const emptyListing: ScannedListing = {
  ...{ root: '/drop', directory: '', files: [], subdirectories: [], problems: [], entryCount: 0 },
  identity: { device: 1, inode: 1, birthtimeMs: 1 },
};

function noTrouble(): { trouble: SyncError | null; refusal: SyncError | null } {
  return { trouble: null, refusal: null };
}

/** The intake with a clock that stands still, over a folder, a disk and hints that do as the test says. */
async function intakeAlone() {
  const { ledger } = memoryLedger();
  const folder = await withFolder(ledger);
  const clock = new CountingClock();
  const stopping = new AbortController();
  const events: string[] = [];
  const errors: unknown[] = [];
  const told = { progress: 0, isIdle: false, pending: -1 };
  const root = { begins: true, mayTake: true, isHalted: false, isDue: false, ...noTrouble() };
  const found: string[] = [];
  const again: boolean[] = [];
  const slowly = async <T>(event: string, value: T): Promise<T> => {
    await settled();
    events.push(event);
    return value;
  };
  const disk = {
    walk: async (_: string, __: string, ___: Parameters<LocalPort['walk']>[2]) => {},
    read: async () => await slowly('read', { kind: 'listing', listing: emptyListing }),
    isGone: (_: string) => false,
    inspect: async () => ({ kind: 'gone' }),
    isHeld: false,
  };
  const lookAt = () => ({
    sizeBytes: 3,
    mtimeMs: clock.now() - 0.25,
    ctimeMs: clock.now() - 0.25,
    inode: 1,
    device: 1,
  });
  const stat = lookAt();
  const write = ledger.write.bind(ledger);
  Object.assign(ledger, {
    write: async (run: Parameters<typeof write>[0]) => {
      await settled();
      const result = await write(run);
      events.push('written');
      return result;
    },
  });
  const hints = new Hints(clock);
  const intake: Intake = new Intake(
    {
      ledger,
      clock,
      random: { fraction: () => 0.5, token: () => 'token' },
      log: noLog,
      matching: { begin: () => assert.fail('nothing is taken in here') },
      rules: fixedRules(),
      local: {
        walk: async (
          of: string,
          directory: string,
          handlers: Parameters<LocalPort['walk']>[2],
          signal: AbortSignal,
        ) => {
          assert.deepEqual([of, signal], ['/drop', stopping.signal]);
          await disk.walk(of, directory, handlers);
          await slowly(`walked ${directory}`, undefined);
        },
        read: () => disk.read(),
        look: ({ name }: FilePath) => (disk.isGone(name) ? { kind: 'gone' } : { kind: 'file', stat }),
        detour: () => null,
        isUnfinished: () => false,
        isRemote: () => false,
        openForWriting: async (keys: ReadonlySet<string>) =>
          new Map(disk.isHeld ? [...keys].map((key) => [key, [{ pid: 1, name: 'a writer' }]]) : []),
        inspect: () => disk.inspect(),
      } as unknown as LocalPort,
      roots: {
        begin: async () => await slowly('began', root.begins),
        mayTake: () => root.mayTake,
        isThere: () => true,
        isMountLost: () => false,
        trouble: () => root.trouble,
        isHalted: () => root.isHalted,
        isScanDue: () => root.isDue,
        scanned: async () => await slowly('scanned', undefined),
        accept: async () => await slowly('accepted', root.refusal),
        failed: (_: unknown, { message }: SyncError) => {
          events.push(`failed: ${message}`);
          return again.pop() ?? false;
        },
        takeFoundMounts: () => found.splice(0),
      } as unknown as RootGuard,
      hints,
      watch: { ...nobodyWatches, add: (_, { directory }) => void events.push(`watched '${directory}'`) },
      quietMs: 1_000,
      signal: stopping.signal,
      onWork: () => assert.fail('nothing is taken in here'),
      onProgress: () =>
        Object.assign(told, { progress: told.progress + 1, isIdle: intake.isIdle, pending: intake.pendingFiles }),
      onError: (error) => errors.push(error),
    },
    [folder],
  );
  const listed = (count: number): ScannedListing => ({
    ...emptyListing,
    files: Array.from({ length: count }, (_, at) => ({ name: `${at}`, stat })),
    entryCount: count,
  });
  const directoryId = await write(({ directories }) => directories.save(folder.folderId, ''));
  /** A file that is due to be looked at once more. */
  const noteRacy = async () => {
    await knowFiles({ ...ledger, write } as never, folder, ['racy']);
    await write(({ racyFiles }) => racyFiles.note(directoryId, 'racy', 1));
  };
  return {
    ...{ ledger, folder, clock, stopping, events, errors, told, root, found, again, disk, hints, intake, listed },
    ...{ noteRacy, stat, directoryId },
  };
}

describe('a scan', () => {
  it('walks what the root guard lets it, and says whether all of it was read', async () => {
    const { intake, folder, root, events, stopping, disk } = await intakeAlone();
    assert.equal(await intake.scan(folder), true);
    assert.deepEqual(events.splice(0), ['began', 'walked ', 'scanned']);
    assert.equal(await intake.scan(folder, 'sub'), true);
    assert.deepEqual(events.splice(0), ['walked sub'], 'of the whole folder this says nothing');
    root.isHalted = true;
    assert.equal(await intake.scan(folder), false);
    assert.deepEqual(events.splice(0), ['began', 'walked ', 'scanned']);
    root.isHalted = false;
    root.begins = false;
    assert.equal(await intake.scan(folder), false);
    root.mayTake = false;
    assert.equal(await intake.scan(folder, 'sub'), false);
    assert.deepEqual(events.splice(0), ['began']);
    root.begins = true;
    disk.walk = async () => stopping.abort();
    assert.equal(await intake.scan(folder), false);
  });

  it('is begun again where the root guard wants it, and its outcome is that of the last', async () => {
    const { intake, folder, events, disk, again } = await intakeAlone();
    let walks = 0;
    disk.walk = async () => {
      walks += 1;
      if (walks < 3) throw new SyncError(`walk ${walks}`, { code: 'folder_missing', scope: 'folder', op: 'scan' });
    };
    again.push(true, true);
    assert.equal(await intake.scan(folder), true);
    assert.deepEqual(events, ['began', 'failed: walk 1', 'began', 'failed: walk 2', 'began', 'walked ', 'scanned']);
    assert.equal(intake.isIdle, true);
  });

  it('watches each directory before it is compared, and is over when all is written down', async () => {
    const { intake, folder, events, disk, ledger, directoryId } = await intakeAlone();
    await knowFiles(ledger, folder, ['gone.png']);
    events.length = 0;
    disk.isGone = () => true;
    disk.walk = async (_, __, handlers) => {
      await handlers.onDirectory(emptyListing);
      events.push('compared');
      await handlers.onUnreadable('sub', { code: 'unreadable', reason: 'no' });
      events.push('told');
    };
    await intake.scan(folder);
    assert.deepEqual(events, ['began', "watched ''", 'written', 'compared', 'written', 'told', 'walked ', 'scanned']);
    assert.equal(ledger.files.get(directoryId, 'sub')?.problem?.code, 'unreadable');
  });

  it('of another drive tells nothing: not what it holds, nor what cannot be read there', async () => {
    const { intake, folder, events, disk, root, ledger, directoryId } = await intakeAlone();
    disk.walk = async (_, __, handlers) => {
      root.trouble = new SyncError('another', { code: 'folder_replaced', scope: 'folder', op: 'scan' });
      await handlers.onUnreadable('sub', { code: 'unreadable', reason: 'no' });
      await handlers.onDirectory({ ...emptyListing, problems: [] });
    };
    assert.equal(await intake.scan(folder), false);
    assert.deepEqual(events, ['began', 'failed: another']);
    assert.equal(ledger.files.get(directoryId, 'sub'), undefined);
  });

  it('looks at racy files last, and is over when they are in hand', async () => {
    const { intake, folder, events, noteRacy, stopping } = await intakeAlone();
    await noteRacy();
    assert.equal(await intake.scan(folder), true);
    assert.deepEqual(events, ['began', 'walked ', 'scanned', 'written']);
    const [inHand, ...others] = await intake.list(stopping.signal);
    assert.deepEqual([inHand?.file.name, inHand?.isSettled, others], ['racy', false, []]);
  });

  it('that has 4,001 files in hand waits, and goes on when there is room', async () => {
    const { intake, folder, disk, clock, listed, errors } = await intakeAlone();
    disk.isHeld = true;
    disk.walk = async (_, __, handlers) => await handlers.onDirectory(listed(4_003));
    let isOver = false;
    const scanning = intake.scan(folder).then(() => {
      isOver = true;
    });
    await settled();
    await settled();
    assert.deepEqual([intake.pendingFiles, isOver], [4_001, false]);
    disk.isGone = (name) => name === '0';
    await clock.advance(1_500);
    assert.deepEqual([intake.pendingFiles, isOver], [4_001, false], 'one has gone, and another come');
    disk.isGone = () => true;
    await clock.advance(1_500);
    await scanning;
    assert.deepEqual([isOver, errors], [true, []]);
    assert.ok(intake.pendingFiles <= 2);
  });
});

describe('what is looked for because nothing tells of it', () => {
  it('is a folder that is due, drives that are back, and racy files; of a halted one only itself', async () => {
    const { intake, root, events, found, clock, noteRacy } = await intakeAlone();
    await intake.scanHalted();
    assert.deepEqual(events.splice(0), []);
    root.isDue = true;
    root.trouble = new SyncError('away', { code: 'folder_missing', scope: 'folder', op: 'scan' });
    await intake.scanHalted();
    assert.deepEqual(events.splice(0), ['began', 'walked ', 'scanned']);
    found.push('top/card');
    await noteRacy();
    root.isDue = false;
    await intake.scanHalted();
    assert.deepEqual([events, found], [[], ['top/card']]);
    root.trouble = null;
    await intake.scanHalted();
    assert.deepEqual(events.splice(0), ['walked top/card', 'written']);
    assert.equal(intake.pendingFiles, 1);
    await clock.advance(20);
    assert.equal(intake.pendingFiles, 2, 'the mount point itself was hinted, and is a file by now');
  });
});

describe('a root that a person accepts', () => {
  it('is scanned, and what keeps it halted after that is told; one that is not there is not', async () => {
    const { intake, folder, root, events, disk } = await intakeAlone();
    const trouble = new SyncError('another', { code: 'folder_replaced', scope: 'folder', op: 'scan' });
    assert.equal(await intake.accept(folder), null);
    assert.deepEqual(events.splice(0), ['accepted', 'began', 'walked ', 'scanned']);
    disk.walk = async () => {
      root.trouble = trouble;
    };
    assert.equal(await intake.accept(folder), trouble);
    assert.deepEqual(events.splice(0), ['accepted', 'began', 'walked ', 'scanned']);
    root.trouble = null;
    root.refusal = trouble;
    assert.equal(await intake.accept(folder), trouble);
    assert.deepEqual(events, ['accepted']);
  });
});

describe('a hint', () => {
  it('is looked into for the folders that there are, until the daemon is to stop', async () => {
    const { intake, hints, clock, errors, stopping, events, told, disk } = await intakeAlone();
    hints.add({ root: '/other', directory: '', name: 'a' });
    await clock.advance(20);
    assert.deepEqual([intake.pendingFiles, errors], [0, []]);
    hints.add({ root: '/drop', directory: '', name: 'a' });
    assert.equal(told.isIdle, true);
    await clock.advance(20);
    assert.deepEqual([intake.pendingFiles, told.pending, told.isIdle], [1, 1, false]);
    disk.isGone = () => true;
    hints.add({ root: '/drop', directory: '', name: 'a' });
    await clock.advance(20);
    assert.equal(intake.pendingFiles, 0, 'it is waited for no more');
    stopping.abort();
    hints.add({ root: '/drop', directory: '', name: null });
    await clock.advance(20);
    assert.deepEqual([events, errors], [[], []]);
  });

  it('that fails is told, unless the daemon is to stop; then others are looked into', async () => {
    for (const isStopping of [false, true]) {
      const { intake, hints, clock, disk, errors, stopping, root } = await intakeAlone();
      const bug = new TypeError('a bug');
      root.mayTake = false;
      disk.walk = async () => {
        if (isStopping) stopping.abort();
        throw bug;
      };
      hints.add({ root: '/drop', directory: '', name: 'a' });
      await clock.advance(20);
      assert.deepEqual([errors, intake.isIdle], [isStopping ? [] : [bug], true]);
    }
  });
});

describe('the end of the intake', () => {
  it('waits for what is being read', async () => {
    const { intake, hints, clock, disk, stopping } = await intakeAlone();
    let answer = () => {};
    disk.inspect = () =>
      new Promise((resolve) => {
        answer = () => resolve({ kind: 'gone' });
      });
    hints.add({ root: '/drop', directory: '', name: 'a' });
    await clock.advance(1_100);
    stopping.abort();
    let isClosed = false;
    const closing = intake.close().then(() => {
      isClosed = true;
    });
    await settled();
    assert.equal(isClosed, false);
    answer();
    await closing;
    assert.equal(intake.pendingFiles, 0);
  });
});

describe('progress', () => {
  it('is told after each directory of which hints came, whatever the next one takes', async () => {
    const { hints, clock, told, disk } = await intakeAlone();
    disk.read = () => new Promise(() => {});
    hints.add({ root: '/drop', directory: '', name: 'a' });
    hints.add({ root: '/drop', directory: 'sub', name: null });
    told.progress = 0;
    await clock.advance(20);
    assert.equal(told.progress, 1);
  });

  it('is told at the end of each scan, of all hints, of each file, and at the very end', async () => {
    const { intake, folder, hints, clock, told, stopping, errors } = await intakeAlone();
    const since = () => {
      const { progress, isIdle } = told;
      Object.assign(told, { progress: 0, isIdle: false });
      return [progress > 0, isIdle];
    };
    since();
    await intake.scan(folder);
    assert.deepEqual(since(), [true, true]);
    hints.add({ root: '/drop', directory: '', name: 'a' });
    await clock.advance(20);
    assert.deepEqual(since(), [true, false]);
    await clock.advance(1_020);
    // It was gone, which is one more hint; by now it is back.
    assert.deepEqual(since(), [true, false]);
    stopping.abort();
    assert.deepEqual(since()[0], true);
    await intake.close();
    assert.deepEqual([intake.pendingFiles, clock.live.size, since()[0]], [0, 0, true]);
    hints.add({ root: '/drop', directory: '', name: 'a' });
    assert.deepEqual([clock.live.size, intake.isIdle, errors], [0, true, []]);
  });
});
