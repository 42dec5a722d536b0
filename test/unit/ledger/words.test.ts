import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { SyncError } from '../../../src/errors.ts';
import { asLedgerError } from '../../../src/ledger/database.ts';
import { migrate, requireKnownVersion } from '../../../src/ledger/migrate.ts';
import { migrations } from '../../../src/ledger/migrations.ts';
import { damage, isDamage, readThrough, requireSoundCopy } from '../../../src/ledger/recovery/damage.ts';
import { watchLedgerFile } from '../../../src/ledger/recovery/file-watch.ts';
import { makeDirectory, putInPlace, syncDirectory } from '../../../src/ledger/recovery/put-in-place.ts';
import {
  listSnapshots,
  listUnfinished,
  snapshotPath,
  snapshotsDirectory,
  stampOf,
} from '../../../src/ledger/recovery/snapshot-files.ts';
import { isSnapshotDue, takeSnapshot } from '../../../src/ledger/recovery/snapshots.ts';
import { openSqlite } from '../../../src/runtime/sqlite.ts';
import { openDescriptors } from '../../support/descriptors.ts';
import { standIn } from '../../support/fs-calls.ts';
import { memoryLedger, openDatabaseInMemory } from '../../support/ledgers.ts';

const isLinux = process.platform === 'linux';

const failing = (code?: string) => () => {
  throw Object.assign(new Error('on purpose'), code === undefined ? {} : { code });
};

