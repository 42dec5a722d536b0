import { backoffMs, pollBackoff } from './backoff.ts';
import type { Content } from './content.ts';
import type { AssetFacts } from './event.ts';
import { isTargetExpired } from './next-action.ts';
import {
  beginAnew,
  later,
  maxFailures,
  maxStrikes,
  progress,
  seldomMs,
  settleAs,
  type TransitionContext,
} from './steps.ts';

/** After so many polls FLORA is asked once more to complete. */
const pollsBeforeCompletingAgain = 12;
/** After so many rounds of that (some minutes) the bytes are in doubt: a proxy's 2xx may have swallowed them. */
const roundsBeforeSendingAgain = 4;

/** What FLORA says of the content's asset, from whichever answer. */
export function assetSeen(before: Content, facts: AssetFacts, by: string, context: TransitionContext): Content {
  if (facts.assetId !== before.assetId) return before;
  // It is there: an earlier 404 means nothing any more.
  const content = before.missingSinceMs === null ? before : { ...before, missingSinceMs: null };
  if (content.state === 'missing') {
    const isReady = facts.status === 'ready' && !isOtherSize(content, facts);
    return isReady ? becomeReady(content, facts, context) : progress(content, 'checking', context);
  }
  if (content.state === 'ready') return readySeenAgain(content, facts, context);
  const couldBeReady = content.state === 'uploaded' || content.state === 'checking' || content.state === 'renewing';
  // A listing may bring good news; what is wrong with an asset, GET decides.
  if (by === 'listing' && (facts.status !== 'ready' || isOtherSize(content, facts))) return content;
  if (facts.status === 'ready' && couldBeReady) return becomeReady(content, facts, context);
  if (by === 'listing') return content;
  if (content.state === 'uploaded') {
    if (facts.status === 'failed') return assetFailed(content, facts, context);
    // The first answer to `complete` begins the count of what it may take from here.
    const asked = content.isCompleteAccepted ? content : { ...content, attempts: 0 };
    return poll(asked, context, { isCompleteAccepted: true });
  }
  if (content.state !== 'checking') return content;
  return facts.status === 'failed' ? assetFailed(content, facts, context) : stillPending(content, context);
}

function becomeReady(content: Content, facts: AssetFacts, context: TransitionContext): Content {
  if (isOtherSize(content, facts)) {
    const reason = `FLORA reports ${facts.sizeBytes} bytes, the file has ${content.sizeBytes}`;
    return settleAs(content, 'rejected', 'size_mismatch', reason);
  }
  return progress(content, 'ready', context, { target: null, targetExpiresAtMs: null, url: facts.url ?? content.url });
}

function isOtherSize(content: Content, facts: AssetFacts): boolean {
  return facts.sizeBytes !== null && facts.sizeBytes !== content.sizeBytes;
}

/** Drift of what was ready: a new URL is taken over, anything but ready is looked at with a GET. */
function readySeenAgain(content: Content, facts: AssetFacts, context: TransitionContext): Content {
  if (facts.status !== 'ready' || isOtherSize(content, facts)) return progress(content, 'checking', context);
  return facts.url !== null && facts.url !== content.url ? { ...content, url: facts.url } : content;
}

function poll(content: Content, context: TransitionContext, patch: Partial<Content> = {}): Content {
  const attempts = content.attempts + 1;
  const notBeforeMs = context.nowMs + backoffMs(attempts, context.random, pollBackoff);
  const waiting = { reasonCode: 'processing', reason: 'FLORA is processing the upload' };
  return { ...content, ...waiting, attempts, notBeforeMs, ...patch, state: 'checking' };
}

function assetFailed(content: Content, facts: AssetFacts, context: TransitionContext): Content {
  // A failure that a lost or unclear renewal left standing is seen again: it counts once.
  const isAnother = content.areBytesConfirmed || content.reasonCode === 'not_renewable';
  const failures = content.failures + (isAnother ? 1 : 0);
  const reason = facts.failureMessage ?? 'FLORA failed to process the upload';
  if (failures >= maxFailures) return settleAs({ ...content, failures }, 'rejected', 'asset_failed', reason);
  return { ...renew(content, context), failures, reasonCode: 'asset_failed', reason };
}

function renew(content: Content, context: TransitionContext): Content {
  const wiped = { target: null, targetExpiresAtMs: null, areBytesConfirmed: false, isCompleteAccepted: false };
  return later(content, 'renewing', context, wiped);
}

/** GET says `pending_upload`: where do we stand? */
function stillPending(content: Content, context: TransitionContext): Content {
  if (content.isCompleteAccepted && content.attempts % pollsBeforeCompletingAgain !== 0) return poll(content, context);
  // Until FLORA itself has answered `complete`, nothing speaks against the bytes.
  if (content.areBytesConfirmed && !content.isCompleteAccepted) return later(content, 'uploaded', context);
  if (content.areBytesConfirmed) return completeAgain(content, context);
  if (content.target !== null && !isTargetExpired(content, context.nowMs)) return later(content, 'reserved', context);
  if (content.reasonCode === 'not_renewable' && !content.isCompleteSent) {
    return beginAnew(content, 'superseded', 'The reservation has no usable target and cannot be renewed', context);
  }
  return renew(content, context);
}

/**
 * Confirmed bytes whose asset stays pending: FLORA may be slow, so it is asked again for minutes; then they are sent again to
 * the same asset, which is harmless should they be there after all. Never given up: what is slow may still become ready.
 */
function completeAgain(content: Content, context: TransitionContext): Content {
  if (content.attempts < pollsBeforeCompletingAgain * roundsBeforeSendingAgain) {
    return later(content, 'uploaded', context);
  }
  const strikes = content.strikes + 1;
  if (strikes >= maxStrikes) return later(content, 'uploaded', context, { notBeforeMs: context.nowMs + seldomMs });
  if (content.target === null || isTargetExpired(content, context.nowMs)) {
    // Nothing is wiped: should FLORA refuse to renew, the target is open after all.
    return later(content, 'renewing', context, { strikes, isCompleteAccepted: false });
  }
  return progress(content, 'reserved', context, { strikes, areBytesConfirmed: false, isCompleteAccepted: false });
}
