import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { SyncError } from '../../src/errors.ts';
import { type LedgerDatabase, openDatabase } from '../../src/ledger/database.ts';
import { migrations } from '../../src/ledger/migrations.ts';
import type { LedgerNotice } from '../../src/ledger/recovery/restore.ts';
import {
  listSnapshots,
  type Snapshot,
  snapshotPath,
  snapshotsDirectory,
  stampOf,
} from '../../src/ledger/recovery/snapshot-files.ts';
import { takeSnapshot } from '../../src/ledger/recovery/snapshots.ts';
import { openSqlite } from '../../src/runtime/sqlite.ts';
import { oldLedger, rowsOf } from '../support/old-ledger.ts';
import { damageFile, freshStateDir, ledgerIn, never } from '../support/state-dir.ts';

const dayMs = 24 * 3_600_000;
const now = Date.UTC(2026, 10, 22, 12);
const untilDone = new AbortController().signal;

async function snapshotOf(dir: string, atMs: number): Promise<Snapshot> {
  const snapshot = await takeSnapshot(dir, atMs, untilDone);
  assert.ok(snapshot);
  return snapshot;
}

/** A ledger with a content in each state, and a snapshot of it; then a `later` fact was written. Closed. */
async function withSnapshot(t: TestContext, change: (database: LedgerDatabase) => void = () => {}) {
  const dir = freshStateDir(t);
  oldLedger(dir).close();
  const database = openDatabase(dir, now, never);
  change(database);
  const snapshot = await snapshotOf(dir, now - dayMs);
  const rows = rowsOf(database);
  database.exec(`INSERT INTO fact VALUES ('later', '${'x'.repeat(50_000)}')`);
  database.close();
  return { dir, path: ledgerIn(dir), snapshot, rows };
}

function reopen(t: TestContext, dir: string) {
  const notices: LedgerNotice[] = [];
  const database = openDatabase(dir, now, (notice) => notices.push(notice));
  t.after(() => database.close());
  return { database, notices };
}

function factsOf(database: LedgerDatabase): Record<string, string> {
  const rows = database.prepare<[], [string, string]>('SELECT key, value FROM fact').raw().all();
  return Object.fromEntries(rows);
}

function restored(database: LedgerDatabase): unknown {
  return JSON.parse(factsOf(database)['restored'] ?? 'null');
}

describe('a ledger that is damaged', () => {
  it('is set aside as it was, and restored from the newest snapshot', async (t) => {
    const { dir, path, snapshot, rows } = await withSnapshot(t);
    damageFile(path);
    const damaged = readFileSync(path);
    const { database, notices } = reopen(t, dir);
    const aside = `${path}.corrupt-${stampOf(now)}`;
    assert.deepEqual(
      notices.map(({ type }) => type),
      ['set-aside', 'restored'],
    );
    assert.deepEqual(notices[1], { type: 'restored', snapshot, setAside: aside });
    assert.ok(readFileSync(aside).equals(damaged), 'not a byte of the damaged one was touched');
    assert.deepEqual(restored(database), { atMs: now, from: snapshot.name, setAside: aside });
    const { content, folder, fact, ...others } = rowsOf(database);
    const { content: _content, folder: _folder, fact: _fact, ...before } = rows;
    assert.deepEqual(others, before);
    assert.equal(content?.length, rows['content']?.length);
    assert.equal(folder?.length, rows['folder']?.length);
    assert.equal(fact?.length, (rows['fact']?.length ?? 0) + 1);
  });

  it('is restored from the next one where the newest cannot be read', async (t) => {
    const { dir, path, snapshot } = await withSnapshot(t);
    damageFile(path);
    // What the disk does not give out: opened, but not read.
    mkdirSync(snapshotPath(dir, now - 1));
    const { notices } = reopen(t, dir);
    assert.deepEqual(
      notices.map(({ type }) => type),
      ['set-aside', 'snapshot-damaged', 'restored'],
    );
    assert.deepEqual(notices[2], { type: 'restored', snapshot, setAside: `${path}.corrupt-${stampOf(now)}` });
  });

  it('is one again like any other: private, durable, one file, and the snapshot stays', async (t) => {
    const { dir, path, snapshot } = await withSnapshot(t);
    damageFile(path);
    const { database } = reopen(t, dir);
    assert.equal(database.pragma('journal_mode', { simple: true }), 'wal');
    assert.equal(database.pragma('synchronous', { simple: true }), 2);
    assert.equal(database.pragma('foreign_keys', { simple: true }), 1);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.includes('restoring')),
      [],
    );
    assert.deepEqual(listSnapshots(dir, now), [snapshot]);
    database.close();
    openDatabase(dir, now, never).close();
  });
});

