import type { Statement } from 'better-sqlite3';
import type { ReconcileSummary } from '../core/records.ts';
import type { LedgerDatabase } from './database.ts';

/** Small single facts that survive a restart. */
export class FactStore {
  readonly #get: Statement<[string], { value: string }>;
  readonly #set: Statement<[string, string]>;

  constructor(database: LedgerDatabase) {
    this.#get = database.prepare('SELECT value FROM fact WHERE key = ?');
    this.#set = database.prepare(
      'INSERT INTO fact (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    );
  }

  get lastReconcile(): ReconcileSummary | null {
    const row = this.#get.get('last_reconcile');
    // Written by the setter below, and by nobody else.
    return row === undefined ? null : (JSON.parse(row.value) as ReconcileSummary);
  }

  setLastReconcile(summary: ReconcileSummary): void {
    this.#set.run('last_reconcile', JSON.stringify(summary));
  }
}
