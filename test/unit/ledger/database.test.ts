import '../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { SyncError } from '../../../src/errors.ts';
import { ledgerFile, openDatabase, openDatabaseReadOnly } from '../../../src/ledger/database.ts';
import { findOwner, takeOwnership } from '../../../src/ledger/recovery/owner-lock.ts';
import type { LedgerNotice } from '../../../src/ledger/recovery/restore.ts';
import { between, standIn, systemError } from '../../support/fs-calls.ts';

function stateDir(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'flora-ledger-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return join(path, 'state');
}

const never = () => assert.fail('nothing should be set aside');

describe('openDatabase', () => {
  it('makes a private ledger that syncs fully before it acknowledges', (t) => {
    const dir = stateDir(t);
    const database = openDatabase(dir, 1, never);
    assert.equal(database.pragma('journal_mode', { simple: true }), 'wal');
    const settings = ['synchronous', 'busy_timeout', 'foreign_keys', 'wal_autocheckpoint', 'cache_size'];
    assert.deepEqual(
      settings.map((name) => database.pragma(name, { simple: true })),
      [2, 5_000, 1, 4_000, -4_000],
    );
    const reader = openDatabaseReadOnly(dir);
    assert.equal(reader?.pragma('busy_timeout', { simple: true }), 5_000);
    assert.throws(() => reader?.exec('DELETE FROM fact'), { code: 'SQLITE_READONLY' });
    reader?.close();
    database.close();
    assert.equal(statSync(dir).mode & 0o777, 0o700);
    assert.equal(statSync(join(dir, ledgerFile)).mode & 0o777, 0o600);
  });

  it('sets a damaged ledger aside, tells where, and begins a new one', (t) => {
    const dir = stateDir(t);
    openDatabase(dir, 1, never).close();
    writeFileSync(
      join(dir, ledgerFile),
      'this is not a database, and longer than a header would have to be'.repeat(50),
    );
    const told: LedgerNotice[] = [];
    openDatabase(dir, Date.UTC(2026, 0, 2, 3, 4, 5, 6), (notice) => told.push(notice)).close();
    const aside = join(dir, `${ledgerFile}.corrupt-2026-01-02T03-04-05-006Z`);
    assert.deepEqual(told, [
      { type: 'set-aside', path: aside, reason: 'file is not a database' },
      { type: 'begun-anew' },
    ]);
    assert.match(readFileSync(aside, 'utf8'), /^this is not a database/);
    assert.ok(readdirSync(dir).includes(ledgerFile));
  });

  it('leaves a ledger where it is whose bytes the disk does not give out: to SQLite it may look damaged', (t) => {
    const dir = stateDir(t);
    openDatabase(dir, 1, never).close();
    const path = join(dir, ledgerFile);
    writeFileSync(path, 'this is not a database'.repeat(100));
    const names = readdirSync(dir);
    const told = { code: 'ledger_io', scope: 'process', op: 'ledger open' };
    const end = standIn(t, 'readSync', () => {
      throw systemError('EIO');
    });
    assert.throws(() => openDatabase(dir, 1, never), { ...told, message: 'The ledger cannot be used (EIO)' });
    end();
    const message = 'The ledger cannot be used (SQLITE_NOTADB)';
    assert.throws(() => openDatabaseReadOnly(dir), { ...told, message });
    assert.deepEqual(readdirSync(dir), names);
  });

  it('opens a ledger that is whole at the second look', (t) => {
    const dir = stateDir(t);
    openDatabase(dir, 1, never).close();
    const path = join(dir, ledgerFile);
    const whole = readFileSync(path);
    writeFileSync(path, 'this is not a database'.repeat(100));
    // Right after the first look, before all of it is read.
    between(
      t,
      'openSync',
      'before',
      (opened) => opened === path,
      () => writeFileSync(path, whole),
    );
    openDatabase(dir, 1, never).close();
    assert.ok(!readdirSync(dir).some((name) => name.includes('corrupt')));
  });

  it('refuses a ledger from the future rather than touch it', (t) => {
    const dir = stateDir(t);
    const database = openDatabase(dir, 1, never);
    database.pragma('user_version = 999');
    database.close();
    const isNewer = (error: unknown) => error instanceof SyncError && error.code === 'ledger_newer';
    assert.throws(() => openDatabase(dir, 1, never), isNewer);
    assert.throws(() => openDatabaseReadOnly(dir), isNewer);
  });

  it('names a state directory that cannot be made', (t) => {
    const dir = stateDir(t);
    writeFileSync(dir, 'a file');
    assert.throws(
      () => openDatabase(dir, 1, never),
      (error) => error instanceof SyncError && error.code === 'state_dir' && error.message.includes(dir),
    );
  });

  it('finds no ledger where none is', (t) => {
    assert.equal(openDatabaseReadOnly(stateDir(t)), undefined);
  });
});

describe('takeOwnership', () => {
  it('lets one in, names it to the second, and lets the next in after release', (t) => {
    const dir = stateDir(t);
    const lock = takeOwnership(dir, { pid: 4242, since: 7 });
    assert.throws(
      () => takeOwnership(dir, { pid: 1, since: 1 }),
      (error) => error instanceof SyncError && error.code === 'ledger_owned' && error.message.includes('4242'),
    );
    assert.deepEqual(findOwner(dir), { pid: 4242, since: 7 });
    lock.release();
    assert.equal(findOwner(dir), undefined);
    takeOwnership(dir, { pid: 2, since: 2 }).release();
  });

  it('has an owner also where nothing tells which process it is', (t) => {
    const dir = stateDir(t);
    const lock = takeOwnership(dir, { pid: 4242, since: 7 });
    for (const text of ['', '{"pid": 4', '{"pid": "4242", "since": 7}']) {
      writeFileSync(join(dir, 'owner.json'), text);
      assert.deepEqual(findOwner(dir), { pid: null, since: null }, text);
    }
    lock.release();
    assert.equal(findOwner(dir), undefined);
  });

  it('is free again the moment its owner is killed: a lock cannot go stale', async (t) => {
    const dir = stateDir(t);
    const module = new URL('../../../src/ledger/recovery/owner-lock.js', import.meta.url).href;
    const script = `const { takeOwnership } = await import(${JSON.stringify(module)});
      takeOwnership(${JSON.stringify(dir)}, { pid: process.pid, since: 1 });
      console.log('held'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    assert.equal(findOwner(dir)?.pid, child.pid);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.equal(findOwner(dir), undefined);
  });
});