describe('a restored ledger', () => {
  const statesOf = (database: LedgerDatabase) =>
    Object.fromEntries(database.prepare<[], [string, string]>('SELECT file_name, state FROM content').raw().all());

  it('looks for everything in FLORA first that it never completed', async (t) => {
    const { dir, path, rows } = await withSnapshot(t);
    rmSync(path);
    const { database } = reopen(t, dir);
    assert.deepEqual(statesOf(database), {
      'queued.png': 'matching',
      'reserved.png': 'matching',
      'renewing.png': 'matching',
      'checking.png': 'matching',
      'uploaded.png': 'uploaded',
      'ready.png': 'ready',
      'rejected.png': 'matching',
      'gone.png': 'matching',
    });
    const before = rows['content'] as Record<string, unknown>[];
    for (const row of rowsOf(database)['content'] as Record<string, unknown>[]) {
      const was = before.find(({ id }) => id === row['id']);
      const complete_sent = Number(row['asset_id'] !== null);
      const marks = { state: 'matching', not_before: now, attempts: 0, complete_sent, revision: 10, updated_at: now };
      const expected = row['state'] === 'matching' ? { ...was, ...marks, reason_code: null, reason: null } : was;
      assert.deepEqual(row, expected, String(row['file_name']));
    }
  });

  it('asks about what it may have completed, as ever', async (t) => {
    const { dir, path, rows } = await withSnapshot(t, (database) =>
      database.exec('UPDATE content SET complete_sent = 1'),
    );
    rmSync(path);
    const { database } = reopen(t, dir);
    assert.deepEqual(rowsOf(database)['content'], rows['content']);
  });

  it('has forgotten what an earlier search saw of FLORA, and looks for the bytes of all folders', async (t) => {
    const { dir, path } = await withSnapshot(t, (database) => {
      database.exec(`
        UPDATE folder SET needs_matching = 0;
        INSERT INTO remote_asset (asset_id, workspace_id, status) VALUES ('asset', 'ws_1', 'ready');
        INSERT INTO fact VALUES ('matching', '{}'), ('listed:ws_1', '1'), ('listed:', '1'), ('listedness', '1');`);
    });
    rmSync(path);
    const { database } = reopen(t, dir);
    assert.deepEqual(rowsOf(database)['remote_asset'], []);
    assert.deepEqual(Object.keys(factsOf(database)).sort(), ['last_reconcile', 'listedness', 'restored']);
    assert.deepEqual(database.prepare('SELECT DISTINCT needs_matching FROM folder').raw().all(), [[1]]);
  });

  it('is of this version, whichever version the snapshot was of', async (t) => {
    const dir = freshStateDir(t);
    const old = oldLedger(dir);
    const snapshot = await snapshotOf(dir, now - dayMs);
    old.close();
    rmSync(ledgerIn(dir));
    const { database } = reopen(t, dir);
    assert.equal(database.pragma('user_version', { simple: true }), migrations.length);
    assert.deepEqual(restored(database), { atMs: now, from: snapshot.name, setAside: null });
    assert.deepEqual(database.prepare('SELECT DISTINCT needs_matching FROM folder').raw().all(), [[1]]);
  });
});

describe('a ledger that is gone', () => {
  it('is restored where there is a snapshot', async (t) => {
    const { dir, path, snapshot } = await withSnapshot(t);
    rmSync(path);
    const { database, notices } = reopen(t, dir);
    assert.deepEqual(notices, [{ type: 'restored', snapshot, setAside: null }]);
    assert.equal(factsOf(database)['later'], undefined);
  });

  it('is restored also where an empty file is left of it', async (t) => {
    const { dir, path } = await withSnapshot(t);
    writeFileSync(path, '');
    const { database } = reopen(t, dir);
    assert.ok(restored(database));
  });

  it('leaves no log behind that would be replayed into the restored one', async (t) => {
    const { dir, path } = await withSnapshot(t);
    const lost = openDatabase(dir, now, never);
    lost.exec(`INSERT INTO fact VALUES ('in the log', '1')`);
    const log = readFileSync(`${path}-wal`);
    assert.ok(log.length > 0);
    lost.close();
    rmSync(path);
    writeFileSync(`${path}-wal`, log);
    const { database, notices } = reopen(t, dir);
    assert.deepEqual(
      notices.map(({ type }) => type),
      ['restored'],
    );
    assert.equal(factsOf(database)['in the log'], undefined);
    assert.ok(readFileSync(`${path}.lost-${stampOf(now)}-wal`).equals(log), 'and it is kept');
  });

  it('is a new one where there never was a snapshot, and that is nothing to tell', (t) => {
    const dir = freshStateDir(t);
    openDatabase(dir, now, never).close();
    mkdirSync(snapshotsDirectory(dir));
    rmSync(ledgerIn(dir));
    assert.doesNotThrow(() => openDatabase(dir, now, never).close());
  });

  it('is not restored from what a killed process left half done', async (t) => {
    const { dir, path, snapshot } = await withSnapshot(t);
    copyFileSync(snapshot.path, `${snapshot.path}.partial`);
    rmSync(snapshot.path);
    rmSync(path);
    openDatabase(dir, now, never).close();
    assert.ok(existsSync(path));
  });

  it('is restored although a restore was killed before', async (t) => {
    const { dir, path, snapshot } = await withSnapshot(t);
    rmSync(path);
    copyFileSync(snapshot.path, `${path}.restoring`);
    // Of another snapshot than the one that is taken now, and not rolled back yet.
    const copy = openSqlite(`${path}.restoring`);
    copy.exec(`INSERT INTO fact VALUES ('a stranger', '1')`);
    copy.pragma('cache_size = 1');
    copy.exec('BEGIN');
    for (let row = 0; row < 500; row += 1) copy.exec(`INSERT INTO fact VALUES ('${row}', '${'x'.repeat(500)}')`);
    const journal = readFileSync(`${path}.restoring-journal`);
    copy.close();
    writeFileSync(`${path}.restoring-journal`, journal);
    const { database, notices } = reopen(t, dir);
    assert.deepEqual(
      notices.map(({ type }) => type),
      ['restored'],
    );
    assert.ok(restored(database));
    assert.equal(factsOf(database)['a stranger'], undefined);
    assert.equal(existsSync(`${path}.restoring-journal`), false);
  });
});

