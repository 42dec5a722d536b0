import '../../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { contentStates } from '../../../../src/core/content.ts';
import { migrate } from '../../../../src/ledger/migrate.ts';
import { requireSound } from '../../../../src/ledger/recovery/damage.ts';
import { type LedgerNotice, markRestored, restoreLedger, setAside } from '../../../../src/ledger/recovery/restore.ts';
import { snapshotPath } from '../../../../src/ledger/recovery/snapshot-files.ts';
import { openSqlite, type SqliteDatabase } from '../../../../src/runtime/sqlite.ts';
import { failing } from '../../../support/fs-calls.ts';
import { newContent, strictLedger, withFolder } from '../../../support/ledgers.ts';
import { damageFile, freshStateDir, ledgerIn } from '../../../support/state-dir.ts';

// integration/restore.test.ts has the whole way, from a ledger's end to its rows.

const now = Date.UTC(2026, 10, 22, 12);
const stamp = '2026-11-22T12-00-00-000Z';
const companions = ['-wal', '-shm', '-journal'];

function world(t: TestContext) {
  const dir = freshStateDir(t);
  mkdirSync(dir);
  const path = ledgerIn(dir);
  const told: LedgerNotice[] = [];
  const snapshot = (atMs: number, change: (database: SqliteDatabase) => void = () => {}) => {
    const file = snapshotPath(dir, atMs);
    mkdirSync(dirname(file), { recursive: true });
    const database = openSqlite(file);
    migrate(database);
    database.exec(`INSERT INTO fact VALUES ('of', '${atMs}')`);
    change(database);
    database.close();
    return file;
  };
  const restore = (aside: string | null = null) => restoreLedger(dir, path, now, aside, (notice) => told.push(notice));
  const leave = (suffixes: readonly string[]) => {
    for (const suffix of suffixes) writeFileSync(path + suffix, `the lost ${suffix}`);
  };
  const facts = () => {
    const database = openSqlite(path, { readonly: true });
    const rows = database.prepare<[], [string, string]>('SELECT key, value FROM fact').raw().all();
    database.close();
    return Object.fromEntries(rows);
  };
  return { dir, path, told, snapshot, restore, leave, facts, names: () => readdirSync(dir).sort() };
}

/** An index of another column than it says: of as many rows, and of none that it should have. */
function spoilIndex(database: SqliteDatabase): void {
  database.exec('CREATE INDEX odd ON fact (key)');
  database.unsafeMode();
  database.pragma('writable_schema = ON');
  database.exec(`UPDATE sqlite_schema SET sql = 'CREATE INDEX odd ON fact (value)' WHERE name = 'odd'`);
}

describe('a ledger that is set aside', () => {
  it('takes all with it that SQLite would take for a part of it', (t) => {
    const { path, leave, names } = world(t);
    leave(['', ...companions]);
    const aside = `${path}.corrupt-${stamp}`;
    assert.equal(setAside(path, now), aside);
    assert.deepEqual(
      names(),
      ['', '-journal', '-shm', '-wal'].map((suffix) => `ledger.sqlite.corrupt-${stamp}${suffix}`),
    );
    for (const suffix of ['', ...companions]) assert.equal(readFileSync(aside + suffix, 'utf8'), `the lost ${suffix}`);
  });

  it('goes alone where there is nothing else', (t) => {
    const { path, leave, names } = world(t);
    leave(['', '-wal']);
    setAside(path, now);
    assert.deepEqual(
      names(),
      ['', '-wal'].map((suffix) => `ledger.sqlite.corrupt-${stamp}${suffix}`),
    );
  });
});

describe('where there is no snapshot', () => {
  it('and never was a ledger, nothing happens and nothing is told', (t) => {
    const { restore, told, leave, names } = world(t);
    leave(['-wal']);
    restore();
    assert.deepEqual([told, names()], [[], ['ledger.sqlite-wal']]);
  });

  it('and was a ledger, one is begun anew, without what is left of the old one', (t) => {
    const { restore, told, leave, names } = world(t);
    leave(companions);
    restore('/aside');
    assert.deepEqual(told, [{ type: 'begun-anew' }]);
    assert.deepEqual(
      names(),
      ['-journal', '-shm', '-wal'].map((suffix) => `ledger.sqlite.lost-${stamp}${suffix}`),
    );
  });
});

