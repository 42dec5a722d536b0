import type { Statement } from 'better-sqlite3';
import type { FilePath, FileStat, Problem } from '../../core/entry.ts';
import type { LedgerDatabase } from '../database.ts';
import { fromStored, type StoredName, toStored } from './names.ts';

/** A file as the ledger last saw it. Exactly one of `contentId` and `problem` is set. */
interface KnownFile {
  readonly directoryId: number;
  readonly name: string;
  readonly stat: FileStat;
  readonly contentId: number | null;
  readonly problem: Problem | null;
  readonly isGone: boolean;
  /** The rule that leaves it alone, in words. */
  readonly excludedBy: string | null;
}

interface FileRow {
  directory_id: number;
  name: StoredName;
  size_bytes: number;
  mtime_ms: number;
  ctime_ms: number;
  inode: number;
  device: number;
  content_id: number | null;
  problem_code: string | null;
  problem: string | null;
  is_gone: number;
  excluded_by: string | null;
}

/** Columns instead of an object for each row: a rescan reads millions of them. */
type KnownRow = [
  name: StoredName,
  sizeBytes: number,
  mtimeMs: number,
  ctimeMs: number,
  inode: number,
  device: number,
  contentId: number | null,
  code: string | null,
  reason: string | null,
  gone: number,
  excludedBy: string | null,
];

/** A path as a holder of a content, now or last. */
type ContentPath = FilePath & {
  readonly directoryId: number;
  readonly isGone: boolean;
  readonly isSameInode: boolean;
  /** In a folder that is watched now. */
  readonly isWatched: boolean;
  /** As the ledger last saw it. */
  readonly stat: FileStat;
};

/** Files, keyed by (directory, name), so that a scan reads those of one directory in their order. */
export class FileStore {
  readonly #inDirectory: Statement<[number, StoredName, number], KnownRow>;
  readonly #one: Statement<[number, StoredName], FileRow>;
  readonly #save: Statement<unknown[]>;
  readonly #remove: Statement<[number, StoredName]>;
  readonly #markGone: Statement<[{ directoryId: number; name: StoredName; nowMs: number }]>;
  readonly #doubt: Statement<[{ directoryId: number; name: StoredName; contentId: number }]>;
  readonly #doubtContent: Statement<[number]>;
  readonly #doubtProblems: Statement<[]>;
  readonly #withContent: Statement<
    [Record<string, unknown>],
    FileRow & { root: StoredName; directory: StoredName; inode_first: number; is_active: number }
  >;
  readonly #lastPath: Statement<[number], { root: StoredName; directory: StoredName; name: StoredName }>;
  readonly #sources: Statement<
    [number, number],
    { root: StoredName; directory: StoredName; name: StoredName; id: number }
  >;

