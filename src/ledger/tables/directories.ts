import type { Statement } from 'better-sqlite3';
import type { Destination } from '../../core/entry.ts';
import type { LedgerDatabase } from '../database.ts';
import { fromStored, type StoredName, toStored } from './names.ts';

interface KnownDirectory {
  readonly id: number;
  /** Relative to the folder's root; `''` for the root. */
  readonly path: string;
  readonly isGone: boolean;
}

interface DirectoryRow {
  id: number;
  path: StoredName;
  is_gone: number;
}

/** Drop folders, their destinations, and the directories in them. */
export class DirectoryStore {
  /** A destination never changes; which ids there are may, between two lives over one database. */
  readonly #destinations = new Map<number, Destination>();
  readonly #findDestination: Statement<[Destination], { id: number }>;
  readonly #insertDestination: Statement<[Destination]>;
  readonly #getDestination: Statement<
    [number],
    { workspace_id: string; folder: string | null; project_id: string | null }
  >;
  readonly #deactivate: Statement<[]>;
  readonly #doubtMoved: Statement<[{ path: StoredName; destinationId: number }]>;
  readonly #rootIdentity: Statement<[number], { root_identity: string | null }>;
  readonly #saveRootIdentity: Statement<[string, number]>;
  readonly #forgetRootIdentity: Statement<[number]>;
  readonly #needsMatching: Statement<[number], { needs_matching: number }>;
  readonly #setMatching: Statement<[{ folderId: number; needs: number }]>;
  readonly #hasProblems: Statement<[number, string], { name: StoredName }>;
  readonly #toMatch: Statement<[], { id: number }>;
  readonly #anyFile: Statement<[number, number], { name: StoredName }>;
  readonly #anyDevice: Statement<[number], { device: number }>;
  readonly #saveFolder: Statement<[{ path: StoredName; destinationId: number }], { id: number }>;
  readonly #find: Statement<[number, StoredName], DirectoryRow>;
  readonly #save: Statement<[{ folderId: number; parentId: number | null; path: StoredName }], { id: number }>;
  readonly #children: Statement<[number], DirectoryRow>;
  readonly #markGone: Statement<[number]>;

