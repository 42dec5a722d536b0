import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { openSqlite, type SqliteDatabase } from '../../runtime/sqlite.ts';
import { migrate } from '../migrate.ts';
import { isDamage, readThrough, requireSoundCopy } from './damage.ts';
import { moveTo, putInPlace } from './put-in-place.ts';
import { listSnapshots, type Snapshot, stampOf } from './snapshot-files.ts';

/** What happened to the ledger before it could be opened. Paths are absolute. */
export type LedgerNotice =
  | { readonly type: 'set-aside'; readonly path: string; readonly reason: string }
  | { readonly type: 'snapshot-damaged'; readonly path: string; readonly reason: string }
  | { readonly type: 'restored'; readonly snapshot: Snapshot; readonly setAside: string | null }
  /** There was a ledger once, and nothing to restore it from. */
  | { readonly type: 'begun-anew' };

/** The fact `restored`, as JSON. */
export interface Restoration {
  readonly atMs: number;
  /** The snapshot's file name. */
  readonly from: string;
  /** Where the damaged ledger lies now; null when there was none. */
  readonly setAside: string | null;
}

/** Everything that SQLite would take for a part of the database beside it. */
const companions = ['-wal', '-shm', '-journal'] as const;

/** Moves a ledger that cannot be used out of the way, under a dated name. The file itself goes first: without it the rest is never applied. */
export function setAside(path: string, nowMs: number): string {
  const aside = `${path}.corrupt-${stampOf(nowMs)}`;
  for (const suffix of ['', ...companions]) {
    if (existsSync(path + suffix)) moveTo(path + suffix, aside + suffix);
  }
  return aside;
}

/**
 * Puts the newest snapshot that is sound in the place of a ledger that is not there (any more), marked as restored. Those that are
 * not sound are renamed and told. It is made under another name and takes its place whole, so that a crash leaves no ledger
 * there, and the next start restores it then.
 */
export function restoreLedger(
  stateDir: string,
  path: string,
  nowMs: number,
  aside: string | null,
  tell: (notice: LedgerNotice) => void,
): void {
  const snapshots = listSnapshots(stateDir, nowMs);
  if (snapshots.length === 0 && aside === null) return;
  setCompanionsAside(path, nowMs);
  for (const snapshot of snapshots) {
    const damage = restoreFrom(snapshot, path, { atMs: nowMs, from: snapshot.name, setAside: aside });
    if (damage === undefined) {
      tell({ type: 'restored', snapshot, setAside: aside });
      return;
    }
    moveTo(snapshot.path, `${snapshot.path}.corrupt`);
    tell({ type: 'snapshot-damaged', path: `${snapshot.path}.corrupt`, reason: damage.message });
  }
  tell({ type: 'begun-anew' });
}

/** The log of a lost ledger would be replayed into the restored one. */
function setCompanionsAside(path: string, nowMs: number): void {
  for (const suffix of companions) {
    if (existsSync(path + suffix)) moveTo(path + suffix, `${path}.lost-${stampOf(nowMs)}${suffix}`);
  }
}

/** Returns what is wrong with the snapshot, and has changed nothing then. */
function restoreFrom(snapshot: Snapshot, path: string, restoration: Restoration): Error | undefined {
  const copy = `${path}.restoring`;
  try {
    removeCopy(copy);
    copyFileSync(snapshot.path, copy);
    prepare(copy, restoration);
    putInPlace(copy, path);
    return undefined;
  } catch (error) {
    removeCopy(copy);
    if (isDamage(error) || isUnreadable(snapshot.path)) return error as Error;
    throw error;
  }
}

/** Whether it is the snapshot that the disk does not give out, and not the copy that it does not take. */
function isUnreadable(path: string): boolean {
  try {
    readThrough(path);
    return false;
  } catch {
    return true;
  }
}

/** What a killed process left of it may include a journal, which would be rolled back into the next copy. */
function removeCopy(copy: string): void {
  for (const suffix of ['', ...companions]) rmSync(copy + suffix, { force: true });
}

function prepare(copy: string, restoration: Restoration): void {
  const database = openSqlite(copy);
  try {
    // One file when it is closed, whichever way it was written.
    database.pragma('journal_mode = DELETE');
    requireSoundCopy(database, 'integrity_check');
    migrate(database);
    markRestored(database, restoration);
  } finally {
    database.close();
  }
}

/**
 * What a restored ledger takes for unsent may have been sent since, under a key that it does not know: all that was never
 * completed is to be looked for in FLORA by its bytes first, as is every file that it does not know. What is bound may have been
 * completed since: it counts as sent, so that neither one 404 nor a refused renewal lets go of an asset that is ready.
 */
export function markRestored(database: SqliteDatabase, restoration: Restoration): void {
  database.transaction(() => {
    database.exec('UPDATE folder SET needs_matching = 1');
    database
      .prepare(
        `UPDATE content SET state = 'matching', not_before = @atMs, attempts = 0, reason_code = NULL, reason = NULL,
           complete_sent = asset_id IS NOT NULL, revision = revision + 1, updated_at = @atMs
         WHERE complete_sent = 0 AND state IN ('queued', 'reserved', 'renewing', 'checking', 'rejected', 'gone')`,
      )
      .run({ atMs: restoration.atMs });
    // What an earlier search saw of FLORA is as old as the ledger.
    database.exec('DELETE FROM remote_asset');
    database.exec(`DELETE FROM fact WHERE key = 'matching' OR key GLOB 'listed:*'`);
    database
      .prepare(
        `INSERT INTO fact (key, value) VALUES ('restored', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
      )
      .run(JSON.stringify(restoration));
  })();
}
