// Takes one snapshot, as a process of its own: SQLite cannot be interrupted within a call, so a thread would hold up the stop of
// the daemon for as long as a large ledger takes; a process can be killed at any moment. Started by snapshots.ts, and nothing is
// closed: its end does that.
import { closeSync, openSync } from 'node:fs';
import { errnoCode } from '../../errors.ts';
import { openSqlite } from '../../runtime/sqlite.ts';
import { damage, requireSoundCopy } from './damage.ts';
import { putInPlace } from './put-in-place.ts';

try {
  const [, , ledger = '', partial = '', path = ''] = process.argv;
  // SQLite would make it readable for others; a file that is there and empty it takes.
  closeSync(openSync(partial, 'wx', 0o600));
  const version = copy(ledger, partial);
  check(partial, version);
  putInPlace(partial, path);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stdout.write(JSON.stringify({ code: errnoCode(error) ?? null, message }));
  process.exitCode = 1;
}

function copy(ledger: string, partial: string): unknown {
  const database = openSqlite(ledger, { readonly: true });
  const version = database.pragma('user_version', { simple: true });
  database.prepare('VACUUM INTO ?').run(partial);
  return version;
}

function check(partial: string, version: unknown): void {
  const database = openSqlite(partial, { readonly: true });
  const copied = database.pragma('user_version', { simple: true });
  if (copied !== version) throw damage(`it is of version ${copied} instead of ${version}`);
  // Its indexes were made a moment ago, from its tables.
  requireSoundCopy(database, 'quick_check');
}
