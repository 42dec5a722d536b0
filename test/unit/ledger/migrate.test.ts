import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ledgerFile, openDatabase, openDatabaseReadOnly } from '../../../src/ledger/database.ts';
import { openTables } from '../../../src/ledger/ledger.ts';
import { migrations } from '../../../src/ledger/migrations.ts';
import { ContentStore } from '../../../src/ledger/tables/contents.ts';
import { openSqlite, type SqliteDatabase } from '../../../src/runtime/sqlite.ts';
import { openDescriptors } from '../../support/descriptors.ts';
import { plansOf } from '../../support/ledgers.ts';
import { oldLedger, rowsOf } from '../../support/old-ledger.ts';
import { freshStateDir, never } from '../../support/state-dir.ts';

function columnsOf(database: SqliteDatabase, table: string): string {
  return database.prepare<[], string>(`SELECT name FROM pragma_table_info('${table}')`).pluck().all().join(', ');
}

/** A ledger of version 1, and the same opened by this version. */
function migrated(t: TestContext) {
  const dir = freshStateDir(t);
  const old = oldLedger(dir);
  const before = rowsOf(old);
  const tables = ['content', 'folder', 'file'];
  const columns = Object.fromEntries(tables.map((table) => [table, columnsOf(old, table)]));
  old.close();
  const database = openDatabase(dir, 1, never);
  t.after(() => database.close());
  return { database, before, columns };
}

describe('a migration', () => {
  it('that has shipped is never edited: ledgers of it are out there, and a new one is added here', () => {
    const digests = migrations.map((sql) => createHash('sha256').update(sql).digest('hex').slice(0, 16));
    assert.deepEqual(digests, [
      '0a381f1d77a1ca4f',
      '4b6c9e7c505caf27',
      '619a01dc06edc571',
      '7f9a61f42ec4fdf2',
      'c32d27da64225853',
      '7665f026c28cf31b',
      'de1877b174136629',
    ]);
  });
});

describe('who only looks', () => {
  it('is told of a ledger of an older version what brings it up to date, and of one that is just begun nothing', (t) => {
    const dir = freshStateDir(t);
    oldLedger(dir).close();
    assert.throws(() => openDatabaseReadOnly(dir), {
      ...{ code: 'ledger_older', scope: 'process', op: 'open ledger' },
      message: `The ledger is of version 1, this flora-sync writes version ${migrations.length}`,
      hint: 'Start `flora-sync run` or `flora-sync sync` once: it brings the ledger up to date.',
    });
    assert.equal(openDescriptors(dir), 0);
    const begun = freshStateDir(t);
    mkdirSync(begun, { recursive: true });
    openSqlite(join(begun, ledgerFile)).close();
    assert.equal(openDatabaseReadOnly(begun), undefined);
  });
});

