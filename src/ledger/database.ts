import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { errnoCode, SyncError } from '../errors.ts';
import { openSqlite, type SqliteDatabase } from '../sqlite.ts';
import { migrate, requireKnownVersion } from './migrate.ts';

export type LedgerDatabase = SqliteDatabase;

/** The ledger's file name inside the state directory. */
export const ledgerFile = 'ledger.sqlite';

/**
 * Opens (or begins) the ledger in `stateDir`, which becomes 0700 and the ledger 0600. A ledger that fails its check twice,
 * although all of it can be read, is set aside under a dated name, never overwritten, and a new one is begun; `onSetAside` is told the new name.
 *
 * @throws SyncError `state_dir` when the directory cannot be made or written, `ledger_newer` when a newer flora-sync
 *   wrote the ledger, `ledger_io` for anything else the disk does to us.
 */
export function openDatabase(stateDir: string, stamp: string, onSetAside: (path: string, why: string) => void) {
  makeStateDir(stateDir);
  const path = join(stateDir, ledgerFile);
  try {
    let opened = openUndamaged(path);
    if (opened instanceof Error) {
      // To SQLite a page that cannot be read may look like a damaged one, and a new ledger would send every file again.
      readThrough(path);
      opened = openUndamaged(path);
    }
    if (!(opened instanceof Error)) return opened;
    onSetAside(setAside(path, stamp), opened.message);
    return openChecked(path);
  } catch (error) {
    throw asLedgerError(error, 'open');
  }
}

/** Opens the ledger for looking only; undefined when there is none yet. Safe beside a running daemon. */
export function openDatabaseReadOnly(stateDir: string): LedgerDatabase | undefined {
  const path = join(stateDir, ledgerFile);
  if (!existsSync(path)) return undefined;
  try {
    const database = openSqlite(path, { readonly: true });
    database.pragma('busy_timeout = 5000');
    requireKnownVersion(database);
    return database;
  } catch (error) {
    throw asLedgerError(error, 'open');
  }
}

/** A database in memory with the same schema, for tests and simulation. */
export function openDatabaseInMemory(): LedgerDatabase {
  const database = openSqlite(':memory:');
  migrate(database);
  return database;
}

/** Every SQLite error as ours: the process cannot go on, because its next commit might lie about the last one. */
export function asLedgerError(error: unknown, op: string): unknown {
  if (error instanceof SyncError) return error;
  const code = errnoCode(error);
  if (code === undefined || !(code.startsWith('SQLITE') || code.startsWith('E'))) return error;
  const details = { scope: 'process', disposition: 'exit', op: `ledger ${op}`, cause: error } as const;
  if (code === 'SQLITE_FULL' || code === 'ENOSPC') {
    const hint = 'Make room on the disk that holds the state directory, then start again: nothing is lost.';
    return new SyncError('The disk with the ledger is full', { code: 'ledger_full', hint, ...details });
  }
  const hint = 'The ledger is safe as of its last commit; see that its disk is healthy, then start again.';
  return new SyncError(`The ledger cannot be used (${code})`, { code: 'ledger_io', hint, ...details });
}

function makeStateDir(stateDir: string): void {
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    chmodSync(stateDir, 0o700);
  } catch (error) {
    const code = errnoCode(error) ?? '';
    // Those pass without a change of settings.
    if (code === 'EROFS' || code === 'ENOSPC' || code === 'EIO') throw asLedgerError(error, 'open');
    throw new SyncError(`The state directory ${stateDir} cannot be made or is not ours (${errnoCode(error)})`, {
      code: 'state_dir',
      scope: 'config',
      disposition: 'exit',
      op: 'open ledger',
      path: stateDir,
      hint: 'Set FLORA_SYNC_STATE_DIR (or --state-dir) to a directory that this user can write.',
      cause: error,
    });
  }
}

/** The ledger, or what shows that it is damaged. Throws whatever else there is. */
function openUndamaged(path: string): LedgerDatabase | Error {
  try {
    return openChecked(path);
  } catch (error) {
    const code = errnoCode(error);
    if (error instanceof Error && (code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB')) return error;
    throw error;
  }
}

/** Throws what the disk says when the ledger's bytes cannot be read. */
function readThrough(path: string): void {
  const buffer = Buffer.alloc(1024 * 1024);
  for (const file of [path, `${path}-wal`].filter((each) => existsSync(each))) {
    const descriptor = openSync(file, 'r');
    try {
      let position = 0;
      for (let count = 1; count > 0; position += count)
        count = readSync(descriptor, buffer, 0, buffer.length, position);
    } finally {
      closeSync(descriptor);
    }
  }
}

function openChecked(path: string): LedgerDatabase {
  const database = openSqlite(path);
  try {
    chmodSync(path, 0o600);
    database.pragma('busy_timeout = 5000');
    database.pragma('journal_mode = WAL');
    // better-sqlite3 leaves WAL at NORMAL, which can lose acknowledged commits in a power cut (measured: design.md, 5).
    database.pragma('synchronous = FULL');
    const verdict = database.pragma('quick_check(1)', { simple: true });
    if (verdict !== 'ok') throw Object.assign(new Error(String(verdict)), { code: 'SQLITE_CORRUPT' });
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function setAside(path: string, stamp: string): string {
  const aside = `${path}.corrupt-${stamp}`;
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  return aside;
}
