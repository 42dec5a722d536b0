import type { Statement } from 'better-sqlite3';
import type { Content, ContentState } from '../../core/content.ts';
import type { LedgerDatabase } from '../database.ts';

/** As much of a content as a listing can differ from. */
interface BoundAsset
  extends Pick<Content, 'id' | 'assetId' | 'state' | 'url' | 'sizeBytes' | 'remoteSizeBytes' | 'reasonCode'> {
  /** Its place among those that were asked for. */
  readonly at: number;
}

type Row = readonly [
  at: number,
  id: number,
  state: ContentState,
  url: string | null,
  sizeBytes: number,
  remoteSizeBytes: number | null,
  reasonCode: string | null,
];

/**
 * Which assets are ours: one statement for a page of a listing, and one value of it, which costs less than a hundred rows. Each gives
 * one row, also of nothing.
 */
export class BoundAssetStore {
  readonly #of: Statement<[string], string>;
  readonly #after: Statement<[string, number], { ids: string; last: string | null }>;

  constructor(database: LedgerDatabase) {
    this.#of = database
      .prepare<[string], string>(
        `SELECT json_group_array(json_array(
           listed.key, content.id, content.state, content.url, content.size_bytes, content.remote_size_bytes,
           content.reason_code))
         FROM json_each(?) AS listed JOIN content ON content.asset_id = listed.value`,
      )
      .pluck(true);
    // Read from the index alone: the rows of a million contents are half a gigabyte.
    this.#after = database.prepare(
      `SELECT json_group_array(id) AS ids, max(asset_id) AS last
       FROM (SELECT id, asset_id FROM content INDEXED BY content_asset WHERE asset_id > ? ORDER BY asset_id LIMIT 0 + ?)`,
    );
  }

  /** Those of these assets that a content is bound to. */
  of(assetIds: readonly string[]): readonly BoundAsset[] {
    const rows: readonly Row[] = JSON.parse(this.#of.get(JSON.stringify(assetIds)) as string);
    return rows.map(([at, id, state, url, sizeBytes, remoteSizeBytes, reasonCode]) => {
      return { at, id, assetId: assetIds[at] ?? null, state, url, sizeBytes, remoteSizeBytes, reasonCode };
    });
  }

  /** So many contents that have an asset, in the order of the assets' ids; `last` is null behind the last one. */
  idsAfter(assetId: string, most: number): { readonly ids: readonly number[]; readonly last: string | null } {
    const { ids, last } = this.#after.get(assetId, most) as { ids: string; last: string | null };
    return { ids: JSON.parse(ids), last };
  }
}