  constructor(database: LedgerDatabase) {
    this.#inDirectory = database
      .prepare(
        `SELECT name, size_bytes, mtime_ms, ctime_ms, inode, device, content_id, problem_code, problem, is_gone, excluded_by
         FROM file WHERE directory_id = ? AND name > ? ORDER BY name LIMIT 0 + ?`,
      )
      .raw(true) as unknown as Statement<[number, StoredName, number], KnownRow>;
    this.#one = database.prepare('SELECT * FROM file WHERE directory_id = ? AND name = ?');
    this.#save = database.prepare(
      `INSERT INTO file (directory_id, name, size_bytes, mtime_ms, ctime_ms, inode, device, content_id, problem_code,
         problem, is_gone, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)
       ON CONFLICT (directory_id, name) DO UPDATE SET size_bytes = excluded.size_bytes, mtime_ms = excluded.mtime_ms,
         ctime_ms = excluded.ctime_ms, inode = excluded.inode, device = excluded.device,
         content_id = excluded.content_id, problem_code = excluded.problem_code, problem = excluded.problem,
         racy_until = NULL, is_gone = 0, excluded_by = NULL, updated_at = iif(file.content_id = excluded.content_id AND file.is_gone = 0,
           file.updated_at, excluded.updated_at)`,
    );
    this.#remove = database.prepare('DELETE FROM file WHERE directory_id = ? AND name = ?');
    this.#markGone = database.prepare(
      `UPDATE file SET is_gone = 1, racy_until = NULL, excluded_by = NULL, updated_at = @nowMs
       WHERE directory_id = @directoryId AND name = @name`,
    );
    this.#doubt = database.prepare(
      `UPDATE file SET ctime_ms = -1
       WHERE directory_id = @directoryId AND name = @name AND content_id = @contentId AND is_gone = 0`,
    );
    this.#doubtContent = database.prepare('UPDATE file SET ctime_ms = -1 WHERE content_id = ? AND is_gone = 0');
    this.#doubtProblems = database.prepare('UPDATE file SET ctime_ms = -1 WHERE problem_code IS NOT NULL');
    // The same inode first: what has it, and these bytes, is the file itself under its former name. Of several such names the last.
    this.#withContent = database.prepare(
      `SELECT file.*, folder.path AS root, directory.path AS directory,
         file.inode = @inode AND file.device = @device AS inode_first, folder.is_active AS is_active
       FROM (SELECT * FROM (SELECT * FROM file WHERE content_id = @contentId AND is_gone = 0 LIMIT 64)
             UNION ALL SELECT * FROM (SELECT * FROM file WHERE content_id = @contentId AND is_gone = 1 LIMIT 64)) AS file
       JOIN directory ON directory.id = file.directory_id JOIN folder ON folder.id = directory.folder_id
       ORDER BY inode_first DESC, file.is_gone, file.updated_at DESC LIMIT 16`,
    );
    this.#lastPath = database.prepare(
      `SELECT folder.path AS root, directory.path AS directory, history.name AS name
       FROM history JOIN directory ON directory.id = history.directory_id JOIN folder ON folder.id = directory.folder_id
       WHERE history.content_id = ? ORDER BY history.id DESC`,
    );
    const live = `FROM file JOIN directory ON directory.id = file.directory_id JOIN folder ON folder.id = directory.folder_id
       WHERE file.content_id = ? AND file.is_gone = 0 AND file.ctime_ms <> -1 AND folder.is_active = 1
         AND (file.excluded_by IS NULL OR (SELECT asset_id FROM content WHERE id = file.content_id) IS NOT NULL)
         AND folder.destination_id = (SELECT destination_id FROM content WHERE id = file.content_id)`;
    this.#sources = database.prepare(
      `SELECT folder.path AS root, directory.path AS directory, file.name AS name, directory.id AS id ${live} LIMIT 0 + ?`,
    );
  }

  /** The files of a directory in the order of their names: all, or so many that come after a name. */
  inDirectory(directoryId: number, after = '', most = Number.MAX_SAFE_INTEGER): readonly KnownFile[] {
    return this.#inDirectory
      .all(directoryId, toStored(after), most)
      .map(([name, sizeBytes, mtimeMs, ctimeMs, inode, device, contentId, code, reason, gone, excludedBy]) => ({
        directoryId,
        name: fromStored(name),
        stat: { sizeBytes, mtimeMs, ctimeMs, inode, device },
        contentId,
        problem: code === null ? null : { code, reason: reason ?? '' },
        isGone: gone === 1,
        excludedBy,
      }));
  }

  get(directoryId: number, name: string): KnownFile | undefined {
    const row = this.#one.get(directoryId, toStored(name));
    return row === undefined ? undefined : toFile(row);
  }

  saveContent(directoryId: number, name: string, stat: FileStat, contentId: number, nowMs: number): void {
    this.#put(directoryId, name, stat, contentId, null, nowMs);
  }

  saveProblem(directoryId: number, name: string, stat: FileStat, problem: Problem, nowMs: number): void {
    this.#put(directoryId, name, stat, null, problem, nowMs);
  }

  markGone(directoryId: number, name: string, nowMs: number): void {
    this.#markGone.run({ ...keyed(directoryId, name), nowMs });
  }

  /** Forgets a file that only ever was a problem. */
  remove(directoryId: number, name: string): void {
    this.#remove.run(directoryId, toStored(name));
  }

  /** Forgets what the file looked like, so that the next look sees a change; only while it is a file of this content. */
  doubt(directoryId: number, name: string, contentId: number): void {
    this.#doubt.run({ ...keyed(directoryId, name), contentId });
  }

  /** The same for each file with this content. */
  doubtContent(contentId: number): void {
    this.#doubtContent.run(contentId);
  }

  /** The same for each file that was not acceptable: settings or permissions may be others now. */
  doubtProblems(): void {
    this.#doubtProblems.run();
  }

  /** Paths that have, or had last, this content: those with this inode first; at most 16 of them. */
  pathsOf(contentId: number, { inode, device }: Pick<FileStat, 'inode' | 'device'>): readonly ContentPath[] {
    return this.#withContent.all({ contentId, inode, device }).map((row) => ({
      root: fromStored(row.root),
      directory: fromStored(row.directory),
      name: fromStored(row.name),
      directoryId: row.directory_id,
      isGone: row.is_gone === 1,
      isSameInode: row.inode_first === 1,
      isWatched: row.is_active === 1,
      stat: toStat(row),
    }));
  }

  /** The last file to which this content was given, whatever lies there now. */
  lastPathOf(contentId: number): FilePath | undefined {
    const row = this.#lastPath.get(contentId);
    return row && { root: fromStored(row.root), directory: fromStored(row.directory), name: fromStored(row.name) };
  }

  /** Files that should hold these bytes now, in watched folders with that destination; excluded ones only for an asset that is begun. */
  sources(contentId: number, most = 16): readonly (FilePath & { readonly directoryId: number })[] {
    return this.#sources.all(contentId, most).map((row) => ({
      root: fromStored(row.root),
      directory: fromStored(row.directory),
      name: fromStored(row.name),
      directoryId: row.id,
    }));
  }

  #put(
    directoryId: number,
    name: string,
    { sizeBytes, mtimeMs, ctimeMs, inode, device }: FileStat,
    contentId: number | null,
    problem: Problem | null,
    nowMs: number,
  ): void {
    const stored = toStored(name);
    const stat = [sizeBytes, mtimeMs, ctimeMs, inode, device];
    this.#save.run(directoryId, stored, ...stat, contentId, problem?.code, problem?.reason, nowMs);
  }
}

function keyed(directoryId: number, name: string): { directoryId: number; name: StoredName } {
  return { directoryId, name: toStored(name) };
}

function toStat(row: FileRow): FileStat {
  const { size_bytes: sizeBytes, mtime_ms: mtimeMs, ctime_ms: ctimeMs, inode, device } = row;
  return { sizeBytes, mtimeMs, ctimeMs, inode, device };
}

function toFile(row: FileRow): KnownFile {
  return {
    directoryId: row.directory_id,
    name: fromStored(row.name),
    stat: toStat(row),
    contentId: row.content_id,
    problem: row.problem_code === null ? null : { code: row.problem_code, reason: row.problem ?? '' },
    isGone: row.is_gone === 1,
    excludedBy: row.excluded_by,
  };
}
