import type { Statement } from 'better-sqlite3';
import type { FileState } from '../core/content.ts';
import type { Creation } from '../core/creation.ts';
import { joinPath } from '../core/entry.ts';
import { failedStates, failureCodes } from '../core/failure.ts';
import type { Learnt, MatchingSummary, ReconcileSummary } from '../core/records.ts';
import type { LedgerDatabase } from './database.ts';
import { FactStore } from './tables/facts.ts';
import { fromStored, type StoredName, toStored } from './tables/names.ts';

/** One file as `ls` shows it. */
export interface FileReport {
  /** Absolute, lossless (see core/name). */
  readonly path: string;
  readonly folder: string;
  readonly state: FileState;
  readonly assetId: string | null;
  readonly url: string | null;
  readonly sizeBytes: number;
  readonly sha256: string | null;
  readonly attempts: number;
  readonly reasonCode: string | null;
  readonly reason: string | null;
  readonly updatedAtMs: number;
}

/** One line of a file's timeline as `why` shows it. */
export interface TimelineEntry {
  readonly atMs: number;
  readonly event: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly assetId: string | null;
  readonly requestId: string | null;
  readonly attempt: number | null;
  readonly detail: string | null;
}

interface FolderCounts {
  readonly path: string;
  readonly counts: Readonly<Record<string, number>>;
}

/** How many files share a state and a reason, and how many of them came to it since the time asked for. */
export interface FileSum {
  readonly state: FileState;
  readonly code: string | null;
  readonly count: number;
  readonly fresh: number;
  /** 1 when the files themselves are gone, 0 when they are there. */
  readonly gone: number;
  /** 1 when they have failed (core/failure), 0 when not. */
  readonly failed: number;
}

interface ReportRow {
  folder: StoredName;
  directory: StoredName;
  name: StoredName;
  state: FileState;
  asset_id: string | null;
  url: string | null;
  size_bytes: number;
  sha256: string | null;
  attempts: number | null;
  reason_code: string | null;
  reason: string | null;
  updated_at: number;
}

// A file's own state wins over its content's: it is gone, left alone, or never was acceptable.
const stateOf = `CASE WHEN file.is_gone = 1 THEN 'gone' WHEN file.excluded_by IS NOT NULL THEN 'excluded'
  WHEN file.problem_code IS NOT NULL THEN 'rejected' ELSE content.state END`;

function quoted(words: ReadonlySet<string>): string {
  return [...words].map((word) => `'${word}'`).join(', ');
}

/** Whether a file has failed, as core/failure has it: 1, 0, or null where it is neither content nor problem. */
export const hasFailed = `(file.is_gone = 0 AND file.excluded_by IS NULL AND iif(file.problem_code IS NULL, content.state IN (${quoted(failedStates)}),
  file.problem_code IN (${quoted(failureCodes)})))`;

const joined = `file JOIN directory ON directory.id = file.directory_id JOIN folder ON folder.id = directory.folder_id
  LEFT JOIN content ON content.id = file.content_id`;

const reportColumns = `folder.path AS folder, directory.path AS directory, file.name AS name, ${stateOf} AS state,
  content.asset_id AS asset_id, content.url AS url, file.size_bytes AS size_bytes, content.sha256 AS sha256,
  content.attempts AS attempts, coalesce(file.problem_code, content.reason_code) AS reason_code,
  coalesce(file.excluded_by, file.problem, content.reason) AS reason,
  max(file.updated_at, coalesce(content.updated_at, 0)) AS updated_at`;

/** Read-only views of the ledger for people and scripts. Works on any connection, also beside a running daemon. */
export class Reports {
  readonly #list: Statement<[{ state: string | null }], ReportRow>;
  readonly #counts: Statement<[], { folder: StoredName; state: string; count: number }>;
  readonly #folders: Statement<[], { path: StoredName }>;
  readonly #file: Statement<[StoredName, StoredName, StoredName], ReportRow & { directory_id: number }>;
  readonly #timeline: Statement<[{ directoryId: number; name: StoredName }], TimelineEntry>;
  readonly #sums: Statement<[number], FileSum>;
  readonly #facts: FactStore;

