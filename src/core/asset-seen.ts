import { backoffMs, pollBackoff, slowBackoff } from './backoff.ts';
import type { Content } from './content.ts';
import type { AssetFacts, ContentEvent } from './event.ts';
import { type Compared, findingOf, isNewSize, isOtherSize, unknownStatus } from './finding.ts';
import { isTargetExpired, overByRefusalMs } from './next-action.ts';
import {
  beginAnew,
  later,
  maxFailures,
  maxStrikes,
  mostSuperseded,
  progress,
  seldomMs,
  settleAs,
  type TransitionContext,
} from './steps.ts';

/** After so many polls FLORA is asked once more to complete. */
const pollsBeforeCompletingAgain = 12;
/** After so many rounds of that (some minutes) the bytes are in doubt: a proxy's 2xx may have swallowed them. */
const roundsBeforeSendingAgain = 4;
/**
 * An asset whose target takes no more is asked for every ten minutes, in four steps each. What FLORA still calls pending after so
 * many, about a day, has no bytes: none can arrive any more, and what had arrived would have become ready.
 */
const attemptsOfADay = 4 * 144;
/** A state that nobody knows is asked for seldom after so many polls. */
const pollsBeforeSeldom = 12;

type AssetEvent = Extract<ContentEvent, { type: 'asset' }>;

/** What FLORA says of the content's asset, from whichever answer. */
export function assetSeen(before: Content, event: AssetEvent, context: TransitionContext): Content {
  const { facts, by, compared } = event;
  if (facts.assetId !== before.assetId) return before;
  // It is there: an earlier 404 means nothing any more.
  const content = before.missingSinceMs === null ? before : { ...before, missingSinceMs: null };
  if (content.state === 'missing') {
    const isReady = facts.status === 'ready' && !isNewSize(content, facts);
    return isReady ? becomeReady(content, facts, context) : progress(content, 'checking', context);
  }
  if (content.state === 'ready') return readySeenAgain(content, facts, context);
  const couldBeReady = content.state === 'uploaded' || content.state === 'checking' || content.state === 'renewing';
  // A listing may bring good news; what is wrong or odd about an asset, GET decides.
  if (by === 'listing' && isNewSize(content, facts)) return content;
  if (facts.status === 'ready' && couldBeReady) return becomeReady(content, facts, context, compared);
  if (by === 'listing') return content;
  if (content.state === 'uploaded') {
    if (facts.status === 'failed') return assetFailed(content, facts, context);
    // The first answer to `complete` begins the count of what it may take from here; not where it was only asked what is there.
    const isCounted = content.isCompleteAccepted || !content.areBytesConfirmed;
    const asked = isCounted ? content : { ...content, attempts: 0 };
    const said = facts.status === 'unknown' ? unknownStatus(facts) : {};
    return poll(asked, context, { ...said, isCompleteAccepted: true });
  }
  if (content.state !== 'checking') return content;
  switch (facts.status) {
    case 'failed':
      return assetFailed(content, facts, context);
    case 'unknown':
      return unknownSeen(content, facts, context);
    default:
      return stillPending(content, context);
  }
}

function becomeReady(content: Content, facts: AssetFacts, context: TransitionContext, compared?: Compared): Content {
  return progress(content, 'ready', context, {
    target: null,
    targetExpiresAtMs: null,
    // Perhaps by itself: it is complete in any case.
    isCompleteSent: true,
    url: facts.url ?? content.url,
    // What no answer but GET tells stays known.
    remoteSizeBytes: facts.sizeBytes === null ? content.remoteSizeBytes : remoteSizeOf(content, facts),
    ...findingOf(content, facts, compared),
  });
}

function remoteSizeOf(content: Content, facts: AssetFacts): number | null {
  return isOtherSize(content, facts) ? facts.sizeBytes : null;
}

/** Drift of what was ready: a new URL is taken over, what is pending, failed or of another size is looked at with a GET. */
function readySeenAgain(content: Content, facts: AssetFacts, context: TransitionContext): Content {
  if (facts.status === 'unknown') {
    const said = unknownStatus(facts);
    // What is odd about its bytes stays odd, and no later answer would tell it again.
    if (content.reasonCode !== null && content.reasonCode !== said.reasonCode) return content;
    return content.reason === said.reason ? content : { ...content, ...said };
  }
  if (facts.status !== 'ready' || isNewSize(content, facts)) return progress(content, 'checking', context);
  const known = content.reasonCode === 'unknown_status' ? { ...content, reasonCode: null, reason: null } : content;
  return facts.url !== null && facts.url !== known.url ? { ...known, url: facts.url } : known;
}

