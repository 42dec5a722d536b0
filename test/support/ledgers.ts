import type { NewContent } from '../../src/core/records.ts';
import type { LedgerDatabase } from '../../src/ledger/database.ts';
import type { GroupCommitOptions } from '../../src/ledger/group-commit.ts';
import { type Ledger, openLedger } from '../../src/ledger/ledger.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { openSqlite } from '../../src/runtime/sqlite.ts';

/** A database in memory with the ledger's schema. */
export function openDatabaseInMemory(): LedgerDatabase {
  const database = openSqlite(':memory:');
  migrate(database);
  return database;
}

/** The same, where rows come the other way round unless they are asked for in an order: so an order shows that is one by chance. */
export function strictLedger(defer: (flush: () => void) => void = setImmediate) {
  const database = openDatabaseInMemory();
  database.pragma('reverse_unordered_selects = ON');
  return { database, ledger: openLedger(database, { defer, pause: setImmediate, onBlocked: () => {} }) };
}

/** A ledger in memory whose groups commit when the test says so (`flush`), or by themselves with `setImmediate`. */
export function memoryLedger(
  defer: (flush: () => void) => void = setImmediate,
  patch: Partial<GroupCommitOptions> = {},
) {
  const database = openDatabaseInMemory();
  const ledger: Ledger = openLedger(database, {
    defer,
    pause: setImmediate,
    onBlocked: () => {},
    ...patch,
  });
  return { database, ledger };
}

/** Registers one drop folder; returns its ids. */
export async function withFolder(ledger: Ledger, root = '/drop') {
  return await ledger.write((tables) => {
    const destinationId = tables.directories.destinationId({ workspaceId: 'ws_1', folder: null, projectId: null });
    const [folderId] = tables.directories.activateFolders([{ path: root, destinationId }]);
    return { destinationId, folderId: folderId ?? 0, root, copies: 'share' as const };
  });
}

export function newContent(destinationId: number, patch: Partial<NewContent> = {}): NewContent {
  return {
    destinationId,
    sha256: 'aa'.repeat(32),
    sizeBytes: 3,
    contentType: 'image/png',
    fileName: 'a.png',
    idempotencyKey: 'key-1',
    state: 'queued',
    twin: 0,
    notBeforeMs: 0,
    ...patch,
  };
}

/** How SQLite goes about the statements that `open` prepares and that match, as it tells by EXPLAIN QUERY PLAN. */
export function plansOf(database: LedgerDatabase, open: (database: LedgerDatabase) => unknown, wanted: RegExp) {
  const sources: string[] = [];
  const prepare = (source: string) => {
    sources.push(source);
    return database.prepare(source);
  };
  // Stores do nothing with a database but prepare.
  open({ prepare } as unknown as LedgerDatabase);
  return sources
    .filter((source) => wanted.test(source))
    .map((source) => {
      const statement = database.prepare(`EXPLAIN QUERY PLAN ${source}`);
      const named = Object.fromEntries(Array.from(source.matchAll(/@(\w+)/g), ([, name = '']) => [name, 1]));
      const values = Object.keys(named).length > 0 ? [named] : Array.from(source.matchAll(/\?/g), () => 1);
      const rows = statement.all(...values) as { detail: string }[];
      return rows.map(({ detail }) => detail).join('; ');
    });
}
