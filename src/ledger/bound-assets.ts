import type { Statement } from 'better-sqlite3';
import type { Content, ContentState } from '../core/content.ts';
import type { LedgerDatabase } from './database.ts';

/** As much of a content as a listing can differ from. */
export type BoundAsset = Pick<Content, 'id' | 'assetId' | 'state' | 'url' | 'sizeBytes'>;

type Row = [id: number, assetId: string, state: ContentState, url: string | null, sizeBytes: number];

/** Which assets are ours: one statement for a page of a listing, and columns instead of whole contents. */
export class BoundAssetStore {
  readonly #of: Statement<[string], Row>;

  constructor(database: LedgerDatabase) {
    this.#of = database
      .prepare<[string], Row>(
        `SELECT content.id, content.asset_id, content.state, content.url, content.size_bytes
         FROM json_each(?) AS listed JOIN content ON content.asset_id = listed.value`,
      )
      .raw(true);
  }

  /** Those of these assets that a content is bound to. */
  of(assetIds: readonly string[]): readonly BoundAsset[] {
    return this.#of
      .all(JSON.stringify(assetIds))
      .map(([id, assetId, state, url, sizeBytes]) => ({ id, assetId, state, url, sizeBytes }));
  }
}