  constructor(database: LedgerDatabase) {
    this.#findDestination = database.prepare(
      `SELECT id FROM destination WHERE workspace_id = @workspaceId AND ifnull(folder, '') = ifnull(@folder, '')
         AND ifnull(project_id, '') = ifnull(@projectId, '')`,
    );
    this.#insertDestination = database.prepare(
      'INSERT INTO destination (workspace_id, folder, project_id) VALUES (@workspaceId, @folder, @projectId)',
    );
    this.#getDestination = database.prepare('SELECT workspace_id, folder, project_id FROM destination WHERE id = ?');
    this.#deactivate = database.prepare('UPDATE folder SET is_active = 0');
    this.#doubtMoved = database.prepare(
      `UPDATE file SET ctime_ms = -1 WHERE directory_id IN (
         SELECT directory.id FROM directory JOIN folder ON folder.id = directory.folder_id
         WHERE folder.path = @path AND folder.destination_id <> @destinationId)`,
    );
    this.#rootIdentity = database.prepare('SELECT root_identity FROM folder WHERE id = ?');
    this.#saveRootIdentity = database.prepare('UPDATE folder SET root_identity = ? WHERE id = ?');
    this.#forgetRootIdentity = database.prepare('UPDATE folder SET root_identity = NULL WHERE id = ?');
    this.#needsMatching = database.prepare('SELECT needs_matching FROM folder WHERE id = ?');
    this.#setMatching = database.prepare(
      'UPDATE folder SET needs_matching = @needs, searched_by = iif(@needs = 0, rules_hash, searched_by) WHERE id = @folderId',
    );
    this.#hasProblems = database.prepare(
      `SELECT file.name FROM file INDEXED BY file_problem JOIN directory ON directory.id = file.directory_id
       WHERE file.problem_code IS NOT NULL AND directory.folder_id = ? AND file.is_gone = 0
         AND file.problem_code IN (SELECT value FROM json_each(?))`,
    );
    this.#toMatch = database.prepare('SELECT id FROM folder WHERE needs_matching = 1 AND is_active = 1');
    this.#anyFile = database.prepare(
      `SELECT file.name FROM directory JOIN file ON file.directory_id = directory.id
       WHERE directory.folder_id = ? AND file.is_gone = 0 AND file.excluded_by IS NULL LIMIT 1 OFFSET ?`,
    );
    this.#anyDevice = database.prepare(
      `WITH RECURSIVE below (id) AS (
         SELECT ? UNION ALL SELECT directory.id FROM below JOIN directory ON directory.parent_id = below.id
         WHERE directory.is_gone = 0)
       SELECT file.device FROM below JOIN file ON file.directory_id = below.id
       WHERE file.is_gone = 0 AND file.excluded_by IS NULL AND file.content_id IS NOT NULL`,
    );
    this.#saveFolder = database.prepare(
      `INSERT INTO folder (path, destination_id, is_active) VALUES (@path, @destinationId, 1)
       ON CONFLICT (path) DO UPDATE SET destination_id = excluded.destination_id, is_active = 1 RETURNING id`,
    );
    this.#find = database.prepare('SELECT id, path, is_gone FROM directory WHERE folder_id = ? AND path = ?');
    this.#save = database.prepare(
      `INSERT INTO directory (folder_id, parent_id, path) VALUES (@folderId, @parentId, @path)
       ON CONFLICT (folder_id, path) DO UPDATE SET is_gone = 0 RETURNING id`,
    );
    this.#children = database.prepare('SELECT id, path, is_gone FROM directory WHERE parent_id = ? AND is_gone = 0');
    this.#markGone = database.prepare('UPDATE directory SET is_gone = 1 WHERE id = ?');
  }

  /** The id of a destination, which is made when it is new. */
  destinationId(destination: Destination): number {
    const found = this.#findDestination.get(destination);
    return found?.id ?? Number(this.#insertDestination.run(destination).lastInsertRowid);
  }

  destination(id: number): Destination {
    const known = this.#destinations.get(id);
    if (known !== undefined) return known;
    const row = this.#getDestination.get(id);
    if (row === undefined) throw new Error(`Destination ${id} is not in the ledger`);
    const destination = { workspaceId: row.workspace_id, folder: row.folder, projectId: row.project_id };
    this.#destinations.set(id, destination);
    return destination;
  }

  /**
   * Makes exactly these folders the watched ones; returns their ids in the same order. Files of a folder that goes to
   * another destination from now on are looked at anew, so that they get there too.
   */
  activateFolders(folders: readonly { path: string; destinationId: number }[]): readonly number[] {
    this.#destinations.clear();
    this.#deactivate.run();
    return folders.map(({ path, destinationId }) => {
      this.#doubtMoved.run({ path: toStored(path), destinationId });
      const saved = this.#saveFolder.get({ path: toStored(path), destinationId }) as { id: number };
      return saved.id;
    });
  }

  rootIdentity(folderId: number): string | null {
    return this.#rootIdentity.get(folderId)?.root_identity ?? null;
  }

  saveRootIdentity(folderId: number, identity: string): void {
    this.#saveRootIdentity.run(identity, folderId);
  }

  /** The next whole scan takes the root as it is, with all that is missing there. */
  forgetRootIdentity(folderId: number): void {
    this.#forgetRootIdentity.run(folderId);
  }

  /** Whether FLORA may have bytes of this folder without the ledger's knowing it: the ledger is new to it, or restored. */
  needsMatching(folderId: number): boolean {
    return this.#needsMatching.get(folderId)?.needs_matching === 1;
  }

  setNeedsMatching(folderId: number, needsMatching: boolean): void {
    this.#setMatching.run({ folderId, needs: Number(needsMatching) });
  }

  /** Whether any file or directory of the folder has one of these problems. */
  hasProblems(folderId: number, codes: ReadonlySet<string>): boolean {
    return this.#hasProblems.get(folderId, JSON.stringify([...codes])) !== undefined;
  }

  /** The watched folders whose bytes are to be looked for in FLORA. */
  toMatch(): readonly number[] {
    return this.#toMatch.all().map((row) => row.id);
  }

  /** Whether the ledger knows so many files of this folder that are not gone. */
  hasFiles(folderId: number, atLeast = 1): boolean {
    return this.#anyFile.get(folderId, atLeast - 1) !== undefined;
  }

  /** On which device a live file with bytes at or below this directory was seen; null when there is no such file. */
  anyDevice(directoryId: number): number | null {
    return this.#anyDevice.get(directoryId)?.device ?? null;
  }

  find(folderId: number, path: string): KnownDirectory | undefined {
    const row = this.#find.get(folderId, toStored(path));
    return row === undefined ? undefined : toDirectory(row);
  }

  /** Notes a directory as present, with its ancestors; returns its id. */
  save(folderId: number, path: string): number {
    const found = this.find(folderId, path);
    if (found !== undefined && !found.isGone) return found.id;
    const parentId = path === '' ? null : this.save(folderId, path.slice(0, Math.max(0, path.lastIndexOf('/'))));
    const saved = this.#save.get({ folderId, parentId, path: toStored(path) }) as { id: number };
    return saved.id;
  }

  /** Directories right below this one that were there at the last look. */
  children(directoryId: number): readonly KnownDirectory[] {
    return this.#children.all(directoryId).map(toDirectory);
  }

  markGone(directoryId: number): void {
    this.#markGone.run(directoryId);
  }
}

function toDirectory(row: DirectoryRow): KnownDirectory {
  return { id: row.id, path: fromStored(row.path), isGone: row.is_gone === 1 };
}
