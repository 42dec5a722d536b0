import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoCode, SyncError } from '../../errors.ts';
import { openSqlite, type SqliteDatabase } from '../../runtime/sqlite.ts';
import { asLedgerError } from '../database.ts';
import { claimStateDir, requireTrustedStateDir } from './state-dir.ts';

export interface Owner {
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

export interface OwnerLock {
  release(): void;
}

const lockFile = 'owner.lock';
const ownerFile = 'owner.json';
/** `findOwner` in another process holds the lock file for an instant; only who holds it longer is an owner. */
const patienceMs = 1_000;

/**
 * Makes this process the ledger's only owner until it releases the lock or dies: the lock is an exclusive transaction on
 * a database of its own, hence a lock of the kernel, which no crash can leave behind. The owner's pid stands beside it for
 * people; it decides nothing.
 *
 * @throws SyncError `ledger_owned` (exit code 4) when another process holds it, `state_dir` when the directory is not ours
 *   alone, `ledger_*` when the disk does not let us.
 */
export function takeOwnership(stateDir: string, owner: Owner): OwnerLock {
  claimStateDirOrTell(stateDir);
  const database = lock(stateDir);
  if (database === undefined) {
    const other = readOwner(stateDir);
    const who = other === undefined ? 'Another flora-sync' : `Another flora-sync (pid ${other.pid})`;
    throw new SyncError(`${who} owns the ledger in ${stateDir}`, {
      code: 'ledger_owned',
      op: 'open ledger',
      path: stateDir,
      hint: 'Stop it first, or give this one its own --state-dir.',
    });
  }
  try {
    writeOwner(join(stateDir, ownerFile), owner);
  } catch (error) {
    database.close();
    throw asLedgerError(error, 'lock');
  }
  return { release: () => database.close() };
}

/** Somebody has the lock, and has not written down (yet) who it is. */
export interface UnknownOwner {
  readonly pid: null;
  readonly since: null;
}

/** Who owns the ledger now; undefined when nobody does. Asking takes nothing: any number of processes may ask at once. Throws SyncError `state_dir`. */
export function findOwner(stateDir: string): Owner | UnknownOwner | undefined {
  requireTrustedStateDir(stateDir);
  let database: SqliteDatabase | undefined;
  try {
    database = openSqlite(join(stateDir, lockFile), { timeout: 0, readonly: true });
    // Any read needs the shared lock, which the owner's exclusive one forbids.
    database.prepare('SELECT count(*) FROM sqlite_master').get();
    return undefined;
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'SQLITE_BUSY') return readOwner(stateDir) ?? { pid: null, since: null };
    // better-sqlite3 has no code for a directory that is not there.
    if (code === 'SQLITE_CANTOPEN' || code === undefined) return undefined;
    throw error;
  } finally {
    database?.close();
  }
}

/** A file of its own: whatever other names the former one has, its bytes stay. */
function writeOwner(path: string, owner: Owner): void {
  rmSync(path, { force: true });
  writeFileSync(path, JSON.stringify(owner), { mode: 0o600, flag: 'wx' });
}

function claimStateDirOrTell(stateDir: string): void {
  try {
    claimStateDir(stateDir);
  } catch (error) {
    throw asLedgerError(error, 'lock');
  }
}

function lock(stateDir: string): SqliteDatabase | undefined {
  let database: SqliteDatabase | undefined;
  try {
    database = openSqlite(join(stateDir, lockFile), { timeout: patienceMs });
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database?.close();
    if (errnoCode(error) === 'SQLITE_BUSY') return undefined;
    throw asLedgerError(error, 'lock');
  }
}

function readOwner(stateDir: string): Owner | undefined {
  try {
    const { pid, since }: { pid?: unknown; since?: unknown } = JSON.parse(
      readFileSync(join(stateDir, ownerFile), 'utf8'),
    );
    return typeof pid === 'number' && typeof since === 'number' ? { pid, since } : undefined;
  } catch {
    // The file is for people: absent, half written or another one, the lock still stands.
    return undefined;
  }
}
