import type { UploadTarget } from './content.ts';

/** `unknown`: FLORA's word is none of the three that its contract has. Nothing is concluded from it. */
export type AssetStatus = 'pending_upload' | 'ready' | 'failed' | 'unknown';

/** What FLORA says of one asset, in whichever answer it said it. What it does not say is null. */
export interface AssetFacts {
  readonly assetId: string;
  readonly status: AssetStatus;
  /** FLORA's own word for an `unknown` status. */
  readonly statusWord: string | null;
  readonly url: string | null;
  readonly sizeBytes: number | null;
  /** What FLORA made of the bytes, in lower case. */
  readonly contentType: string | null;
  readonly failureMessage: string | null;
}

/** An item of FLORA's listing. */
export interface ListedAsset extends AssetFacts {
  readonly name: string | null;
  /** As the uploader gave it, in lower case: another than `contentType` where FLORA converted. */
  readonly uploadContentType: string | null;
  /** By FLORA's clock, milliseconds since the epoch. */
  readonly createdAtMs: number | null;
  readonly projectId: string | null;
}

/** A reservation's target, as `POST /assets` and `POST /assets/{id}/retry` hand it out. */
export interface Reservation extends AssetFacts {
  readonly target: UploadTarget | null;
  /** From now on, in milliseconds, by FLORA's own clock; 0 or less only in an old answer that was replayed; null when not known. */
  readonly expiresInMs: number | null;
}

/** What happened to a content: the results of effects, translated once, and what scans and listings found. */
export type ContentEvent =
  | { readonly type: 'reserved'; readonly reservation: Reservation; readonly isReplayed: boolean }
  /** The key of `reserve` or `renew` is spent without an answer to show for it: 409 duplicate, 422 conflict, or a replayed error. */
  | { readonly type: 'key-spent'; readonly reason: string }
  | { readonly type: 'bytes-accepted' }
  /**
   * The target refused what was sent, for good. `isAboutBytes`: it said that no other target would take these bytes either.
   * `wasUnclear`: of an earlier upload to this asset it is not known whether all bytes arrived.
   */
  | {
      readonly type: 'bytes-refused';
      readonly reason: string;
      readonly isAboutBytes: boolean;
      readonly wasUnclear: boolean;
    }
  | { readonly type: 'target-expired' }
  /**
   * FLORA's state of the asset, from `complete`, GET or a listing. `compared`: what the bytes behind its URL are, where its
   * size made them worth a look.
   */
  | {
      readonly type: 'asset';
      readonly facts: AssetFacts;
      readonly by: 'complete' | 'get' | 'listing';
      readonly compared?: 'same' | 'other' | 'unknown';
    }
  /** `complete` or `retry` is refused: the asset's state does not allow it, so our idea of that state is wrong. */
  | { readonly type: 'conflict'; readonly reason: string }
  /** `complete` or `retry` is refused for the form of its body: the other form is next. */
  | { readonly type: 'body-refused'; readonly reason: string }
  /** 404. `isControlled` when, at the same time, FLORA did show another asset of the workspace. */
  | { readonly type: 'asset-missing'; readonly isControlled: boolean }
  /** These bytes are in FLORA already: fetched, and their digest is ours. */
  | { readonly type: 'adopted'; readonly facts: AssetFacts }
  /** FLORA has no asset that these bytes could be. */
  | { readonly type: 'unmatched' }
  | { readonly type: 'renewed'; readonly reservation: Reservation }
  /** Unknown or passing trouble with this one request; nothing is concluded from it. */
  | { readonly type: 'trouble'; readonly code: string; readonly reason: string; readonly retryAfterMs?: number | null }
  /** FLORA will not take this request however often it is made. */
  | { readonly type: 'refused'; readonly code: string; readonly reason: string }
  /** No file with these bytes is left to send. */
  | { readonly type: 'source-lost'; readonly reason: string }
  /**
   * A file with these bytes is there (again); or a person, or the folder's rule for missing assets, asks for another try.
   * With `needsMatching` FLORA may have the bytes without the ledger's knowing it.
   */
  | { readonly type: 'wanted'; readonly by: 'scan' | 'operator' | 'policy'; readonly needsMatching: boolean };
