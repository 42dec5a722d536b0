import type { Statement } from 'better-sqlite3';
import type { LedgerDatabase } from './database.ts';
import { toStored } from './names.ts';

/** One line of the append-only history. Never holds keys, signed URLs or form fields. */
export interface HistoryRecord {
  readonly atMs: number;
  readonly contentId: number | null;
  /** The file it is about, where it is about one. */
  readonly file: { readonly directoryId: number; readonly name: string } | null;
  readonly event: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly assetId: string | null;
  readonly requestId: string | null;
  readonly attempt: number | null;
  readonly detail: string | null;
}

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