describe('a ledger of version 1', () => {
  it('keeps every row when it is opened by this version', (t) => {
    const { database, before, columns } = migrated(t);
    const { remote_asset: listed, ...after } = rowsOf(database, columns);
    assert.equal(before['content']?.length, 8);
    assert.deepEqual(after, before);
    assert.deepEqual(listed, []);
    const added = database.prepare('SELECT DISTINCT twin, missing_since FROM content').all();
    assert.deepEqual(added, [{ twin: 0, missing_since: null }]);
    assert.equal(database.pragma('user_version', { simple: true }), migrations.length);
  });

  it('has seen its folders; one that is new to it has to be looked for in FLORA', (t) => {
    const { database } = migrated(t);
    const { directories } = openTables(database);
    directories.activateFolders([
      { path: '/drop', destinationId: 1 },
      { path: '/new', destinationId: 1 },
    ]);
    const needs = database.prepare('SELECT path, needs_matching FROM folder ORDER BY id').raw().all();
    assert.deepEqual(needs, [
      ['/drop', 0],
      ['/b', 0],
      ['/new', 1],
    ]);
  });

  it('keeps its references, and goes on holding them', (t) => {
    const { database } = migrated(t);
    assert.deepEqual(database.pragma('foreign_key_check'), []);
    assert.throws(() => database.exec('DELETE FROM content WHERE id = 1'), /FOREIGN KEY/);
    assert.throws(() => database.exec(`UPDATE file SET content_id = 99 WHERE name = 'ready.png'`), /FOREIGN KEY/);
  });

  it('keeps its rules: append-only history, one content for the same bytes, one for an asset', (t) => {
    const { database } = migrated(t);
    assert.throws(() => database.exec('UPDATE history SET at = 2'), /append-only/);
    assert.throws(() => database.exec('DELETE FROM history'), /append-only/);
    const set = (column: string, value: string) => `UPDATE content SET ${column} = ${value} WHERE state = 'ready'`;
    assert.throws(() => database.exec(set('sha256', `'digest-queued'`)), /UNIQUE/);
    assert.throws(() => database.exec(set('asset_id', `'asset-reserved'`)), /UNIQUE/);
    assert.throws(() => database.exec(set('idempotency_key', `'key-queued'`)), /UNIQUE/);
    assert.throws(() => database.exec(set('asset_id', 'NULL')), /CHECK/);
  });

  it('did not note whose answer was lost: whatever has an asset and was never completed may have all bytes', (t) => {
    const { database } = migrated(t);
    const unclear = database
      .prepare('SELECT state FROM content WHERE may_have_all_bytes = 1 ORDER BY id')
      .pluck()
      .all();
    assert.deepEqual(unclear, ['reserved', 'uploaded', 'checking', 'renewing']);
  });

  it('reads once more what it took in within an hour of a change, where times are whole seconds', (t) => {
    const dir = freshStateDir(t);
    const old = oldLedger(dir);
    const at = 1_700_000_000_000;
    const insert = old.prepare(
      'INSERT INTO file VALUES (1, @name, 3, @mtime, @ctime, 1, 1, 1, NULL, NULL, @gone, @seen)',
    );
    const rows = {
      young: { mtime: at - 500, ctime: at, seen: at + 60_000 },
      copied: { mtime: at + 5_000, ctime: at, seen: at + 60_000 },
      old: { mtime: at, ctime: at, seen: at + 3_600_000 },
      fine: { mtime: at, ctime: at + 0.25, seen: at + 60_000 },
      gone: { mtime: at, ctime: at, seen: at + 60_000, gone: 1 },
      doubted: { mtime: at, ctime: -1, seen: at + 60_000 },
    };
    for (const [name, row] of Object.entries(rows)) insert.run({ name, gone: 0, ...row });
    old.close();
    const database = openDatabase(dir, 1, never);
    t.after(() => database.close());
    const racy = database.prepare('SELECT name, racy_until FROM file WHERE racy_until IS NOT NULL ORDER BY name').raw();
    assert.deepEqual(racy.all(), [
      ['copied', at + 7_000],
      ['young', at + 2_000],
    ]);
  });

  it('finds what is due through its index', (t) => {
    const { database } = migrated(t);
    const plans = plansOf(database, (recording) => new ContentStore(recording), /ORDER BY not_before/);
    assert.equal(plans.length, 4);
    for (const plan of plans) assert.match(plan, /content_due|content_queued/);
    const contents = new ContentStore(database);
    assert.deepEqual([contents.due('queued', 5, 10).length, contents.due('begun', 5, 10).length], [1, 4]);
  });

  it('stays as it was when the migration fails half-way', (t) => {
    const dir = freshStateDir(t);
    const old = oldLedger(dir);
    // Found at the very end of the migration.
    old.pragma('foreign_keys = OFF');
    old.exec(`UPDATE file SET content_id = 99 WHERE name = 'ready.png'`);
    const before = rowsOf(old);
    old.close();
    assert.throws(() => openDatabase(dir, 1, never), /Migration 2 left dangling references/);
    assert.equal(openDescriptors(dir), 0);
    const database = openSqlite(join(dir, ledgerFile));
    t.after(() => database.close());
    assert.equal(database.pragma('user_version', { simple: true }), 1);
    assert.deepEqual(rowsOf(database), before);
  });
});
