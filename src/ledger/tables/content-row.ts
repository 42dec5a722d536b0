import type { Content, ContentState, UploadTarget } from '../../core/content.ts';

/** A row of the contents table. */
export interface ContentRow {
  id: number;
  destination_id: number;
  sha256: string;
  twin: number;
  size_bytes: number;
  content_type: string;
  file_name: string;
  state: ContentState;
  generation: number;
  idempotency_key: string;
  renewals: number;
  asset_id: string | null;
  url: string | null;
  remote_size_bytes: number | null;
  target: string | null;
  target_expires_at: number | null;
  bytes_confirmed: number;
  complete_sent: number;
  complete_accepted: number;
  may_have_all_bytes: number;
  attempts: number;
  strikes: number;
  failures: number;
  missing_since: number | null;
  not_before: number;
  reason_code: string | null;
  reason: string | null;
  revision: number;
}

/** What every content begins with, as `insert` writes it. */
export const begun = {
  generation: 1,
  renewals: 0,
  assetId: null,
  url: null,
  remoteSizeBytes: null,
  target: null,
  targetExpiresAtMs: null,
  areBytesConfirmed: false,
  isCompleteSent: false,
  isCompleteAccepted: false,
  mayHaveAllBytes: false,
  attempts: 0,
  strikes: 0,
  failures: 0,
  missingSinceMs: null,
  reasonCode: null,
  reason: null,
  revision: 1,
} as const;

export function maybeContent(row: ContentRow | undefined): Content | undefined {
  return row === undefined ? undefined : toContent(row);
}

export function toContent(row: ContentRow): Content {
  return {
    id: row.id,
    destinationId: row.destination_id,
    sha256: row.sha256,
    twin: row.twin,
    sizeBytes: row.size_bytes,
    contentType: row.content_type,
    fileName: row.file_name,
    state: row.state,
    generation: row.generation,
    idempotencyKey: row.idempotency_key,
    renewals: row.renewals,
    assetId: row.asset_id,
    url: row.url,
    remoteSizeBytes: row.remote_size_bytes,
    // Written by `save` from an UploadTarget, and by nobody else.
    target: row.target === null ? null : (JSON.parse(row.target) as UploadTarget),
    targetExpiresAtMs: row.target_expires_at,
    areBytesConfirmed: row.bytes_confirmed === 1,
    isCompleteSent: row.complete_sent === 1,
    isCompleteAccepted: row.complete_accepted === 1,
    mayHaveAllBytes: row.may_have_all_bytes === 1,
    attempts: row.attempts,
    strikes: row.strikes,
    failures: row.failures,
    missingSinceMs: row.missing_since,
    notBeforeMs: row.not_before,
    reasonCode: row.reason_code,
    reason: row.reason,
    revision: row.revision,
  };
}
