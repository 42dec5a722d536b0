import type { UploadTarget } from '../../core/content.ts';
import type { Destination } from '../../core/entry.ts';
import type { AssetFacts, ListedAsset, Reservation } from '../../core/event.ts';
import type { ByteSource } from './byte-source.ts';

// What the engine needs of FLORA: one request each.

export interface Answer<T> {
  readonly value: T;
  readonly requestId: string | null;
}

export interface ListedPage {
  readonly assets: readonly ListedAsset[];
  /** Items that name no asset, and still tell which bytes FLORA has. */
  readonly anonymous: readonly Omit<ListedAsset, 'assetId'>[];
  /** Items that tell nothing that could be read. */
  readonly unreadable: number;
  readonly nextCursor: string | null;
}

export interface ListQuery {
  readonly workspaceId: string;
  /** Only this project's assets; null for the whole workspace. */
  readonly projectId: string | null;
  /** Assets a page, 1 to 100. */
  readonly limit: number;
}

/** One request each; throws SyncError, whose disposition says what is known of the effect. */
export interface RemotePort {
  reserve(
    wanted: {
      readonly destination: Destination;
      readonly fileName: string;
      readonly contentType: string;
      readonly idempotencyKey: string;
    },
    signal: AbortSignal,
  ): Promise<Answer<Reservation> & { readonly isReplayed: boolean }>;
  upload(
    wanted: {
      readonly target: UploadTarget;
      readonly fileName: string;
      readonly contentType: string;
      readonly source: ByteSource;
      readonly onSent: (bytes: number) => void;
      /** How long the target can still be used, where that is known; only for what is told of a failure. */
      readonly livesForMs?: number | null;
    },
    signal: AbortSignal,
  ): Promise<void>;
  complete(assetId: string, idempotencyKey: string, signal: AbortSignal): Promise<Answer<AssetFacts>>;
  renew(assetId: string, idempotencyKey: string, signal: AbortSignal): Promise<Answer<Reservation>>;
  get(assetId: string, signal: AbortSignal): Promise<Answer<AssetFacts>>;
  /** The ids of the workspaces that the key can see. */
  workspaceIds(signal: AbortSignal): Promise<Answer<readonly string[]>>;
  list(query: ListQuery, cursor: string | null, signal: AbortSignal): Promise<Answer<ListedPage>>;
  /**
   * The digest of the bytes behind an asset's URL, read to their end but never further than one byte beyond
   * `mostBytes`: then, and when they are fewer, it is the digest of other bytes than ours.
   */
  fetchDigest(
    url: string,
    mostBytes: number,
    signal: AbortSignal,
  ): Promise<{ readonly sha256: string; readonly sizeBytes: number }>;
}