describe('a restored ledger', () => {
  it('is the newest snapshot, whole and private, and says where it comes from', (t) => {
    const { path, restore, told, snapshot, leave, facts, names } = world(t);
    snapshot(now - 2);
    const newest = snapshot(now - 1);
    leave(['-wal', ...['', ...companions].map((suffix) => `.restoring${suffix}`)]);
    restore();
    const name = `ledger-2026-11-22T11-59-59-999Z.sqlite`;
    assert.deepEqual(told, [
      { type: 'restored', snapshot: { name, path: newest, takenAtMs: now - 1 }, setAside: null },
    ]);
    const { restored = '', ...others } = facts();
    assert.deepEqual(others, { of: String(now - 1) });
    assert.deepEqual(JSON.parse(restored), { atMs: now, from: name, setAside: null });
    assert.deepEqual(names(), ['ledger.sqlite', `ledger.sqlite.lost-${stamp}-wal`, 'snapshots']);
    assert.ok(existsSync(newest));
    assert.equal(statSync(path).size > 0, true);
  });

  it('is one file, also where somebody has put a ledger of two in the place of a snapshot', (t) => {
    const { path, restore, snapshot } = world(t);
    const file = snapshot(now - 1, (database) => database.pragma('journal_mode = WAL'));
    // In a database's head: 2 where it has a log.
    const isLogged = (database: string) => [...readFileSync(database).subarray(18, 20)];
    assert.deepEqual(isLogged(file), [2, 2]);
    restore();
    assert.deepEqual(isLogged(path), [1, 1]);
  });

  it('names what was set aside, also where it was restored before', (t) => {
    const { restore, told, snapshot, facts } = world(t);
    snapshot(now - 1, (database) => database.exec(`INSERT INTO fact VALUES ('restored', 'before')`));
    restore('/aside');
    assert.equal(told[0]?.type === 'restored' && told[0].setAside, '/aside');
    assert.equal(JSON.parse(facts()['restored'] ?? '').setAside, '/aside');
  });

  it('is an older snapshot where newer ones are not sound, which are renamed and told with what is wrong', (t) => {
    const { restore, told, snapshot, facts, names } = world(t);
    snapshot(now - 9);
    const spoilt = [
      [snapshot(now - 1), (file: string) => damageFile(file), /\w/],
      [snapshot(now - 2, spoilIndex), () => {}, /index/],
      [snapshot(now - 3), (file: string) => writeFileSync(file, ''), /^it is no ledger$/],
      [snapshot(now - 4), (file: string) => writeFileSync(file, 'x'.repeat(5_000)), /not a database/],
    ] as const;
    for (const [file, spoil] of spoilt) spoil(file);
    restore();
    for (const [at, [file, , reason]] of spoilt.entries()) {
      const notice = told[at];
      assert.ok(notice?.type === 'snapshot-damaged', JSON.stringify(notice));
      assert.equal(notice.path, `${file}.corrupt`);
      assert.match(notice.reason, reason);
      assert.deepEqual([existsSync(file), existsSync(notice.path)], [false, true]);
    }
    assert.deepEqual([told.length, told.at(-1)?.type, facts()['of']], [5, 'restored', String(now - 9)]);
    assert.deepEqual(names(), ['ledger.sqlite', 'snapshots']);
  });

  it('is none where no snapshot is sound', (t) => {
    const { restore, told, snapshot, names } = world(t);
    writeFileSync(snapshot(now - 1), 'x'.repeat(5_000));
    restore();
    assert.deepEqual(
      told.map(({ type }) => type),
      ['snapshot-damaged', 'begun-anew'],
    );
    assert.deepEqual(names(), ['snapshots']);
  });

  it('waits where it is the disk that does not take the copy: the snapshot is as good as before', (t) => {
    const { restore, told, snapshot, names } = world(t);
    const newest = snapshot(now - 1);
    failing(t, 'copyFileSync', 'ENOSPC');
    assert.throws(() => restore(), { code: 'ENOSPC' });
    assert.deepEqual([told, existsSync(newest), names()], [[], true, ['snapshots']]);
  });

  it('is the next one where the disk does not give out a snapshot', (t) => {
    const { restore, told, snapshot, facts } = world(t);
    const newest = snapshot(now - 1);
    snapshot(now - 2);
    failing(t, 'readSync', 'EIO');
    failing(t, 'copyFileSync', 'EIO', (path) => path === newest);
    restore();
    const [damaged, restored] = told;
    assert.ok(damaged?.type === 'snapshot-damaged' && /^EIO/.test(damaged.reason), JSON.stringify(damaged));
    assert.equal(restored?.type, 'restored');
    assert.equal(facts()['of'], String(now - 2));
  });
});