/**
 * A word that nobody knows is never a reason to make another asset, nor to give this one up. Where no byte of it was accepted,
 * sending is harmless, and so is asking for a new target: FLORA refuses that where it may not be.
 */
function unknownSeen(content: Content, facts: AssetFacts, context: TransitionContext): Content {
  const isWithoutBytes = !content.areBytesConfirmed && !content.isCompleteSent;
  if (isWithoutBytes && content.reasonCode !== 'not_renewable') {
    const isOpen = content.target !== null && !isTargetExpired(content, context.nowMs);
    return isOpen ? later(content, 'reserved', context) : renew(content, context);
  }
  const notBeforeMs = context.nowMs + (content.attempts < pollsBeforeSeldom ? 0 : seldomMs);
  const polled = poll(content, context, unknownStatus(facts));
  return { ...polled, notBeforeMs: Math.max(polled.notBeforeMs, notBeforeMs) };
}

function poll(content: Content, context: TransitionContext, patch: Partial<Content> = {}): Content {
  const attempts = content.attempts + 1;
  const leastMs = (context.pollLeastMs ?? 0) * (0.75 + context.random / 2);
  const notBeforeMs = context.nowMs + Math.max(Math.round(leastMs), backoffMs(attempts, context.random, pollBackoff));
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

/** The target is kept until there is another: FLORA may refuse to make one because it is still open. */
function renew(content: Content, context: TransitionContext): Content {
  return later(content, 'renewing', context, { areBytesConfirmed: false, isCompleteAccepted: false });
}

/** GET says `pending_upload`: where do we stand? */
function stillPending(content: Content, context: TransitionContext): Content {
  if (content.isCompleteAccepted && content.attempts % pollsBeforeCompletingAgain !== 0) return poll(content, context);
  // Until FLORA itself has answered `complete`, nothing speaks against the bytes.
  if (content.areBytesConfirmed && !content.isCompleteAccepted) return later(content, 'uploaded', context);
  if (content.areBytesConfirmed) return completeAgain(content, context);
  if (content.reasonCode === 'not_renewable' && !isUsable(content)) return withoutTarget(content, context);
  if (content.target !== null && !isTargetExpired(content, context.nowMs)) return later(content, 'reserved', context);
  return renew(content, context);
}

/** Whether bytes may be sent to the target: it is there, and has not refused them. */
function isUsable({ target, targetExpiresAtMs }: Content): boolean {
  return target !== null && targetExpiresAtMs !== overByRefusalMs;
}

/** The asset is pending, its target is lost or has refused the bytes, and FLORA makes no other. */
function withoutTarget(content: Content, context: TransitionContext): Content {
  if (isUseless(content)) {
    const anew = beginAnew(
      content,
      'superseded',
      'The reservation has no usable target and cannot be renewed',
      context,
    );
    // Each one leaves an asset behind for good.
    return { ...anew, notBeforeMs: context.nowMs + backoffMs(anew.attempts, context.random, slowBackoff) };
  }
  if (content.mayHaveAllBytes) {
    // Some targets serve one request only, and its answer may have been lost. FLORA knows whether it has the bytes.
    return later(content, 'uploaded', context, { reasonCode: 'upload_unclear', reason: unclearReason });
  }
  // It refuses, and is not over for FLORA: once it is, there will be a new one.
  const isRefused = content.target !== null;
  return isRefused
    ? later(content, 'renewing', context, { notBeforeMs: context.nowMs + seldomMs })
    : renew(content, context);
}

const unclearReason =
  'No answer told whether the bytes arrived, and the target takes no more: FLORA is asked to complete the asset';

/**
 * Whether another reservation may take the place of this one, which leaves an asset behind: only where it cannot become ready. For
 * targets that refuse, one is made once, not for each refusal: some serve one request only, but these bytes may be to blame too.
 */
function isUseless(content: Content): boolean {
  if (content.isCompleteSent || content.strikes > mostSuperseded) return false;
  return !content.mayHaveAllBytes || content.attempts >= attemptsOfADay;
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