describe('a snapshot that is not sound', () => {
  const spoilt: Readonly<Record<string, (path: string) => void>> = {
    'damaged within': damageFile,
    'no database': (path) => writeFileSync(path, 'no database'.repeat(1000)),
    empty: (path) => writeFileSync(path, ''),
    'of dangling references': (path) => {
      const database = openSqlite(path);
      database.pragma('foreign_keys = OFF');
      database.exec('UPDATE file SET content_id = 99 WHERE content_id = 1');
      database.close();
    },
    // What quick_check passes over.
    'one whose index lacks rows': (path) => {
      const database = openSqlite(path);
      database.unsafeMode();
      database.pragma('writable_schema = ON');
      database.exec(`UPDATE sqlite_schema SET sql = 'CREATE INDEX content_due ON content (not_before) WHERE state <> ''x'''
        WHERE name = 'content_due'`);
      database.close();
    },
  };
  for (const [what, spoil] of Object.entries(spoilt)) {
    it(`(${what}) is passed over for the one before it, renamed and told`, async (t) => {
      const { dir, path } = await withSnapshot(t);
      const database = openDatabase(dir, now, never);
      const newest = await snapshotOf(dir, now);
      database.close();
      spoil(newest.path);
      rmSync(path);
      const { database: after, notices } = reopen(t, dir);
      const [passedOver, told] = notices;
      assert.ok(passedOver?.type === 'snapshot-damaged', JSON.stringify(notices));
      assert.equal(passedOver.path, `${newest.path}.corrupt`);
      assert.notEqual(passedOver.reason, '');
      assert.ok(existsSync(passedOver.path));
      assert.ok(told?.type === 'restored' && told.snapshot.takenAtMs === now - dayMs);
      assert.equal(factsOf(after)['later'], undefined, 'nothing of the newest one');
    });
  }

  it('leaves a new ledger when it is the only one, whose folders are looked for in FLORA', async (t) => {
    const { dir, path, snapshot } = await withSnapshot(t);
    damageFile(snapshot.path);
    damageFile(path);
    const { database, notices } = reopen(t, dir);
    assert.deepEqual(
      notices.map(({ type }) => type),
      ['set-aside', 'snapshot-damaged', 'begun-anew'],
    );
    assert.deepEqual(rowsOf(database)['content'], []);
    assert.equal(restored(database), null);
  });
});

describe('among snapshots', () => {
  it('one that a clock far ahead has dated is the last to be taken', async (t) => {
    const { dir, path, snapshot } = await withSnapshot(t);
    copyFileSync(snapshot.path, snapshot.path.replace('2026', '2099'));
    rmSync(path);
    const { notices } = reopen(t, dir);
    assert.ok(notices[0]?.type === 'restored' && notices[0].snapshot.takenAtMs === snapshot.takenAtMs);
  });

  it('one of a newer version is not passed over for an older one: that version is to be run', async (t) => {
    const { dir, path, snapshot } = await withSnapshot(t);
    const newer = openSqlite(snapshot.path);
    newer.pragma('user_version = 999');
    newer.close();
    rmSync(path);
    assert.throws(
      () => openDatabase(dir, now, never),
      (error) => error instanceof SyncError && error.code === 'ledger_newer',
    );
    assert.deepEqual(readdirSync(dir).sort(), ['snapshots']);
    assert.deepEqual(listSnapshots(dir, now), [snapshot]);
  });
});
