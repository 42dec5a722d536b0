import type { Statement } from 'better-sqlite3';
import type { HistoryRecord } from '../core/records.ts';
import type { LedgerDatabase } from './database.ts';
import { toStored } from './names.ts';

export class HistoryStore {
  readonly #insert: Statement<[Record<string, unknown>]>;

  constructor(database: LedgerDatabase) {
    this.#insert = database.prepare(
      `INSERT INTO history (at, content_id, directory_id, name, event, from_state, to_state, asset_id, request_id,
         attempt, detail)
       VALUES (@atMs, @contentId, @directoryId, @name, @event, @from, @to, @assetId, @requestId, @attempt, @detail)`,
    );
  }

  append(record: HistoryRecord): void {
    const { file, ...rest } = record;
    this.#insert.run({
      ...rest,
      directoryId: file?.directoryId ?? null,
      name: file === null ? null : toStored(file.name),
    });
  }
}
