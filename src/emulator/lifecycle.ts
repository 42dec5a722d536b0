// What an asset is and how it moves: pure, the clock comes in as `now`.
//
// Where the contract is silent:
// - complete without bytes is refused (409 conflict) and the asset stays `pending_upload`; bytes that arrived before the
//   expiry may be completed after it.
// - complete and retry while the asset is processing (completed, not yet settled) are 409 conflict.
// - an expired reservation still reads `pending_upload` (there is no other status for it); only retry tells.
// - a target that serves once and was spent without bytes is a failed upload to retry, although the asset reads otherwise.
// - only signed uploads can be completed or retried; a failed server-side fetch cannot.
import { conflict } from './answer.ts';
import type { EmulatorSettings } from './dialects.ts';
import type { Sniffed } from './sniff.ts';

export type AssetStatus = 'pending_upload' | 'ready' | 'failed';
export type UploadedVia = 'url' | 'signed_url' | 'direct';

/** One row of the assets table. Times are milliseconds since the epoch. */
export interface Asset {
  readonly seq: number;
  readonly asset_id: string;
  readonly workspace_id: string;
  readonly project_id: string | null;
  readonly name: string | null;
  readonly folder: string | null;
  readonly upload_content_type: string | null;
  readonly uploaded_via: UploadedVia;
  readonly created_at: number;
  /** As last written: `statusAt` tells what it is now. */
  readonly status: AssetStatus;
  readonly failure_message: string | null;
  /** While processing: when `settled_status` becomes the status. */
  readonly settles_at: number | null;
  readonly settled_status: AssetStatus | null;
  /** The live upload target; null where there is none. What it takes is settled when it is given out. */
  readonly token: string | null;
  readonly upload_style: EmulatorSettings['uploadStyle'];
  readonly form_fields: EmulatorSettings['formFields'];
  readonly target_uses: EmulatorSettings['targetUses'];
  /** 1: a request has come, whatever became of it. */
  readonly is_target_spent: 0 | 1;
  readonly expires_at: number | null;
  readonly completed_at: number | null;
  /** Of the bytes that were received, which are those on disk; all null until bytes have arrived. */
  readonly sha256: string | null;
  readonly size_bytes: number | null;
  readonly content_type: string | null;
  readonly width: number | null;
  readonly height: number | null;
  /** Why no reader can open them, where they begin as one of FLORA's types. */
  readonly fault: string | null;
  /** What FLORA makes of those bytes (conversion.ts). */
  readonly conversion: EmulatorSettings['conversion'];
  /** 1: answers 404 and is not listed, as if FLORA had lost it. */
  readonly hidden: 0 | 1;
}

const maxPixels = 150_000_000;

/** An asset without bytes, and without a target until `withTarget`. */
export function blankAsset(
  settings: EmulatorSettings,
  known: Pick<Asset, 'asset_id' | 'workspace_id' | 'project_id' | 'name' | 'folder' | 'upload_content_type'> &
    Pick<Asset, 'uploaded_via' | 'created_at'>,
): Asset {
  return {
    ...known,
    // The store counts.
    seq: 0,
    status: 'pending_upload',
    failure_message: null,
    settles_at: null,
    settled_status: null,
    token: null,
    upload_style: settings.uploadStyle,
    form_fields: settings.formFields,
    target_uses: settings.targetUses,
    is_target_spent: 0,
    expires_at: null,
    completed_at: null,
    sha256: null,
    size_bytes: null,
    content_type: null,
    width: null,
    height: null,
    fault: null,
    conversion: 'none',
    hidden: 0,
  };
}

/** The asset with a fresh target of the kind that is given out now. */
export function withTarget(asset: Asset, settings: EmulatorSettings, token: string, now: number): Asset {
  return {
    ...asset,
    token,
    upload_style: settings.uploadStyle,
    form_fields: settings.formFields,
    target_uses: settings.targetUses,
    is_target_spent: 0,
    expires_at: now + settings.reservationTtlMs,
  };
}

export function statusAt(asset: Asset, now: number): AssetStatus {
  return asset.settled_status !== null && asset.settles_at !== null && asset.settles_at <= now
    ? asset.settled_status
    : asset.status;
}

