import type { UploadTarget } from './content.ts';

/** What FLORA says of one asset, in whichever answer it said it. */
export interface AssetFacts {
  readonly assetId: string;
  readonly status: 'pending_upload' | 'ready' | 'failed';
  readonly url: string | null;
  readonly sizeBytes: number | null;
  readonly failureMessage: string | null;
}

/** A reservation's target, as `POST /assets` and `POST /assets/{id}/retry` hand it out. */
export interface Reservation extends AssetFacts {
  readonly target: UploadTarget | null;
  /** From now on, in milliseconds, by FLORA's own clock; 0 or less when it is over; null when no expiry is known. */
  readonly expiresInMs: number | null;
}

/** What happened to a content: the results of effects, translated once, and what scans and listings found. */
export type ContentEvent =
  | { readonly type: 'reserved'; readonly reservation: Reservation; readonly isReplayed: boolean }
  /** The key of `reserve` or `renew` is spent without an answer to show for it: 409 duplicate, 422 conflict, or a replayed error. */
  | { readonly type: 'key-spent'; readonly reason: string }
  | { readonly type: 'bytes-accepted' }
  /** The target answered 4xx: it will not take these bytes. */
  | { readonly type: 'bytes-refused'; readonly status: number }
  | { readonly type: 'target-expired' }
  /** FLORA's state of the asset, from `complete`, GET or a listing. */
  | { readonly type: 'asset'; readonly facts: AssetFacts; readonly by: 'complete' | 'get' | 'listing' }
  /** 409 on `complete` or `retry`: the asset's state does not allow it, so our idea of that state is wrong. */
  | { readonly type: 'conflict'; readonly reason: string }
  | { readonly type: 'asset-missing' }
  | { readonly type: 'renewed'; readonly reservation: Reservation }
  /** Unknown or passing trouble with this one request; nothing is concluded from it. */
  | { readonly type: 'trouble'; readonly code: string; readonly reason: string; readonly retryAfterMs: number | null }
  /** FLORA will not take this request however often it is made. */
  | { readonly type: 'refused'; readonly code: string; readonly reason: string }
  /** No file with these bytes is left to send. */
  | { readonly type: 'source-lost'; readonly reason: string }
  /** A file with these bytes is there (again), or a person asks for another try of what was rejected. */
  | { readonly type: 'wanted'; readonly by: 'scan' | 'operator' };
