import type { Statement } from 'better-sqlite3';
import type { HistoryRecord } from '../../core/records.ts';
import type { LedgerDatabase } from '../database.ts';
import { toStored } from './names.ts';

export class HistoryStore {
  readonly #insert: Statement<unknown[]>;

  constructor(database: LedgerDatabase) {
    this.#insert = database.prepare(
      `INSERT INTO history (at, content_id, directory_id, name, event, from_state, to_state, asset_id, request_id,
         attempt, detail)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  append(record: HistoryRecord): void {
    const { atMs, contentId, file, event, from, to, assetId, requestId, attempt, detail } = record;
    const name = file === null ? null : toStored(file.name);
    this.#insert.run(atMs, contentId, file?.directoryId, name, event, from, to, assetId, requestId, attempt, detail);
  }
}
