import type { Statement } from 'better-sqlite3';
import type { LedgerDatabase } from '../database.ts';
import { fromStored, type StoredName, toStored } from './names.ts';

interface RacyFile {
  readonly directoryId: number;
  /** Relative to the folder's root. */
  readonly directory: string;
  readonly name: string;
}

/**
 * Files that are to be read once more although they may look the same: they were last read within a tick of their own times.
 * That ends when the file's row is written anew. An index has these rows only, so that nobody pays for the others.
 */
export class RacyFileStore {
  readonly #has: Statement<[number, StoredName], { racy: number }>;
  readonly #due: Statement<[number, number, number], { id: number; directory: StoredName; name: StoredName }>;
  readonly #note: Statement<[number, number, StoredName]>;

  constructor(database: LedgerDatabase) {
    this.#has = database.prepare('SELECT racy_until IS NOT NULL AS racy FROM file WHERE directory_id = ? AND name = ?');
    this.#due = database.prepare(
      `SELECT directory.id AS id, directory.path AS directory, file.name AS name
       FROM file INDEXED BY file_racy JOIN directory ON directory.id = file.directory_id
       WHERE file.racy_until <= ? AND directory.folder_id = ? ORDER BY file.racy_until LIMIT 0 + ?`,
    );
    this.#note = database.prepare('UPDATE file SET racy_until = ? WHERE directory_id = ? AND name = ? AND is_gone = 0');
  }

  has(directoryId: number, name: string): boolean {
    return this.#has.get(directoryId, toStored(name))?.racy === 1;
  }

  /** Those of a folder that are due by now (wall clock, milliseconds), the longest due first. */
  due(folderId: number, nowMs: number, most: number): readonly RacyFile[] {
    return this.#due.all(nowMs, folderId, most).map(({ id, directory, name }) => ({
      directoryId: id,
      directory: fromStored(directory),
      name: fromStored(name),
    }));
  }

  note(directoryId: number, name: string, untilMs: number): void {
    this.#note.run(untilMs, directoryId, toStored(name));
  }
}
