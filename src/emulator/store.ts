// The metadata: one SQLite file, `<dataDir>/emulator.sqlite`, that survives kill -9 (WAL; NORMAL does not sync each commit, so
// a power cut may lose the newest rows). Opened exclusively: a second emulator on the same directory is refused.
import type Database from 'better-sqlite3';
import { openSqlite } from '../runtime/sqlite.ts';
import type { EmulatorSettings } from './dialects.ts';
import type { Asset } from './lifecycle.ts';
import { columns, migrate, mutableColumns } from './schema.ts';

type ListOrder = EmulatorSettings['listOrder'];

/** The first answer to an idempotency key. */
export interface RememberedAnswer {
  readonly scope: string;
  readonly key: string;
  readonly body_hash: string;
  readonly status: number;
  readonly body: string;
  readonly created_at: number;
}

export interface ListFilter {
  /** `any`: where every key opens every workspace. */
  readonly workspaceIds: readonly string[] | 'any';
  readonly projectId: string | undefined;
  readonly query: string | undefined;
}

const orderTerms: Readonly<Record<ListOrder, string>> = {
  newest: 'seq DESC',
  oldest: 'seq',
  shuffled: 'asset_id',
};

export type Store = ReturnType<typeof openStore>;

/** Opens or creates the database; throws the SqliteError as it is (`SQLITE_BUSY` when another emulator has it open). */
export function openStore(path: string) {
  const db = openSqlite(path, { timeout: 250 });
  try {
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = NORMAL');
    db.transaction(() => migrate(db)).immediate();
    // Holds nothing that is not in the table, so that it needs no version of its own.
    db.exec('CREATE INDEX IF NOT EXISTS assets_by_id ON assets (workspace_id, hidden, asset_id)');
  } catch (error) {
    db.close();
    throw error;
  }

  const insert = db.prepare<Omit<Asset, 'seq'>>(
    `INSERT INTO assets (${columns.join(', ')}) VALUES (${columns.map((name) => `@${name}`).join(', ')})`,
  );
  const update = db.prepare<Asset>(
    `UPDATE assets SET ${mutableColumns.map((name) => `${name} = @${name}`).join(', ')} WHERE seq = @seq`,
  );
  const byId = db.prepare<[string], Asset>('SELECT * FROM assets WHERE asset_id = ?');
  const byToken = db.prepare<[string], Asset>('SELECT * FROM assets WHERE token = ?');
  const all = db.prepare<[], Asset>('SELECT * FROM assets ORDER BY seq');
  const remove = db.prepare<[number]>('DELETE FROM assets WHERE seq = ?');
  const lastSeq = db.prepare<[], number>("SELECT seq FROM sqlite_sequence WHERE name = 'assets'").pluck();
  const recall = db.prepare<[string, string], RememberedAnswer>(
    'SELECT * FROM idempotency WHERE scope = ? AND key = ?',
  );
  const remember = db.prepare<RememberedAnswer>(
    'INSERT OR IGNORE INTO idempotency VALUES (@scope, @key, @body_hash, @status, @body, @created_at)',
  );
  const forget = db.prepare<[string, string]>('DELETE FROM idempotency WHERE scope = ? AND key = ?');
  const lists = new Map<string, Database.Statement<unknown[], Asset>>();
  const counts = new Map<string, Database.Statement<unknown[], number>>();

  return {
    insert: (asset: Omit<Asset, 'seq'>) => {
      insert.run(asset);
    },
    save: (asset: Asset) => {
      update.run(asset);
    },
    byId: (assetId: string) => byId.get(assetId),
    byToken: (token: string) => byToken.get(token),
    all: () => all.all(),
    remove: (asset: Pick<Asset, 'seq'>) => {
      remove.run(asset.seq);
    },
    /** The highest seq that was ever given: the next asset gets one more. */
    lastSeq: () => lastSeq.get() ?? 0,
    /** What has no bytes on disk and is not hidden, in the listing's order. */
    withoutBytes: (order: ListOrder) =>
      db
        .prepare<[], Pick<Asset, 'seq' | 'asset_id'>>(
          `SELECT seq, asset_id FROM assets WHERE sha256 IS NULL AND hidden = 0 ORDER BY ${orderTerms[order]}`,
        )
        .all(),
    /** A name query reads the whole workspace; everything else goes by index. */
    list(filter: ListFilter, order: ListOrder, limit: number, offset: number): readonly Asset[] {
      const { where, values } = conditions(filter);
      const by = orderTerms[order];
      const statement = cached(lists, `${where} ${by}`, () =>
        // The inner SELECT skips the offset inside a covering index.
        db.prepare<unknown[], Asset>(
          `SELECT * FROM assets WHERE seq IN (SELECT seq FROM assets WHERE ${where} ORDER BY ${by} LIMIT ? OFFSET ?)
           ORDER BY ${by}`,
        ),
      );
      return statement.all(...values, limit, offset);
    },
    count(filter: ListFilter): number {
      const { where, values } = conditions(filter);
      const statement = cached(counts, where, () =>
        db.prepare<unknown[], number>(`SELECT count(*) FROM assets WHERE ${where}`).pluck(),
      );
      return statement.get(...values) ?? 0;
    },
    recall: (scope: string, key: string) => recall.get(scope, key),
    remember: (answer: RememberedAnswer) => {
      remember.run(answer);
    },
    forget: (scope: string, key: string) => {
      forget.run(scope, key);
    },
    /** Everything in `work` happens, or nothing. */
    atomically: <T>(work: () => T): T => db.transaction(work).immediate(),
    close: () => {
      db.close();
    },
  };
}

function conditions(filter: ListFilter): { readonly where: string; readonly values: readonly unknown[] } {
  const terms = ['hidden = 0'];
  const values: unknown[] = [];
  if (filter.workspaceIds !== 'any' && filter.workspaceIds.length === 1) {
    terms.push('workspace_id = ?');
    values.push(filter.workspaceIds[0]);
  } else if (filter.workspaceIds !== 'any') {
    // The plus keeps SQLite from sorting the union of several index ranges: it walks by seq and stops at the limit.
    terms.push('+workspace_id IN (SELECT value FROM json_each(?))');
    values.push(JSON.stringify(filter.workspaceIds));
  }
  if (filter.projectId !== undefined) {
    terms.push('project_id = ?');
    values.push(filter.projectId);
  }
  if (filter.query !== undefined) {
    terms.push("name LIKE ? ESCAPE '\\'");
    values.push(`%${filter.query.replace(/[\\%_]/g, '\\$&')}%`);
  }
  return { where: terms.join(' AND '), values };
}

function cached<T>(cache: Map<string, T>, key: string, make: () => T): T {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  cache.set(key, made);
  return made;
}
