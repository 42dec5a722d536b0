import type { Statement } from 'better-sqlite3';
import type { AssetFacts } from '../../core/event.ts';
import type { RemoteAsset } from '../../core/records.ts';
import type { LedgerDatabase } from '../database.ts';

interface RemoteAssetRow {
  asset_id: string;
  workspace_id: string;
  project_id: string | null;
  name: string | null;
  size_bytes: number | null;
  status: RemoteAsset['status'];
  url: string | null;
  created_at: number | null;
  sha256: string | null;
  is_converted: number;
  is_anonymous: number;
}

/** What is looked for among FLORA's assets. `projectId` null: anywhere in the workspace. */
export interface AssetQuery {
  readonly workspaceId: string;
  readonly projectId: string | null;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** All names that files with these bytes have. */
  readonly names: readonly string[];
  /** FLORA is known to keep files of this type in the size that was sent, and to list it: one of another size is another file. */
  readonly isSizeKept: boolean;
}

/** What FLORA's listing showed while a new or restored ledger looks for its bytes there; empty otherwise. */
export class RemoteAssetStore {
  readonly #clear: Statement<[]>;
  readonly #save: Statement<[Record<string, unknown>]>;
  readonly #saveDigest: Statement<[string, string]>;
  readonly #saveTold: Statement<[string, number | null, string]>;
  readonly #any: Statement<[], { one: number }>;
  readonly #count: Statement<[], number>;
  readonly #likeliest: readonly Statement<[Record<string, unknown>], RemoteAssetRow>[];
  readonly #pending: Statement<[Record<string, unknown>], RemoteAssetRow>;

  constructor(database: LedgerDatabase) {
    this.#clear = database.prepare('DELETE FROM remote_asset');
    // A digest stays as long as it is of the same asset: its bytes never change.
    this.#save = database.prepare(
      `INSERT INTO remote_asset (asset_id, workspace_id, project_id, name, size_bytes, status, url, created_at,
         is_converted, is_anonymous)
       VALUES (@assetId, @workspaceId, @projectId, @name, @sizeBytes, @status, @url, @createdAtMs, @isConverted, @isAnonymous)
       ON CONFLICT (asset_id) DO UPDATE SET project_id = coalesce(excluded.project_id, project_id), name = excluded.name,
         size_bytes = excluded.size_bytes, status = excluded.status, url = excluded.url, is_converted = excluded.is_converted`,
    );
    this.#saveDigest = database.prepare('UPDATE remote_asset SET sha256 = ? WHERE asset_id = ?');
    this.#saveTold = database.prepare(
      'UPDATE remote_asset SET status = ?, size_bytes = ifnull(?, size_bytes) WHERE asset_id = ?',
    );
    this.#any = database.prepare('SELECT 1 AS one FROM remote_asset');
    this.#count = database.prepare<[], number>('SELECT count(*) FROM remote_asset').pluck(true);
    // An item without an id may be one that another item names, or that is ours: its URL tells.
    const free = `NOT EXISTS (SELECT 1 FROM content WHERE content.asset_id = remote_asset.asset_id)
      AND (is_anonymous = 0 OR (
        NOT EXISTS (SELECT 1 FROM remote_asset AS named WHERE named.is_anonymous = 0 AND named.url = remote_asset.url)
        AND NOT EXISTS (SELECT 1 FROM content WHERE content.url = remote_asset.url AND content.asset_id IS NOT NULL)))`;
    const place = 'workspace_id = @workspaceId AND (@projectId IS NULL OR project_id = @projectId)';
    const named = 'name IN (SELECT value FROM json_each(@names))';
    // What FLORA calls by a word that nobody knows may be ready.
    const left = `${place} AND (status = 'ready' OR status = 'unknown') AND ${free} AND asset_id NOT IN (SELECT value FROM json_each(@compared))`;
    // Outside projects first, for who has none.
    const nearest = 'ORDER BY project_id IS NOT @projectId LIMIT 1';
    this.#likeliest = [
      // Whatever size was listed, if any: the digest is of all its bytes.
      `sha256 = @sha256`,
      `ifnull(size_bytes, @sizeBytes) = @sizeBytes AND sha256 IS NULL AND ${named}`,
      `size_bytes = @sizeBytes AND sha256 IS NULL`,
      // FLORA may have made another size of it: then the digest of what it keeps says nothing.
      `size_bytes <> @sizeBytes AND ${named} AND (is_converted = 1 OR @isSizeKept = 0)`,
    ].map((wanted) => database.prepare(`SELECT * FROM remote_asset WHERE ${left} AND ${wanted} ${nearest}`));
    this.#pending = database.prepare(
      `SELECT * FROM remote_asset WHERE ${place} AND status <> 'ready' AND status <> 'unknown' AND ${free} AND ${named}
         AND ifnull(size_bytes, @sizeBytes) = @sizeBytes`,
    );
  }

  clear(): void {
    this.#clear.run();
  }

  /** Notes an asset as listed; what was fetched of it before stays known. */
  save(asset: Omit<RemoteAsset, 'sha256'>): void {
    const { assetId, workspaceId, projectId, name, sizeBytes, status, url, createdAtMs } = asset;
    const isConverted = Number(asset.isConverted);
    const isAnonymous = Number(asset.isAnonymous);
    const columns = { assetId, workspaceId, projectId, name, sizeBytes, status, url, createdAtMs };
    this.#save.run({ ...columns, isConverted, isAnonymous });
  }

  saveDigest(assetId: string, sha256: string): void {
    this.#saveDigest.run(sha256, assetId);
  }

  /** What GET told of it: more, and newer, than the listing. */
  saveTold({ assetId, status, sizeBytes }: Pick<AssetFacts, 'assetId' | 'status' | 'sizeBytes'>): void {
    this.#saveTold.run(status, sizeBytes, assetId);
  }

  hasAny(): boolean {
    return this.#any.get() !== undefined;
  }

  count(): number {
    return this.#count.get() as number;
  }

  /**
   * The ready asset that no content has and that is likeliest to be these bytes: of their digest, else one that was not
   * fetched yet and has their name, else one that was not fetched yet and has their size, else one of their name that FLORA may
   * have converted. Undefined when none is left.
   *
   * @param compared ids of assets that have been looked at and are something else
   */
  candidate(query: AssetQuery, compared: readonly string[] = []): RemoteAsset | undefined {
    const parameters = { ...toParameters(query), compared: JSON.stringify(compared) };
    for (const likely of this.#likeliest) {
      const row = likely.get(parameters);
      if (row !== undefined) return toAsset(row);
    }
    return undefined;
  }

  /** Assets of the same name that may still become ready: a listing may lag behind, and what had failed may be sent anew. */
  pending(query: AssetQuery): readonly RemoteAsset[] {
    return this.#pending.all(toParameters(query)).map(toAsset);
  }
}

function toParameters({ names, isSizeKept, ...query }: AssetQuery): Record<string, unknown> {
  return { ...query, isSizeKept: Number(isSizeKept), names: JSON.stringify(names) };
}

function toAsset(row: RemoteAssetRow): RemoteAsset {
  return {
    assetId: row.asset_id,
    workspaceId: row.workspace_id,
    projectId: row.project_id,
    name: row.name,
    sizeBytes: row.size_bytes,
    status: row.status,
    url: row.url,
    createdAtMs: row.created_at,
    sha256: row.sha256,
    isConverted: row.is_converted === 1,
    isAnonymous: row.is_anonymous === 1,
  };
}
