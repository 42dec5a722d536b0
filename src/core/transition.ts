import { backoffMs, pollBackoff } from './backoff.ts';
import { type Content, type ContentState, isActive, needsSource } from './content.ts';
import type { AssetFacts, ContentEvent, Reservation } from './event.ts';
import { isTargetExpired } from './next-action.ts';

/** What `transition` may not find out by itself. */
export interface TransitionContext {
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: number;
  /** Used if, and only if, a new generation begins. */
  readonly freshKey: string;
}

/** After so many failures or refusals that are the content's own, it is rejected and waits for a person. */
export const maxStrikes = 8;

/** After so many polls FLORA is asked once more to complete. */
const pollsBeforeCompletingAgain = 12;

/**
 * The content after the event, or the very same object when the event changes nothing. Total: every event is defined in
 * every state, and what does not fit the state (a late answer) changes nothing.
 */
export function transition(content: Content, event: ContentEvent, context: TransitionContext): Content {
  switch (event.type) {
    case 'reserved':
      return content.state === 'queued' ? bind(content, event.reservation, context) : content;
    case 'key-spent':
      return content.state === 'queued' ? beginAnew(content, 'key_spent', event.reason, context) : content;
    case 'bytes-accepted':
      return content.state === 'reserved'
        ? progress(content, 'uploaded', context, { areBytesConfirmed: true, isCompleteSent: true })
        : content;
    case 'bytes-refused':
      return content.state === 'reserved' ? bytesRefused(content, event.status, context) : content;
    case 'target-expired':
      return content.state === 'reserved' ? progress(content, 'checking', context, { targetExpiresAtMs: 0 }) : content;
    case 'asset':
      return assetSeen(content, event.facts, event.by, context);
    case 'conflict':
      return conflict(content, event.reason, context);
    case 'asset-missing':
      return assetMissing(content, context);
    case 'renewed':
      return content.state === 'renewing' ? renewed(content, event.reservation, context) : content;
    case 'trouble':
      return trouble(content, event.code, event.reason, event.retryAfterMs, context);
    case 'refused':
      return isActive(content.state) ? settleAs(content, 'rejected', event.code, event.reason) : content;
    case 'source-lost':
      return sourceLost(content, event.reason);
    case 'wanted':
      return shouldRevive(content.state, event.by) ? revive(content, context) : content;
    default: {
      const never: never = event;
      throw new Error(`Unknown event ${JSON.stringify(never)}`);
    }
  }
}

/** A step forward: the attempt counter starts over, the content is due at once. */
function progress(content: Content, state: ContentState, context: TransitionContext, patch: Partial<Content> = {}) {
  return {
    ...content,
    attempts: 0,
    notBeforeMs: context.nowMs,
    reasonCode: null,
    reason: null,
    ...patch,
    state,
  };
}

/** The same or another state after a wait that grows with each attempt. */
function later(
  content: Content,
  state: ContentState,
  context: TransitionContext,
  patch: Partial<Content> = {},
): Content {
  const attempts = content.attempts + 1;
  return { ...content, attempts, notBeforeMs: context.nowMs + backoffMs(attempts, context.random), ...patch, state };
}

function settleAs(content: Content, state: 'rejected' | 'gone', code: string, reason: string): Content {
  return { ...content, state, target: null, targetExpiresAtMs: null, attempts: 0, reasonCode: code, reason };
}

const unbound = {
  assetId: null,
  url: null,
  target: null,
  targetExpiresAtMs: null,
  areBytesConfirmed: false,
  isCompleteSent: false,
  isCompleteAccepted: false,
  renewals: 0,
} as const;

/** Gives the reservation up, if any, and queues under a new key. Only for assets that can never become ready. */
function beginAnew(content: Content, code: string, reason: string, context: TransitionContext): Content {
  return later(content, 'queued', context, {
    ...unbound,
    generation: content.generation + 1,
    idempotencyKey: context.freshKey,
    reasonCode: code,
    reason,
  });
}

function shouldRevive(state: ContentState, by: 'scan' | 'operator'): boolean {
  return state === 'gone' || (state === 'rejected' && by === 'operator');
}

function revive(content: Content, context: TransitionContext): Content {
  if (content.isCompleteSent) return progress(content, 'checking', context, { strikes: 0 });
  return progress(content, 'queued', context, {
    ...unbound,
    strikes: 0,
    generation: content.generation + 1,
    idempotencyKey: context.freshKey,
  });
}

function targetOf(reservation: Reservation, context: TransitionContext): Partial<Content> {
  return {
    target: reservation.target,
    targetExpiresAtMs:
      reservation.expiresInMs === null || reservation.expiresInMs <= 0 ? null : context.nowMs + reservation.expiresInMs,
    areBytesConfirmed: false,
    isCompleteAccepted: false,
  };
}

function bind(content: Content, reservation: Reservation, context: TransitionContext): Content {
  const bound = { assetId: reservation.assetId, url: reservation.url, ...targetOf(reservation, context) };
  // A replayed answer may be of a reservation whose target has gone meanwhile: GET and `retry` sort that out.
  return progress(content, reservation.target === null ? 'checking' : 'reserved', context, bound);
}

function renewed(content: Content, reservation: Reservation, context: TransitionContext): Content {
  if (reservation.target === null) return later(content, 'checking', context, { renewals: content.renewals + 1 });
  // The attempts stay: only accepted bytes are progress, or a target that is always refused would never slow down.
  return {
    ...content,
    ...targetOf(reservation, context),
    renewals: content.renewals + 1,
    notBeforeMs: context.nowMs,
    state: 'reserved',
  };
}

