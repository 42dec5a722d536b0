import type { Statement } from 'better-sqlite3';
import type { ContentState } from '../core/content.ts';
import { type FilePath, joinPath } from '../core/entry.ts';
import type { LedgerDatabase } from './database.ts';
import { hasFailed } from './reports.ts';
import { fromStored, type StoredName, toStored } from './tables/names.ts';

/** A watched drop folder. */
export interface InventoryFolder {
  readonly folderId: number;
  readonly root: string;
  readonly rootIdentity: string | null;
}

interface InventoryDirectory {
  readonly directoryId: number;
  /** Relative to the folder's root; `''` for the root. */
  readonly directory: string;
}

/** A file that the ledger knows, with what it knows of its bytes. */
export interface InventoryFile {
  readonly directoryId: number;
  readonly name: string;
  readonly isGone: boolean;
  /** A rule leaves it alone. */
  readonly isExcluded: boolean;
  /** Why it has no content; null when it has one. */
  readonly problemCode: string | null;
  readonly content: InventoryContent | null;
}

export interface InventoryContent {
  readonly contentId: number;
  readonly state: ContentState;
  readonly assetId: string | null;
  readonly url: string | null;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** The size in which FLORA keeps what it converted; null for what it kept as it was. */
  readonly convertedSizeBytes: number | null;
}

/** What a path held from a time on. */
interface Version extends InventoryContent {
  /** 1 for the first. */
  readonly number: number;
  readonly atMs: number;
}

/** A workspace, or a project in it, that the watched folders' assets are in. */
interface InventoryPlace {
  readonly workspaceId: string;
  readonly projectId: string | null;
}

interface ContentRow {
  content_id: number;
  state: ContentState;
  asset_id: string | null;
  url: string | null;
  size_bytes: number;
  sha256: string;
  converted_size: number | null;
}

type FileRow = { [K in keyof ContentRow]: ContentRow[K] | null } & {
  name: StoredName;
  is_gone: number;
  excluded: number;
  problem_code: string | null;
};

/** Sorts before every name, as SQLite sorts: numbers, then text, then blobs. */
const beforeAll = Number.NEGATIVE_INFINITY;
type After = StoredName | number;

const contentColumns = `content.id AS content_id, content.state AS state, content.asset_id AS asset_id, content.url AS url,
  content.size_bytes AS size_bytes, content.sha256 AS sha256,
  iif(content.reason_code = 'converted', content.remote_size_bytes, NULL) AS converted_size`;
const placed = 'JOIN directory ON directory.id = file.directory_id JOIN folder ON folder.id = directory.folder_id';

/**
 * Everything in the ledger, a bounded number of rows at a time: each query is a moment's read, so that whoever takes hours
 * over the rows never holds up the daemon's checkpoints. Works on any connection, also beside a running daemon.
 */
export class Inventory {
  readonly #folders: Statement<[], { id: number; path: StoredName; root_identity: string | null }>;
  readonly #directories: Statement<[number, After, number], { id: number; path: StoredName }>;
  readonly #directory: Statement<[number, StoredName], { id: number }>;
  readonly #files: Statement<[number, After, number], FileRow>;
  readonly #file: Statement<[number, StoredName, StoredName], FileRow & { directory_id: number }>;
  readonly #failed: Statement<
    [Record<string, unknown>],
    { id: number; folder_id: number; name: StoredName; path: StoredName; root: StoredName }
  >;
  readonly #ready: Statement<[number, number], ContentRow>;
  readonly #byAsset: Statement<[string], ContentRow>;
  readonly #path: Statement<[number], { root: StoredName; path: StoredName; name: StoredName }>;
  readonly #versions: Statement<[number, StoredName], ContentRow & { at: number }>;
  readonly #places: Statement<[], { workspace_id: string; project_id: string | null }>;

