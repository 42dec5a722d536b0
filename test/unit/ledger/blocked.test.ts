import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { SyncError } from '../../../src/errors.ts';
import { ledgerFile, openDatabase } from '../../../src/ledger/database.ts';
import { watchLedgerFile } from '../../../src/ledger/recovery/file-watch.ts';
import { memoryLedger, newContent, withFolder } from '../../support/ledgers.ts';

describe('a disk that is full', () => {
  async function fill() {
    const told: (string | null)[] = [];
    const retries: (() => void)[] = [];
    const options = {
      pause: (retry: () => void) => void retries.push(retry),
      onBlocked: (code: string | null) => void told.push(code),
    };
    const { ledger, database } = memoryLedger(setImmediate, options);
    const { destinationId } = await withFolder(ledger);
    const pages = Number(database.pragma('page_count', { simple: true }));
    database.pragma(`max_page_count = ${pages}`);
    const big = (key: string) => ({
      ...newContent(destinationId, { sha256: key, idempotencyKey: key }),
      fileName: 'x'.repeat(20_000),
    });
    const settled: string[] = [];
    const writes = ['one', 'two', 'three'].map((key) =>
      ledger
        .write((tables) => tables.contents.insert(big(key), 1))
        .then(
          () => settled.push(key),
          (error: unknown) => settled.push(error instanceof SyncError ? error.code : String(error)),
        ),
    );
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const makeRoom = () => database.pragma('max_page_count = 100000');
    return { ledger, told, retries, settled, writes, makeRoom };
  }

  it('holds the writes up, all of them, says so once, and takes them when there is room', async () => {
    const { told, retries, settled, writes, makeRoom, ledger } = await fill();
    assert.deepEqual(settled, []);
    for (let tries = 0; tries < 3; tries += 1) retries.pop()?.();
    assert.deepEqual(told, ['SQLITE_FULL']);
    makeRoom();
    retries.pop()?.();
    await Promise.all(writes);
    assert.deepEqual(settled, ['one', 'two', 'three']);
    assert.deepEqual(told, ['SQLITE_FULL', null]);
    assert.equal(ledger.contents.due('queued', 1, 10).length, 3);
  });

  it('is told from a bug: a read-only ledger waits as well, a write that is wrong does not', async () => {
    const told: (string | null)[] = [];
    const retries: (() => void)[] = [];
    const { ledger, database } = memoryLedger(setImmediate, {
      pause: (retry) => void retries.push(retry),
      onBlocked: (code) => void told.push(code),
    });
    const { destinationId } = await withFolder(ledger);
    database.pragma('query_only = 1');
    const write = ledger.write((tables) => tables.contents.insert(newContent(destinationId), 1));
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    assert.deepEqual(told, ['SQLITE_READONLY']);
    database.pragma('query_only = 0');
    retries.pop()?.();
    assert.equal((await write).state, 'queued');
    await assert.rejects(
      ledger.write((tables) => tables.contents.insert(newContent(destinationId), 1)),
      /ledger/i,
    );
  });

  it('lets nobody wait for ever when the ledger is closed', async () => {
    const { settled, writes, ledger } = await fill();
    ledger.close();
    await Promise.all(writes);
    assert.deepEqual(settled, ['ledger_closed', 'ledger_closed', 'ledger_closed']);
  });
});

describe('a ledger whose file is taken away', () => {
  function open(t: TestContext) {
    const dir = mkdtempSync(join(tmpdir(), 'flora-ledger-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    const database = openDatabase(dir, 1, () => {});
    database.prepare('INSERT INTO fact (key, value) VALUES (?, ?)').run('witness', '1');
    return { dir, database, file: watchLedgerFile(dir, database) };
  }
  const isCode = (code: string) => (error: unknown) => error instanceof SyncError && error.code === code;
  const witnessIn = (dir: string) => {
    const database = openDatabase(dir, 1, () => assert.fail('it must not be damaged'));
    const row = database.prepare<[], { value: string }>("SELECT value FROM fact WHERE key = 'witness'").get();
    database.close();
    return row?.value;
  };

  it('is left alone while it is there', (t) => {
    const { file } = open(t);
    assert.doesNotThrow(() => file.check('stamp'));
  });

  it('is noticed when it was deleted, and written anew with all that was in it', (t) => {
    const { dir, file, database } = open(t);
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(dir, ledgerFile + suffix), { force: true });
    assert.throws(() => file.check('stamp'), isCode('ledger_deleted'));
    database.close();
    assert.equal(witnessIn(dir), '1');
  });

  it('is written anew also when its whole directory was removed', (t) => {
    const { dir, file, database } = open(t);
    rmSync(dir, { recursive: true });
    assert.throws(() => file.check('stamp'), isCode('ledger_deleted'));
    assert.equal(statSync(join(dir, ledgerFile)).mode & 0o777, 0o600);
    database.close();
    assert.equal(witnessIn(dir), '1');
  });

  it('leaves no log behind that would be replayed into the file in its place', (t) => {
    const { dir, file, database } = open(t);
    const path = join(dir, ledgerFile);
    assert.ok(existsSync(`${path}-wal`));
    renameSync(path, `${path}.moved`);
    const other = openDatabase(join(dir, 'other'), 1, () => {});
    other.close();
    renameSync(join(dir, 'other', ledgerFile), path);
    assert.throws(() => file.check('stamp'), isCode('ledger_replaced'));
    for (const suffix of ['-wal', '-shm']) assert.equal(existsSync(path + suffix), false, suffix);
    database.close();
    assert.equal(existsSync(`${path}.stranger-stamp-wal`), false, 'our log went with nobody');
    assert.equal(witnessIn(dir), '1', 'ours is back');
    renameSync(`${path}.stranger-stamp`, path);
    assert.equal(witnessIn(dir), undefined, 'and the stranger is as it was');
  });

  it('is noticed when another stands in its place, which is set aside', (t) => {
    const { dir, file, database } = open(t);
    const path = join(dir, ledgerFile);
    renameSync(path, `${path}.moved`);
    writeFileSync(path, 'a stranger');
    rmSync(`${path}-wal`);
    writeFileSync(`${path}-wal`, 'its log');
    // Of a daemon that was killed while it wrote its own anew.
    writeFileSync(`${path}.new`, 'half a ledger');
    assert.throws(() => file.check('stamp'), { code: 'ledger_replaced', path });
    assert.equal(readFileSync(`${path}.stranger-stamp`, 'utf8'), 'a stranger');
    assert.equal(readFileSync(`${path}.stranger-stamp-wal`, 'utf8'), 'its log');
    database.close();
    assert.equal(witnessIn(dir), '1');
  });

  it('is told as what the disk says where it cannot be written anew', (t) => {
    const { dir, file, database } = open(t);
    rmSync(dir, { recursive: true });
    writeFileSync(dir, 'a file');
    assert.throws(() => file.check('stamp'), { code: 'ledger_io', op: 'ledger rescue' });
    database.close();
  });
});
