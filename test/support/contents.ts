import type { Content } from '../../src/core/content.ts';
import type { AssetFacts, ContentEvent, Reservation } from '../../src/core/event.ts';
import type { TransitionContext } from '../../src/core/steps.ts';

export const now = 1_800_000_000_000;
export const context: TransitionContext = { nowMs: now, random: 0.5, freshKey: 'key-2' };

/** The same at another time. */
export const contextAt = (nowMs: number): TransitionContext => ({ ...context, nowMs });

export const target = {
  kind: 'form',
  url: 'https://uploads.example/form',
  fileField: 'file',
  formFields: { token: 'secret' },
} as const;

/** A content as it is when it was just queued, with what the test changes about it. */
export function content(patch: Partial<Content> = {}): Content {
  return {
    id: 1,
    destinationId: 1,
    sha256: 'ab'.repeat(32),
    twin: 0,
    sizeBytes: 100,
    contentType: 'image/png',
    fileName: 'a.png',
    state: 'queued',
    generation: 1,
    idempotencyKey: 'key-1',
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
    missingSinceMs: null,
    strikes: 0,
    failures: 0,
    notBeforeMs: 0,
    reasonCode: null,
    reason: null,
    revision: 1,
    ...patch,
  };
}

/** The same, bound to an asset with a target in hand. */
export function bound(patch: Partial<Content> = {}): Content {
  return content({ state: 'reserved', assetId: 'asset_1', target, targetExpiresAtMs: now + 60_000, ...patch });
}

/** The same, with all bytes confirmed. */
export function sent(patch: Partial<Content> = {}): Content {
  return bound({ state: 'uploaded', areBytesConfirmed: true, isCompleteSent: true, ...patch });
}

export function facts(patch: Partial<AssetFacts> = {}): AssetFacts {
  const url = 'https://cdn.example/a';
  const said = { statusWord: null, sizeBytes: null, contentType: null, failureMessage: null };
  return { assetId: 'asset_1', status: 'pending_upload', url, ...said, ...patch };
}

export function reservation(patch: Partial<Reservation> = {}): Reservation {
  return { ...facts(), target, expiresInMs: 60_000, ...patch };
}

/** A target that refused, for what it says of the target or of the bytes. */
export function refusal(patch: Partial<Extract<ContentEvent, { type: 'bytes-refused' }>> = {}): ContentEvent {
  const reason = 'The upload target answered 403';
  return { type: 'bytes-refused', reason, isAboutBytes: false, wasUnclear: false, ...patch };
}
