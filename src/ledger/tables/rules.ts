import { createHash } from 'node:crypto';
import type { Statement } from 'better-sqlite3';
import type { LedgerDatabase } from '../database.ts';
import { type StoredName, toStored } from './names.ts';

/** By which rules the files of a folder were judged last, and which rule leaves a file alone. */
export class RuleStore {
  readonly #judged: Statement<
    [number],
    { rules_hash: string | null; ignore_file: string | null; searched_by: string | null }
  >;
  readonly #saveJudged: Statement<[string, string | null, number]>;
  readonly #exclude: Statement<[string | null, number, StoredName]>;

  constructor(database: LedgerDatabase) {
    this.#judged = database.prepare('SELECT rules_hash, ignore_file, searched_by FROM folder WHERE id = ?');
    this.#saveJudged = database.prepare('UPDATE folder SET rules_hash = ?, ignore_file = ? WHERE id = ?');
    this.#exclude = database.prepare(
      'UPDATE file SET excluded_by = ? WHERE directory_id = ? AND name = ? AND is_gone = 0',
    );
  }

  /** Whether all files of the folder were judged by rules with this text. */
  isJudgedBy(folderId: number, text: string): boolean {
    return this.#judged.get(folderId)?.rules_hash === hashOf(text);
  }

  /** The text of the folder's .floraignore by which they were judged; null when there was none. */
  ignoreFile(folderId: number): string | null {
    return this.#judged.get(folderId)?.ignore_file ?? null;
  }

  /** By which rules they were when the folder's bytes were last looked for in FLORA: by these, or by none that is known. */
  wasSearchedBy(folderId: number, text: string): boolean {
    const searchedBy = this.#judged.get(folderId)?.searched_by ?? null;
    return searchedBy === null || searchedBy === hashOf(text);
  }

  saveJudged(folderId: number, text: string, ignoreFile: string | null): void {
    this.#saveJudged.run(hashOf(text), ignoreFile, folderId);
  }

  /** Of a live file: the rule in words, or null when none leaves it alone any more. What it holds stays in its row. */
  exclude(directoryId: number, name: string, by: string | null): void {
    this.#exclude.run(by, directoryId, toStored(name));
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