  constructor(database: LedgerDatabase) {
    this.#folders = database.prepare('SELECT id, path, root_identity FROM folder WHERE is_active = 1 ORDER BY path');
    this.#directories = database.prepare(
      'SELECT id, path FROM directory WHERE folder_id = ? AND path > ? ORDER BY path LIMIT 0 + ?',
    );
    this.#directory = database.prepare('SELECT id FROM directory WHERE folder_id = ? AND path = ?');
    const files = `SELECT file.name AS name, file.is_gone AS is_gone, file.excluded_by IS NOT NULL AS excluded,
      file.problem_code AS problem_code, ${contentColumns}`;
    this.#files = database.prepare(
      `${files} FROM file LEFT JOIN content ON content.id = file.content_id
       WHERE file.directory_id = ? AND file.name > ? ORDER BY file.name LIMIT 0 + ?`,
    );
    this.#file = database.prepare(
      `${files}, file.directory_id AS directory_id FROM directory JOIN file ON file.directory_id = directory.id
       LEFT JOIN content ON content.id = file.content_id
       WHERE directory.folder_id = ? AND directory.path = ? AND file.name = ?`,
    );
    this.#failed = database.prepare(
      `SELECT file.directory_id AS id, folder.id AS folder_id, file.name AS name, directory.path AS path, folder.path AS root
       FROM file ${placed} LEFT JOIN content ON content.id = file.content_id
       WHERE (file.directory_id, file.name) > (@directoryId, @name) AND folder.is_active = 1 AND ${hasFailed}
       ORDER BY file.directory_id, file.name LIMIT 0 + @limit`,
    );
    this.#ready = database.prepare(
      `SELECT ${contentColumns} FROM content WHERE id > ? AND state IN ('ready', 'missing')
         AND EXISTS (SELECT 1 FROM file ${placed} WHERE file.content_id = content.id AND folder.is_active = 1)
       ORDER BY id LIMIT 0 + ?`,
    );
    this.#byAsset = database.prepare(`SELECT ${contentColumns} FROM content WHERE asset_id = ?`);
    this.#path = database.prepare(
      `SELECT folder.path AS root, directory.path AS path, file.name AS name FROM file ${placed}
       WHERE file.content_id = ? ORDER BY folder.is_active DESC, file.is_gone LIMIT 1`,
    );
    this.#versions = database.prepare(
      `SELECT history.at AS at, ${contentColumns} FROM history JOIN content ON content.id = history.content_id
       WHERE history.directory_id = ? AND history.name = ? ORDER BY history.id`,
    );
    this.#places = database.prepare(
      `SELECT DISTINCT workspace_id, project_id FROM folder JOIN destination ON destination.id = folder.destination_id
       WHERE folder.is_active = 1`,
    );
  }

  /** The watched folders, by path. */
  folders(): readonly InventoryFolder[] {
    return this.#folders
      .all()
      .map(({ id, path, root_identity }) => ({ folderId: id, root: fromStored(path), rootIdentity: root_identity }));
  }

  /** The next directories of a folder by path; from the first one when `after` is null. */
  directories(folderId: number, after: string | null, limit: number): readonly InventoryDirectory[] {
    return this.#directories
      .all(folderId, after === null ? beforeAll : toStored(after), limit)
      .map(({ id, path }) => ({ directoryId: id, directory: fromStored(path) }));
  }

  hasDirectory(folderId: number, directory: string): boolean {
    return this.#directory.get(folderId, toStored(directory)) !== undefined;
  }

  /** The next files of a directory by name; from the first one when `after` is null. */
  files(directoryId: number, after: string | null, limit: number): readonly InventoryFile[] {
    return this.#files
      .all(directoryId, after === null ? beforeAll : toStored(after), limit)
      .map((row) => toFile(row, directoryId));
  }

  file(folderId: number, directory: string, name: string): InventoryFile | undefined {
    const row = this.#file.get(folderId, toStored(directory), toStored(name));
    return row === undefined ? undefined : toFile(row, row.directory_id);
  }

  /** The next files that have failed (core/failure). */
  failed(
    after: { readonly directoryId: number; readonly name: string } | null,
    limit: number,
  ): readonly (FilePath & { readonly folderId: number; readonly directoryId: number })[] {
    const directoryId = after?.directoryId ?? beforeAll;
    const name = toStored(after?.name ?? '');
    return this.#failed
      .all({ directoryId, name, limit })
      .map((row) => ({ ...toPath(row), folderId: row.folder_id, directoryId: row.id }));
  }

  /** The next contents by id that FLORA should have, or had, and that a path in a watched folder stands for. */
  ready(afterId: number, limit: number): readonly InventoryContent[] {
    return this.#ready.all(afterId, limit).map(toContent);
  }

  byAsset(assetId: string): InventoryContent | undefined {
    const row = this.#byAsset.get(assetId);
    return row === undefined ? undefined : toContent(row);
  }

  /** A path that has, or had last, this content: one in a watched folder that is not gone, if there is any. */
  pathOf(contentId: number): string | null {
    const row = this.#path.get(contentId);
    if (row === undefined) return null;
    const { root, directory, name } = toPath(row);
    return joinPath(joinPath(root, directory), name);
  }

  /** What the path has held, the oldest first; the same bytes again after others are another version. */
  versions(directoryId: number, name: string): readonly Version[] {
    const versions: Version[] = [];
    for (const row of this.#versions.all(directoryId, toStored(name))) {
      if (versions.at(-1)?.contentId === row.content_id) continue;
      versions.push({ ...toContent(row), number: versions.length + 1, atMs: row.at });
    }
    return versions;
  }

  places(): readonly InventoryPlace[] {
    return this.#places.all().map((row) => ({ workspaceId: row.workspace_id, projectId: row.project_id }));
  }
}

function toPath({ root, path, name }: { root: StoredName; path: StoredName; name: StoredName }): FilePath {
  return { root: fromStored(root), directory: fromStored(path), name: fromStored(name) };
}

function toFile(row: FileRow, directoryId: number): InventoryFile {
  return {
    directoryId,
    name: fromStored(row.name),
    isGone: row.is_gone === 1,
    isExcluded: row.excluded === 1,
    problemCode: row.problem_code,
    // They come together, or not at all.
    content: row.content_id === null ? null : toContent(row as ContentRow),
  };
}

function toContent(row: ContentRow): InventoryContent {
  return {
    contentId: row.content_id,
    state: row.state,
    assetId: row.asset_id,
    url: row.url,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    convertedSizeBytes: row.converted_size,
  };
}