describe('what is marked as restored', () => {
  const restoration = { atMs: 99, from: 'snapshot', setAside: null };

  it('is looked for in FLORA where it was never completed, and counts as sent where it is bound', async () => {
    const { ledger, database } = strictLedger();
    const { destinationId, folderId } = await withFolder(ledger);
    const ids = await ledger.write(({ contents, directories }) => {
      directories.setNeedsMatching(folderId, false);
      return contentStates.flatMap((state) =>
        [false, true].map((isCompleteSent) => {
          const key = `${state} ${isCompleteSent}`;
          const content = contents.insert(newContent(destinationId, { sha256: key, idempotencyKey: key }), 5);
          const assetId = state === 'queued' || state === 'gone' ? null : key;
          const waiting = { notBeforeMs: 7, attempts: 2, reasonCode: 'server_error', reason: 'why' };
          assert.ok(contents.save(content, { ...content, ...waiting, state, assetId, isCompleteSent }, 5));
          return content.id;
        }),
      );
    });
    const before = ids.map((id) => ledger.contents.get(id));
    markRestored(database, restoration);
    const lookedFor = ['queued', 'reserved', 'renewing', 'checking', 'rejected', 'gone'];
    for (const [at, id] of ids.entries()) {
      const was = before[at] ?? assert.fail();
      const isLookedFor = lookedFor.includes(was.state) && !was.isCompleteSent;
      const marks = { state: 'matching', notBeforeMs: 99, attempts: 0, reasonCode: null, reason: null };
      const sent = { isCompleteSent: was.assetId !== null, revision: was.revision + 1 };
      assert.deepEqual(ledger.contents.get(id), isLookedFor ? { ...was, ...marks, ...sent } : was, was.sha256);
      assert.equal(ledger.contents.stateSinceMs(id), isLookedFor ? 99 : 5);
    }
    assert.equal(ledger.directories.needsMatching(folderId), true);
  });

  it('has forgotten what an earlier search saw, and nothing else, and says what it was made of', () => {
    const { database } = strictLedger();
    database.exec(`
      INSERT INTO remote_asset (asset_id, workspace_id, status) VALUES ('asset', 'ws_1', 'ready');
      INSERT INTO fact VALUES ('matching', '{}'), ('listed:ws_1', '1'), ('listed:', '1'), ('listedness', '1'), ('pace', '2');`);
    const facts = () =>
      Object.fromEntries(database.prepare<[], [string, string]>('SELECT key, value FROM fact').raw().all());
    for (const from of ['first', 'second']) {
      markRestored(database, { ...restoration, from });
      assert.deepEqual(facts(), { listedness: '1', pace: '2', restored: JSON.stringify({ ...restoration, from }) });
    }
    assert.equal(database.prepare('SELECT count(*) FROM remote_asset').pluck().get(), 0);
  });
});

describe('a check of a ledger', () => {
  it('looks into its indexes only where it is a whole one', (t) => {
    const { snapshot } = world(t);
    const database = openSqlite(snapshot(now, spoilIndex), { readonly: true });
    t.after(() => database.close());
    requireSound(database, 'quick_check');
    assert.throws(() => requireSound(database, 'integrity_check'), { code: 'SQLITE_CORRUPT', message: /index odd/ });
  });
});