  constructor(database: LedgerDatabase) {
    this.#list = database.prepare(
      `SELECT ${reportColumns} FROM ${joined}
       WHERE folder.is_active = 1 AND (@state IS NULL OR ${stateOf} = @state)
       ORDER BY folder.path, directory.path, file.name`,
    );
    this.#counts = database.prepare(
      `SELECT folder.path AS folder, ${stateOf} AS state, count(*) AS count FROM ${joined}
       WHERE folder.is_active = 1 GROUP BY 1, 2`,
    );
    this.#folders = database.prepare('SELECT path FROM folder WHERE is_active = 1 ORDER BY id');
    this.#file = database.prepare(
      `SELECT ${reportColumns}, file.directory_id AS directory_id FROM ${joined}
       WHERE folder.path = ? AND directory.path = ? AND file.name = ?`,
    );
    // A content's lines belong to this file as long as the file had that content: all that its own lines name.
    this.#timeline = database.prepare(
      `SELECT at AS atMs, event, from_state AS "from", to_state AS "to", asset_id AS assetId, request_id AS requestId,
         attempt, detail FROM history
       WHERE (directory_id = @directoryId AND name = @name)
          OR (directory_id IS NULL AND content_id IN (SELECT content_id FROM history
                WHERE directory_id = @directoryId AND name = @name AND content_id IS NOT NULL))
       ORDER BY id`,
    );
    this.#sums = database.prepare(
      `SELECT ${stateOf} AS state, coalesce(file.problem_code, content.reason_code) AS code, count(*) AS count,
         sum(max(file.updated_at, coalesce(content.updated_at, 0)) >= ?) AS fresh, file.is_gone AS gone, ${hasFailed} AS failed
       FROM ${joined} WHERE folder.is_active = 1 GROUP BY 1, 2, 5, 6`,
    );
    this.#facts = new FactStore(database);
  }

  /** Every file of the watched folders, or those in one state, by path; SQLite sorts, and rows come one at a time. */
  *list(state: FileState | null): Generator<FileReport> {
    const slow = this.#slowReason();
    for (const row of this.#list.iterate({ state })) yield toReport(row, slow);
  }

  counts(): readonly FolderCounts[] {
    const byFolder = new Map<string, Record<string, number>>();
    for (const { path } of this.#folders.all()) byFolder.set(fromStored(path), {});
    for (const { folder, state, count } of this.#counts.all()) {
      const counts = byFolder.get(fromStored(folder));
      if (counts !== undefined) counts[state] = count;
    }
    return [...byFolder].map(([path, counts]) => ({ path, counts }));
  }

  /** How many files are in each state for each reason, and how many of them came to it since `sinceMs`. */
  sums(sinceMs: number): readonly FileSum[] {
    return this.#sums.all(sinceMs);
  }

  folders(): readonly string[] {
    return this.#folders.all().map(({ path }) => fromStored(path));
  }

  /** One file and its timeline; undefined when the ledger has never seen it. */
  file(folder: string, directory: string, name: string): { file: FileReport; timeline: TimelineEntry[] } | undefined {
    const row = this.#file.get(toStored(folder), toStored(directory), toStored(name));
    if (row === undefined) return undefined;
    const timeline = this.#timeline.all({ directoryId: row.directory_id, name: toStored(name) });
    return { file: toReport(row, this.#slowReason()), timeline };
  }

  /** Why no asset is asked for just now, where that is so. */
  #slowReason(): string | null {
    const { creation } = this.#facts;
    return creation?.slowSinceMs == null ? null : creation.reason;
  }

  lastReconcile(): ReconcileSummary | null {
    return this.#facts.lastReconcile;
  }

  /** The budget of assets that never got a byte; null when none was ever asked for. */
  creation(): Creation | null {
    return this.#facts.creation;
  }

  /** What was learnt of how FLORA answers, by workspace. */
  learnt(): Readonly<Record<string, Learnt>> {
    return this.#facts.allLearnt();
  }

  /** The search for bytes that FLORA has already; null when there was none. */
  matching(): MatchingSummary | null {
    return this.#facts.matching;
  }
}

/** @param slow why a queued file waits that has no reason of its own */
function toReport(row: ReportRow, slow: string | null): FileReport {
  const folder = fromStored(row.folder);
  return {
    path: joinPath(joinPath(folder, fromStored(row.directory)), fromStored(row.name)),
    folder,
    state: row.state,
    assetId: row.asset_id,
    url: row.state === 'ready' ? row.url : null,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    attempts: row.attempts ?? 0,
    reasonCode: row.state === 'excluded' ? 'excluded' : row.reason_code,
    reason: row.state === 'queued' ? (row.reason ?? slow) : row.reason,
    updatedAtMs: row.updated_at,
  };
}