function temporary(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'fs-words-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** What is thrown, as people and scripts see it. */
function told(run: () => unknown) {
  try {
    run();
  } catch (error) {
    return shown(error);
  }
  return assert.fail('nothing was thrown');
}

function shown(error: unknown) {
  assert.ok(error instanceof SyncError, String(error));
  const { code, scope, op, message, hint } = error;
  return { code, scope, op, message, hint };
}

describe('what is told of a ledger', () => {
  const of = (error: unknown) => shown(asLedgerError(error, 'open'));

  it('that cannot be used is the code of the disk, and what would do', () => {
    const full = {
      ...{ code: 'ledger_full', scope: 'process', op: 'ledger open', message: 'The disk with the ledger is full' },
      hint: 'Make room on the disk that holds the state directory, then start again: nothing is lost.',
    };
    for (const code of ['SQLITE_FULL', 'ENOSPC']) assert.deepEqual(of(damageOf(code)), full);
    for (const code of ['SQLITE_IOERR', 'EIO']) {
      const hint = 'The ledger is safe as of its last commit; see that its disk is healthy, then start again.';
      const io = { code: 'ledger_io', scope: 'process', op: 'ledger open', hint };
      assert.deepEqual(of(damageOf(code)), { ...io, message: `The ledger cannot be used (${code})` });
    }
    for (const error of [new Error('a bug'), damageOf('another'), 'no error'])
      assert.equal(asLedgerError(error, 'open'), error);
  });

  it('of a newer version is both versions', () => {
    const database = openSqlite(':memory:');
    database.pragma('user_version = 999');
    assert.deepEqual(
      told(() => requireKnownVersion(database)),
      {
        ...{ code: 'ledger_newer', scope: 'config', op: 'open ledger' },
        message: `The ledger is of version 999, this flora-sync knows up to ${migrations.length}`,
        hint: 'Run the newer flora-sync that wrote it, or set another state directory.',
      },
    );
    migrate(openDatabaseInMemory());
  });

  it('that was taken away is where it is now', (t) => {
    for (const [isReplaced, message, hint] of [
      [
        false,
        'The ledger FILE was deleted under the running daemon; it was written anew from memory',
        'Nothing is lost. Start flora-sync again (systemd does), and find out who deletes files there.',
      ],
      [
        true,
        'The ledger FILE was replaced under the running daemon; the other file is now FILE.stranger-now',
        'The daemon put its own back; start it again. To restore a backup, stop the daemon first.',
      ],
    ] as const) {
      const dir = temporary(t);
      const file = watchLedgerFile(dir, openDatabaseInMemory());
      const path = join(dir, 'ledger.sqlite');
      if (isReplaced) writeFileSync(path, 'a stranger');
      const thrown = told(() => file.check('now'));
      const code = isReplaced ? 'ledger_replaced' : 'ledger_deleted';
      const texts = { message: message.replaceAll('FILE', path), hint };
      assert.deepEqual(thrown, { code, scope: 'process', op: 'ledger check', ...texts });
      rmSync(path);
      assert.throws(() => file.check('now'), { code: 'ledger_deleted', path });
      assert.equal(statSync(path).mode & 0o777, 0o600);
    }
  });

  it('that is closed while somebody writes is that it is made again', async () => {
    const { ledger } = memoryLedger(() => {});
    const waiting = ledger.write(() => 1).catch(shown);
    ledger.giveUp();
    const message = 'The ledger was closed before the disk took the last writes; they are made again at the next start';
    const op = 'ledger close';
    assert.deepEqual(await waiting, { code: 'ledger_closed', scope: 'process', op, message, hint: undefined });
  });
});

function damageOf(code: string): Error {
  return Object.assign(new Error(code), { code });
}

describe('damage', () => {
  it('is what SQLite calls so, and nothing else', () => {
    assert.deepEqual(
      ['SQLITE_CORRUPT', 'SQLITE_CORRUPT_VTAB', 'SQLITE_NOTADB', 'SQLITE_IOERR', 'X_SQLITE_CORRUPT'].map((code) =>
        isDamage(damageOf(code)),
      ),
      [true, true, true, false, false],
    );
    assert.equal(isDamage(new Error('SQLITE_CORRUPT')), false);
    assert.ok(isDamage(damage('x')));
  });

  it('is a copy that is no ledger, or refers to what it lacks', () => {
    assert.throws(() => requireSoundCopy(openSqlite(':memory:'), 'quick_check'), /it is no ledger/);
    const database = openDatabaseInMemory();
    requireSoundCopy(database, 'integrity_check');
    for (const version of [1, 2]) {
      database.pragma(`user_version = ${version}`);
      requireSoundCopy(database, 'quick_check');
    }
    database.exec('CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a INTEGER REFERENCES a)');
    database.pragma('foreign_keys = OFF');
    database.exec('INSERT INTO b VALUES (7)');
    assert.throws(() => requireSoundCopy(database, 'quick_check'), /it has dangling references/);
  });

  it('is not what the disk does not give out: that is thrown as it is', (t) => {
    const path = join(temporary(t), 'ledger');
    writeFileSync(path, 'x');
    mkdirSync(`${path}-wal`);
    assert.throws(() => readThrough(path), { code: 'EISDIR' });
    rmSync(`${path}-wal`, { recursive: true });
    readThrough(path);
  });

  it('shows only where all of it is read, a mebibyte at a time, with its log', (t) => {
    const path = join(temporary(t), 'ledger');
    writeFileSync(path, Buffer.alloc(2.5 * 1024 * 1024));
    writeFileSync(`${path}-wal`, 'log');
    const read: unknown[] = [];
    const lengths = new Set<number>();
    standIn(t, 'readSync', ([, buffer], real) => {
      lengths.add((buffer as Buffer).length);
      const count = real();
      read.push(count);
      return count;
    });
    readThrough(path);
    const mebibyte = 1024 * 1024;
    assert.deepEqual([read, [...lengths]], [[mebibyte, mebibyte, mebibyte / 2, 0, 3, 0], [mebibyte]]);
  });
});

describe('a directory that is to last', () => {
  it('may be one that cannot be synced, but not one that fails', (t) => {
    for (const code of ['EINVAL', 'EACCES']) {
      standIn(t, 'openSync', failing(code));
      syncDirectory('/x');
    }
    for (const code of ['EIO', undefined]) {
      standIn(t, 'openSync', failing(code));
      assert.throws(() => syncDirectory('/x'), /on purpose/);
    }
  });

  it('is synced in each directory that got a new name, from the deepest up', (t) => {
    const base = temporary(t);
    const synced: unknown[] = [];
    standIn(t, 'openSync', ([path], real) => {
      synced.push(path);
      return real();
    });
    makeDirectory(join(base, 'a', 'b'));
    assert.deepEqual(synced.splice(0), [join(base, 'a'), base]);
    makeDirectory(join(base, 'a', 'b'));
    assert.deepEqual(synced, []);
  });

  it('has the bytes of a file on disk before its name, and the name after it', { skip: !isLinux }, (t) => {
    const base = temporary(t);
    const [written, path] = [join(base, 'written'), join(base, 'ledger')];
    writeFileSync(written, 'x');
    const synced: unknown[] = [];
    standIn(t, 'fsyncSync', ([descriptor], real) => {
      synced.push([readlinkSync(`/proc/self/fd/${descriptor}`), existsSync(path)]);
      return real();
    });
    putInPlace(written, path);
    assert.deepEqual(synced, [
      [written, false],
      [base, true],
    ]);
    assert.equal(openDescriptors(base), 0);
  });
});

describe('snapshots', () => {
  const day = 24 * 3_600_000;
  const now = Date.UTC(2026, 0, 2, 3, 4, 5, 6);

  it('are called after their time, and come newest first, those of a clock far ahead last', (t) => {
    const dir = temporary(t);
    assert.equal(snapshotPath(dir, now), join(dir, 'snapshots', 'ledger-2026-01-02T03-04-05-006Z.sqlite'));
    assert.deepEqual([listSnapshots(dir, now), listUnfinished(dir)], [[], []]);
    mkdirSync(snapshotsDirectory(dir));
    const times = [now - day, now, now + day, now + day + 1, now + 9 * day];
    for (const at of times) writeFileSync(snapshotPath(dir, at), '');
    const partial = `${snapshotPath(dir, now)}.partial`;
    const strangers = [
      'other.sqlite.partial',
      'ledger-2026.sqlite',
      'ledger-2026-99-02T03-04-05-006Z.sqlite',
      'ledger-x',
    ];
    for (const path of [partial, ...strangers.map((name) => join(snapshotsDirectory(dir), name))])
      writeFileSync(path, '');
    const [old, present, ahead, far, farther] = times;
    assert.deepEqual(
      listSnapshots(dir, now).map(({ takenAtMs }) => takenAtMs),
      [ahead, present, old, farther, far],
    );
    assert.deepEqual(listUnfinished(dir), [partial]);
    assert.equal(listSnapshots(dir, now)[1]?.name, `ledger-${stampOf(now)}.sqlite`);
  });

  it('are due when the last one is as old as that, whichever way the clock went', (t) => {
    const dir = temporary(t);
    assert.equal(isSnapshotDue(dir, now, day), true);
    mkdirSync(snapshotsDirectory(dir));
    writeFileSync(snapshotPath(dir, now), '');
    const due = [now + day - 1, now + day, now - day + 1, now - day].map((at) => isSnapshotDue(dir, at, day));
    assert.deepEqual(due, [false, true, false, true]);
  });

  const healthy = 'Uploads go on, and it is tried again. See that the disk with the state directory is healthy.';
  it('that cannot be taken are told with why', async (t) => {
    const dir = join(temporary(t), 'gone');
    const failed = { code: 'snapshot_failed', scope: 'process', op: 'snapshot', hint: healthy };
    const message = 'No snapshot of the ledger could be taken (ENOENT)';
    const thrown = await takeSnapshot(dir, now, new AbortController().signal).catch(shown);
    assert.deepEqual(thrown, { ...failed, message });
    for (const [code, why] of [
      ['EIO', 'EIO'],
      [undefined, 'on purpose'],
    ]) {
      standIn(t, 'readdirSync', failing(code));
      const due = told(() => isSnapshotDue(dir, now, day));
      assert.deepEqual(due, { ...failed, message: `No snapshot of the ledger could be taken (${why})` });
    }
    const room = 'Uploads go on, and it is tried again. Make room on the disk that holds the state directory.';
    for (const code of ['ENOSPC', 'SQLITE_FULL']) {
      standIn(t, 'readdirSync', failing(code));
      const full = { ...failed, code: 'snapshot_no_room', hint: room };
      const almost = 'No snapshot of the ledger could be taken (the disk is almost full)';
      assert.deepEqual(
        told(() => isSnapshotDue(dir, now, day)),
        { ...full, message: almost },
      );
    }
  });

  it('of nobody who has left meanwhile are none', async (t) => {
    assert.equal(await takeSnapshot(temporary(t), now, AbortSignal.abort()), null);
  });
});
