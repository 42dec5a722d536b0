import type { LedgerDatabase } from '../../src/ledger/database.ts';
import { markRestored } from '../../src/ledger/recovery/restore.ts';

const tables = ['destination', 'folder', 'directory', 'content', 'file', 'history', 'fact', 'remote_asset'] as const;

/** A copy of the ledger as of one commit: of each table its rows. */
export type Snapshot = ReadonlyMap<string, readonly Record<string, unknown>[]>;

/** Takes copies of the ledger, loses it, and puts copies back. */
export interface Shelf {
  copy(): Snapshot;
  /** Begins the ledger anew: as it was when the seed began. */
  lose(): void;
  restore(snapshot: Snapshot, nowMs: number): void;
}

/** @param database one whose statements all seeds share; it is inside the seed's one transaction */
export function openShelf(database: LedgerDatabase): Shelf {
  const statements = tables.map((table) => {
    const columns = (database.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => name);
    const values = columns.map((name) => `@${name}`).join(', ');
    return {
      table,
      all: database.prepare<[], Record<string, unknown>>(`SELECT * FROM ${table}`),
      insert: database.prepare<[Record<string, unknown>]>(
        `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${values})`,
      ),
    };
  });
  const lose = () => database.exec('ROLLBACK; BEGIN');
  return {
    copy: () => new Map(statements.map(({ table, all }) => [table, all.all()])),
    lose,
    restore: (snapshot, nowMs) => {
      lose();
      for (const { table, insert } of statements) for (const row of snapshot.get(table) ?? []) insert.run(row);
      markRestored(database, { atMs: nowMs, from: 'a copy', setAside: null });
    },
  };
}
