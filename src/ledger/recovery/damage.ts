import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { errnoCode } from '../../errors.ts';
import type { SqliteDatabase } from '../../runtime/sqlite.ts';

/** Whether SQLite says with this error that a file is no (whole) database. */
export function isDamage(error: unknown): error is Error {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(errnoCode(error) ?? '');
}

/** What SQLite would throw at a damaged file. */
export function damage(message: string): Error {
  return Object.assign(new Error(message), { code: 'SQLITE_CORRUPT' });
}

/** Throws damage unless the check finds nothing: `quick_check` passes over what indexes hold, and takes a tenth of the time. */
export function requireSound(database: SqliteDatabase, check: 'quick_check' | 'integrity_check'): void {
  const verdict = database.pragma(`${check}(1)`, { simple: true });
  if (verdict !== 'ok') throw damage(String(verdict));
}

/** The same for a copy that is to be trusted one day: it is a ledger (an empty file is a sound database) and refers to nothing that it lacks. */
export function requireSoundCopy(database: SqliteDatabase, check: 'quick_check' | 'integrity_check'): void {
  if (Number(database.pragma('user_version', { simple: true })) < 1) throw damage('it is no ledger');
  requireSound(database, check);
  if (hasDanglingReferences(database)) throw damage('it has dangling references');
}

export function hasDanglingReferences(database: SqliteDatabase): boolean {
  return (database.pragma('foreign_key_check') as unknown[]).length > 0;
}

/** Throws what the disk says when the bytes of a database cannot be read: to SQLite that may look like damage. */
export function readThrough(path: string): void {
  const buffer = Buffer.alloc(1024 * 1024);
  for (const file of [path, `${path}-wal`].filter((each) => existsSync(each))) {
    const descriptor = openSync(file, 'r');
    try {
      // From where the last read ended, to the end.
      while (readSync(descriptor, buffer) > 0);
    } finally {
      closeSync(descriptor);
    }
  }
}