function bytesRefused(content: Content, status: number, context: TransitionContext): Content {
  const reason = `The upload target answered ${status}`;
  // An expired target refuses too; that says nothing about the bytes.
  const strikes = isTargetExpired(content, context.nowMs) ? content.strikes : content.strikes + 1;
  if (strikes >= maxStrikes) return settleAs({ ...content, strikes }, 'rejected', 'upload_refused', reason);
  return {
    ...later(content, 'checking', context, { targetExpiresAtMs: 0 }),
    strikes,
    reasonCode: 'upload_refused',
    reason,
  };
}

function assetSeen(content: Content, facts: AssetFacts, by: string, context: TransitionContext): Content {
  if (facts.assetId !== content.assetId) return content;
  if (content.state === 'ready') return readySeenAgain(content, facts, context);
  const couldBeReady = content.state === 'uploaded' || content.state === 'checking' || content.state === 'renewing';
  if (facts.status === 'ready' && couldBeReady) return becomeReady(content, facts, context);
  if (by === 'listing') return content;
  if (content.state === 'uploaded') {
    if (facts.status === 'failed') return assetFailed(content, facts, context);
    return poll({ ...content, attempts: 0 }, context, { isCompleteAccepted: true });
  }
  if (content.state !== 'checking') return content;
  return facts.status === 'failed' ? assetFailed(content, facts, context) : stillPending(content, context);
}

function becomeReady(content: Content, facts: AssetFacts, context: TransitionContext): Content {
  if (facts.sizeBytes !== null && facts.sizeBytes !== content.sizeBytes) {
    const reason = `FLORA reports ${facts.sizeBytes} bytes, the file has ${content.sizeBytes}`;
    return settleAs(content, 'rejected', 'size_mismatch', reason);
  }
  return progress(content, 'ready', context, { target: null, targetExpiresAtMs: null, url: facts.url ?? content.url });
}

/** Drift of what was ready: a new URL is taken over, anything but ready is looked at with a GET. */
function readySeenAgain(content: Content, facts: AssetFacts, context: TransitionContext): Content {
  if (facts.status !== 'ready') return progress(content, 'checking', context);
  return facts.url !== null && facts.url !== content.url ? { ...content, url: facts.url } : content;
}

function poll(content: Content, context: TransitionContext, patch: Partial<Content> = {}): Content {
  const attempts = content.attempts + 1;
  const notBeforeMs = context.nowMs + backoffMs(attempts, context.random, pollBackoff);
  const waiting = { reasonCode: 'processing', reason: 'FLORA is processing the upload' };
  return { ...content, ...waiting, attempts, notBeforeMs, ...patch, state: 'checking' };
}

function assetFailed(content: Content, facts: AssetFacts, context: TransitionContext): Content {
  const strikes = content.strikes + 1;
  const reason = facts.failureMessage ?? 'FLORA failed to process the upload';
  if (strikes >= maxStrikes / 2) return settleAs({ ...content, strikes }, 'rejected', 'asset_failed', reason);
  return { ...renew(content, context), strikes, reasonCode: 'asset_failed', reason };
}

function renew(content: Content, context: TransitionContext): Content {
  const wiped = { target: null, targetExpiresAtMs: null, areBytesConfirmed: false, isCompleteAccepted: false };
  return later(content, 'renewing', context, wiped);
}

/** GET says `pending_upload`: where do we stand? */
function stillPending(content: Content, context: TransitionContext): Content {
  if (content.isCompleteAccepted && content.attempts % pollsBeforeCompletingAgain !== 0) return poll(content, context);
  if (content.areBytesConfirmed) return later(content, 'uploaded', context);
  if (content.target !== null && !isTargetExpired(content, context.nowMs)) return later(content, 'reserved', context);
  if (content.reasonCode === 'not_renewable' && !content.isCompleteSent) {
    return beginAnew(content, 'superseded', 'The reservation has no usable target and cannot be renewed', context);
  }
  return renew(content, context);
}

function conflict(content: Content, reason: string, context: TransitionContext): Content {
  if (content.state === 'uploaded') return progress(content, 'checking', context, { attempts: content.attempts });
  if (content.state !== 'renewing') return content;
  return later(content, 'checking', context, {
    renewals: content.renewals + 1,
    reasonCode: 'not_renewable',
    reason,
  });
}

function assetMissing(content: Content, context: TransitionContext): Content {
  if (content.state !== 'checking' && content.state !== 'renewing' && content.state !== 'uploaded') return content;
  const reason = 'FLORA answers 404 for this asset';
  if (!content.isCompleteSent) return beginAnew(content, 'asset_missing', reason, context);
  const strikes = content.strikes + 1;
  if (strikes >= maxStrikes) return settleAs({ ...content, strikes }, 'rejected', 'asset_missing', reason);
  return later(content, 'checking', context, { strikes, reasonCode: 'asset_missing', reason });
}

function trouble(
  content: Content,
  code: string,
  reason: string,
  retryAfterMs: number | null,
  context: TransitionContext,
): Content {
  if (!isActive(content.state)) return content;
  // The answer to `complete` was lost or unclear: GET decides, never a new asset.
  const state = content.state === 'uploaded' ? 'checking' : content.state;
  const waiting = later(content, state, context, { reasonCode: code, reason });
  const earliestMs = context.nowMs + (retryAfterMs ?? 0);
  return waiting.notBeforeMs >= earliestMs ? waiting : { ...waiting, notBeforeMs: earliestMs };
}

function sourceLost(content: Content, reason: string): Content {
  return needsSource(content) ? settleAs(content, 'gone', 'source_lost', reason) : content;
}