export function isProcessing(asset: Asset, now: number): boolean {
  return asset.settled_status !== null && asset.settles_at !== null && asset.settles_at > now;
}

export function isExpired(asset: Asset, now: number): boolean {
  return asset.expires_at !== null && asset.expires_at <= now;
}

/** Whether bytes may still be sent, leaving expiry aside. */
export function isOpenForBytes(asset: Asset, now: number): boolean {
  return asset.token !== null && statusAt(asset, now) === 'pending_upload' && !isProcessing(asset, now);
}

/** The asset with these bytes, judged by content. */
export function withBytes(
  asset: Asset,
  bytes: { readonly sha256: string; readonly sizeBytes: number; readonly sniffed: Sniffed },
): Asset {
  const { contentType, width, height, fault } = bytes.sniffed;
  const { sha256, sizeBytes } = bytes;
  return { ...asset, sha256, size_bytes: sizeBytes, content_type: contentType, width, height, fault };
}

export function withoutBytes(asset: Asset): Asset {
  return { ...asset, sha256: null, size_bytes: null, content_type: null, width: null, height: null, fault: null };
}

type Judging = Pick<EmulatorSettings, 'contents' | 'conversion' | 'processingMs'>;

/** The asset with its verdict, which takes effect `processingMs` from now. */
export function judged(asset: Asset, now: number, settings: Judging): Asset {
  const failure = settings.contents === 'anything' ? null : failureOf(asset);
  const conversion = failure === null ? settings.conversion : 'none';
  const verdict = failure === null ? 'ready' : 'failed';
  return settling({ ...asset, conversion }, verdict, failure, now + settings.processingMs, now);
}

/** The asset after `complete`; throws 409 where the state does not allow it. */
export function completed(asset: Asset, now: number, settings: Judging): Asset {
  if (asset.uploaded_via !== 'signed_url') throw conflict('This asset was not created as a signed upload.');
  const status = statusAt(asset, now);
  if (status !== 'pending_upload') throw conflict(`The upload is already ${status}.`);
  if (isProcessing(asset, now)) throw conflict('The upload was already completed and is being processed.');
  if (asset.sha256 === null) throw conflict('No bytes were uploaded for this asset yet.');
  return judged({ ...asset, completed_at: now }, now, settings);
}

/** The asset after `retry`, with no bytes; throws 409 unless it failed, or its target expired or was spent for nothing. */
export function renewed(asset: Asset, now: number): Asset {
  if (asset.uploaded_via !== 'signed_url') throw conflict('This asset was not created as a signed upload.');
  const status = statusAt(asset, now);
  const isOver = isExpired(asset, now) || (asset.is_target_spent === 1 && asset.sha256 === null);
  const isLapsed = status === 'pending_upload' && !isProcessing(asset, now) && isOver;
  if (status !== 'failed' && !isLapsed) throw conflict('Only a failed or expired upload can be retried.');
  return {
    ...withoutBytes(asset),
    status: 'pending_upload',
    failure_message: null,
    settles_at: null,
    settled_status: null,
    completed_at: null,
    conversion: 'none',
  };
}

/** The asset on its way to `status`, at once when `settlesAt` is not in the future. */
export function settling(
  asset: Asset,
  status: AssetStatus,
  failureMessage: string | null,
  settlesAt: number,
  now: number,
): Asset {
  const isSettled = settlesAt <= now;
  return {
    ...asset,
    status: isSettled ? status : 'pending_upload',
    settled_status: isSettled ? null : status,
    settles_at: isSettled ? null : settlesAt,
    failure_message: failureMessage,
  };
}

function failureOf(asset: Asset): string | null {
  if (asset.size_bytes === 0) return 'The uploaded file is empty.';
  if (asset.fault !== null) return asset.fault;
  if (asset.content_type === null) return 'The uploaded file is not a supported image, video, audio or PDF file.';
  if ((asset.width ?? 0) * (asset.height ?? 0) > maxPixels) return 'The image has more than 150 megapixels.';
  return null;
}
