import { SyncError } from '../errors.ts';
import type { SqliteDatabase } from '../runtime/sqlite.ts';
import { migrations } from './migrations.ts';
import { hasDanglingReferences } from './recovery/damage.ts';

/** Brings a ledger's schema up to date. Throws what `requireKnownVersion` throws. */
export function migrate(database: SqliteDatabase): void {
  const done = requireKnownVersion(database);
  // Tables that others refer to are made anew: SQLite's documentation has the keys off meanwhile, and checked at the end.
  database.pragma('foreign_keys = OFF');
  // All or nothing: whoever looks on meanwhile sees the former ledger, or none.
  database.transaction(() => {
    for (const [index, sql] of migrations.entries()) {
      if (index < done) continue;
      database.exec(sql);
      if (hasDanglingReferences(database)) throw new Error(`Migration ${index + 1} left dangling references`);
      database.pragma(`user_version = ${index + 1}`);
    }
  })();
  database.pragma('foreign_keys = ON');
}

/** The ledger's version. @throws SyncError `ledger_newer` when it is above all that are known here. */
export function requireKnownVersion(database: SqliteDatabase): number {
  const version = Number(database.pragma('user_version', { simple: true }));
  if (version <= migrations.length) return version;
  throw new SyncError(`The ledger is of version ${version}, this flora-sync knows up to ${migrations.length}`, {
    code: 'ledger_newer',
    // It stays so until a person does something: exit code 78, and no supervisor starts it again.
    op: 'open ledger',
    hint: 'Run the newer flora-sync that wrote it, or set another state directory.',
  });
}
