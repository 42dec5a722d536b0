import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { SyncError } from '../../src/errors.ts';
import { type LedgerDatabase, openDatabase } from '../../src/ledger/database.ts';
import { migrations } from '../../src/ledger/migrations.ts';
import { listSnapshots, snapshotPath, snapshotsDirectory } from '../../src/ledger/recovery/snapshot-files.ts';
import { isSnapshotDue, takeSnapshot } from '../../src/ledger/recovery/snapshots.ts';
import { openSqlite } from '../../src/runtime/sqlite.ts';
import { damageFile, freshStateDir, ledgerIn, never } from '../support/state-dir.ts';
import { until } from '../support/until.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const now = Date.UTC(2026, 10, 22, 12);
const untilDone = new AbortController().signal;

function openState(t: TestContext): { dir: string; database: LedgerDatabase } {
  const dir = freshStateDir(t);
  const database = openDatabase(dir, now, never);
  t.after(() => database.close());
  return { dir, database };
}

function namesIn(dir: string): readonly string[] {
  return readdirSync(snapshotsDirectory(dir)).sort();
}

const isFailure = (code: string) => (error: unknown) =>
  error instanceof SyncError && error.code === code && (error.hint ?? '').includes('Uploads go on');

describe('takeSnapshot', () => {
  it('copies the ledger as of one commit while it is written to, and holds nobody up', async (t) => {
    const { dir, database } = openState(t);
    const insert = database.prepare('INSERT INTO fact (key, value) VALUES (?, ?)');
    const count = database.prepare(
      `INSERT INTO fact (key, value) VALUES ('count', @count) ON CONFLICT (key) DO UPDATE SET value = @count`,
    );
    let written = 0;
    const write = database.transaction((rows: number) => {
      for (const end = written + rows; written < end; written += 1) insert.run(`row-${written}`, 'x'.repeat(500));
      count.run({ count: String(written) });
    });
    write(20_000);
    const before = written;
    let isTaken = false;
    const taking = takeSnapshot(dir, now, untilDone).finally(() => {
      isTaken = true;
    });
    while (!isTaken) {
      write(3);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const snapshot = await taking;
    assert.ok(snapshot);
    const copy = openSqlite(snapshot.path, { readonly: true });
    t.after(() => copy.close());
    const rows = copy.prepare<[], number>(`SELECT count(*) FROM fact WHERE key LIKE 'row-%'`).pluck().get() ?? 0;
    assert.equal(copy.prepare(`SELECT value FROM fact WHERE key = 'count'`).pluck().get(), String(rows));
    assert.ok(rows >= before, `${rows} rows, and ${before} before it was begun`);
    assert.ok(written > before + 30, `only ${written - before} rows were written meanwhile`);
    assert.equal(copy.pragma('user_version', { simple: true }), migrations.length);
    assert.equal(copy.pragma('journal_mode', { simple: true }), 'delete', 'it is one file');
  });

  it('gives others no more rights than the ledger', async (t) => {
    const { dir } = openState(t);
    mkdirSync(snapshotsDirectory(dir));
    chmodSync(snapshotsDirectory(dir), 0o755);
    const umask = process.umask(0);
    t.after(() => process.umask(umask));
    const snapshot = await takeSnapshot(dir, now, untilDone);
    assert.equal(statSync(snapshot?.path ?? '').mode & 0o777, 0o600);
    assert.equal(statSync(snapshotsDirectory(dir)).mode & 0o777, 0o700);
  });

  it('keeps the newest three, and nothing that was never finished', async (t) => {
    const { dir } = openState(t);
    mkdirSync(snapshotsDirectory(dir));
    for (const suffix of ['.partial', '.partial-journal']) {
      writeFileSync(`${snapshotPath(dir, now - 9 * dayMs)}${suffix}`, 'half');
    }
    // Not in their order, as with a clock that is set back.
    for (const at of [now - 2 * dayMs, now, now - 3 * dayMs, now - dayMs]) await takeSnapshot(dir, at, untilDone);
    const kept = [now - 2 * dayMs, now - dayMs, now].map((at) => basename(snapshotPath(dir, at)));
    assert.deepEqual(namesIn(dir), kept);
    assert.equal(kept[2], 'ledger-2026-11-22T12-00-00-000Z.sqlite');
  });

  it('lets those go first that a clock far ahead has dated', async (t) => {
    const { dir } = openState(t);
    for (const at of [now + 400 * dayMs, now + 401 * dayMs]) await takeSnapshot(dir, at, untilDone);
    for (const at of [now - dayMs, now]) await takeSnapshot(dir, at, untilDone);
    const expected = [now, now - dayMs, now + 401 * dayMs];
    assert.deepEqual(
      listSnapshots(dir, now).map(({ takenAtMs }) => takenAtMs),
      expected,
    );
  });

  it('fails on a ledger that is damaged, and leaves what there was', async (t) => {
    const { dir, database } = openState(t);
    database.exec(`INSERT INTO fact VALUES ('key', '${'x'.repeat(100_000)}')`);
    await takeSnapshot(dir, now - dayMs, untilDone);
    database.pragma('wal_checkpoint(TRUNCATE)');
    damageFile(ledgerIn(dir));
    await assert.rejects(takeSnapshot(dir, now, untilDone), isFailure('snapshot_failed'));
    assert.deepEqual(namesIn(dir), [basename(snapshotPath(dir, now - dayMs))]);
  });

  it('fails on a copy with dangling references: nobody should go back to that', async (t) => {
    const { dir, database } = openState(t);
    database.pragma('foreign_keys = OFF');
    database.exec(`INSERT INTO folder (path, destination_id, is_active) VALUES ('/drop', 99, 1)`);
    await assert.rejects(takeSnapshot(dir, now, untilDone), isFailure('snapshot_failed'));
    assert.deepEqual(namesIn(dir), []);
  });

  it('fails where no directory can be made', async (t) => {
    const { dir } = openState(t);
    writeFileSync(snapshotsDirectory(dir), 'a file');
    await assert.rejects(takeSnapshot(dir, now, untilDone), isFailure('snapshot_failed'));
  });

  it('is cut short by its signal wherever it is, even inside SQLite', async (t) => {
    const dir = freshStateDir(t);
    mkdirSync(dir);
    // Nothing but a kill ends who opens this for reading.
    spawnSync('mkfifo', [ledgerIn(dir)]);
    const stopping = new AbortController();
    const taking = takeSnapshot(dir, now, stopping.signal);
    await until('the copy is begun', () => existsSync(`${snapshotPath(dir, now)}.partial`));
    stopping.abort();
    assert.equal(await taking, null);
    assert.deepEqual(namesIn(dir), []);
  });

  it('is not begun after its signal', async (t) => {
    const { dir } = openState(t);
    assert.equal(await takeSnapshot(dir, now, AbortSignal.abort()), null);
    assert.deepEqual(namesIn(dir), []);
  });
});

describe('a snapshot', () => {
  const cases: readonly [string, readonly number[], boolean][] = [
    ['there is none', [], true],
    ['the newest is a day old', [now - dayMs, now - 2 * dayMs], true],
    ['the newest is not yet a day old', [now - 2 * dayMs, now - dayMs + 1], false],
    ['the clock was set back a little since', [now + hourMs], false],
    ['all are from a far future', [now + 400 * dayMs], true],
    ['one is recent among some from a far future', [now + 400 * dayMs, now - hourMs], false],
  ];
  for (const [when, taken, isDue] of cases) {
    it(`is ${isDue ? '' : 'not '}due when ${when}`, (t) => {
      const dir = freshStateDir(t);
      mkdirSync(snapshotsDirectory(dir), { recursive: true });
      for (const at of taken) writeFileSync(snapshotPath(dir, at), '');
      writeFileSync(join(snapshotsDirectory(dir), `${basename(snapshotPath(dir, now))}.partial`), '');
      writeFileSync(join(snapshotsDirectory(dir), `${basename(snapshotPath(dir, now))}.corrupt`), '');
      assert.equal(isSnapshotDue(dir, now, dayMs), isDue);
    });
  }

  it('is due where no directory is yet, and tells when it cannot be read', (t) => {
    const dir = freshStateDir(t);
    assert.equal(isSnapshotDue(dir, now, dayMs), true);
    mkdirSync(dir);
    writeFileSync(snapshotsDirectory(dir), 'a file');
    assert.throws(() => isSnapshotDue(dir, now, dayMs), isFailure('snapshot_failed'));
    rmSync(snapshotsDirectory(dir));
  });
});
