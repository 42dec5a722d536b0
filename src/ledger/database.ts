import { chmodSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoCode, SyncError } from '../errors.ts';
import { openSqlite, type SqliteDatabase } from '../runtime/sqlite.ts';
import { migrate, requireKnownVersion } from './migrate.ts';
import { migrations } from './migrations.ts';
import { isDamage, readThrough, requireSound } from './recovery/damage.ts';
import { type LedgerNotice, restoreLedger, setAside } from './recovery/restore.ts';
import { claimStateDir, requireTrustedStateDir } from './recovery/state-dir.ts';

export type LedgerDatabase = SqliteDatabase;

/** The ledger's file name inside the state directory. */
export const ledgerFile = 'ledger.sqlite';

/**
 * Opens (or begins) the ledger in `stateDir`, which becomes 0700 and the ledger 0600. A ledger that fails its check twice,
 * although all of it can be read, is set aside under a dated name, never overwritten. In its place, or in that of a ledger that
 * is gone, comes the newest sound snapshot, or else a new ledger. `tell` hears of all that.
 *
 * @throws SyncError `state_dir` when the directory cannot be made or written, `ledger_newer` when a newer flora-sync
 *   wrote the ledger or its newest snapshot, `ledger_io` for anything else the disk does to us.
 */
export function openDatabase(stateDir: string, nowMs: number, tell: (notice: LedgerNotice) => void): LedgerDatabase {
  const path = join(stateDir, ledgerFile);
  try {
    claimStateDir(stateDir);
    if (isThere(path)) {
      let opened = openUndamaged(path);
      if (opened instanceof Error) {
        // To SQLite a page that cannot be read may look like a damaged one, and a ledger in its place would be older.
        readThrough(path);
        opened = openUndamaged(path);
      }
      if (!(opened instanceof Error)) return opened;
      const aside = setAside(path, nowMs);
      tell({ type: 'set-aside', path: aside, reason: opened.message });
      restoreLedger(stateDir, path, nowMs, aside, tell);
    } else {
      restoreLedger(stateDir, path, nowMs, null, tell);
    }
    return openChecked(path);
  } catch (error) {
    throw asLedgerError(error, 'open');
  }
}

/**
 * Opens the ledger for looking only; undefined when there is none yet. Safe beside a running daemon.
 *
 * @throws SyncError `state_dir`, `ledger_older`, `ledger_newer` or `ledger_io`
 */
export function openDatabaseReadOnly(stateDir: string): LedgerDatabase | undefined {
  requireTrustedStateDir(stateDir);
  const path = join(stateDir, ledgerFile);
  if (!existsSync(path)) return undefined;
  try {
    const database = openSqlite(path, { readonly: true });
    const version = requireKnownVersion(database);
    if (version === migrations.length) return database;
    database.close();
    // Somebody is just beginning it.
    if (version === 0) return undefined;
    throw new SyncError(`The ledger is of version ${version}, this flora-sync writes version ${migrations.length}`, {
      code: 'ledger_older',
      op: 'open ledger',
      hint: 'Start `flora-sync run` or `flora-sync sync` once: it brings the ledger up to date.',
    });
  } catch (error) {
    throw asLedgerError(error, 'open');
  }
}

/** Every SQLite error as ours: the process cannot go on, because its next commit might lie about the last one. */
export function asLedgerError(error: unknown, op: string): unknown {
  if (error instanceof SyncError) return error;
  const code = errnoCode(error);
  if (code === undefined || !(code.startsWith('SQLITE') || code.startsWith('E'))) return error;
  const details = { op: `ledger ${op}`, cause: error };
  if (code === 'SQLITE_FULL' || code === 'ENOSPC') {
    const hint = 'Make room on the disk that holds the state directory, then start again: nothing is lost.';
    return new SyncError('The disk with the ledger is full', { code: 'ledger_full', hint, ...details });
  }
  const hint = 'The ledger is safe as of its last commit; see that its disk is healthy, then start again.';
  return new SyncError(`The ledger cannot be used (${code})`, { code: 'ledger_io', hint, ...details });
}

/** An empty file is no ledger: SQLite makes a new one of it. */
function isThere(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/** The ledger, or what shows that it is damaged. Throws whatever else there is. */
function openUndamaged(path: string): LedgerDatabase | Error {
  try {
    return openChecked(path);
  } catch (error) {
    if (isDamage(error)) return error;
    throw error;
  }
}

function openChecked(path: string): LedgerDatabase {
  const database = openSqlite(path);
  try {
    chmodSync(path, 0o600);
    database.pragma('journal_mode = WAL');
    // better-sqlite3 leaves WAL at NORMAL, which can lose acknowledged commits in a power cut (test/fault/power-cut).
    database.pragma('synchronous = FULL');
    // 16 MiB instead of 4: a page that many groups write is then copied into the database once for all of them.
    database.pragma('wal_autocheckpoint = 4000');
    // 4 MB of pages instead of 16: what a group of rows touches fits, and the kernel has the rest.
    database.pragma('cache_size = -4000');
    requireSound(database, 'quick_check');
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
