import { assetSeen } from './asset-seen.ts';
import { retryBackoff } from './backoff.ts';
import { type Content, type ContentState, isActive, needsSource } from './content.ts';
import type { AssetFacts, ContentEvent, Reservation } from './event.ts';
import { isOtherSize } from './finding.ts';
import { isSecondLookDue, isTargetExpired } from './next-action.ts';
import {
  beginAnew,
  laggingMs,
  later,
  maxStrikes,
  progress,
  seldomMs,
  settleAs,
  type TransitionContext,
  unbound,
} from './steps.ts';

/**
 * The content after the event, or the very same object when the event changes nothing. Total: every event is defined in
 * every state, and what does not fit the state (a late answer) changes nothing.
 */
export function transition(content: Content, event: ContentEvent, context: TransitionContext): Content {
  switch (event.type) {
    case 'reserved':
      return content.state === 'queued' ? bind(content, event.reservation, context) : content;
    case 'key-spent':
      return keySpent(content, event.reason, context);
    case 'bytes-accepted':
      return content.state === 'reserved'
        ? progress(content, 'uploaded', context, { areBytesConfirmed: true, isCompleteSent: true })
        : content;
    case 'bytes-refused':
      return content.state === 'reserved' ? bytesRefused(content, event.status, context) : content;
    case 'target-expired':
      return content.state === 'reserved' ? targetExpired(content, context) : content;
    case 'asset':
      return assetSeen(content, event, context);
    case 'conflict':
      return conflict(content, event.reason, context);
    case 'body-refused':
      return bodyRefused(content, event.reason, context);
    case 'asset-missing':
      return assetMissing(content, event.isControlled, context);
    case 'adopted':
      return content.state === 'matching' ? adopted(content, event.facts, context) : content;
    case 'unmatched':
      // What is bound already may be on its way there; what was reserved for it may not.
      return content.state === 'matching'
        ? progress(content, content.assetId === null ? 'queued' : 'checking', context)
        : content;
    case 'renewed':
      return content.state === 'renewing' ? renewed(content, event.reservation, context) : content;
    case 'trouble':
      return trouble(content, event.code, event.reason, event.retryAfterMs, context);
    case 'refused':
      return isActive(content.state) ? settleAs(content, 'rejected', event.code, event.reason) : content;
    case 'source-lost':
      return sourceLost(content, event.reason);
    case 'wanted':
      return shouldRevive(content.state, event.by) ? revive(content, event.needsMatching, context) : content;
    default: {
      const never: never = event;
      throw new Error(`Unknown event ${JSON.stringify(never)}`);
    }
  }
}

/** A fresh key is worth an immediate try, unless the last one was fresh too. */
function keySpent(content: Content, reason: string, context: TransitionContext): Content {
  if (content.state === 'renewing') {
    return later(content, 'renewing', context, { renewals: content.renewals + 1, reasonCode: 'key_spent', reason });
  }
  if (content.state !== 'queued') return content;
  const fresh = beginAnew(content, 'key_spent', reason, context);
  return content.reasonCode === 'key_spent' ? fresh : { ...fresh, notBeforeMs: context.nowMs };
}

type WantedBy = Extract<ContentEvent, { type: 'wanted' }>['by'];

function shouldRevive(state: ContentState, by: WantedBy): boolean {
  if (state === 'missing') return by !== 'scan';
  return state === 'gone' || (by === 'operator' && (state === 'rejected' || state === 'matching'));
}

function revive(content: Content, needsMatching: boolean, context: TransitionContext): Content {
  // Only what is certainly not in FLORA any more is let go although it was complete.
  if (content.isCompleteSent && content.state !== 'missing') {
    return progress(content, 'checking', context, { strikes: 0, failures: 0 });
  }
  return progress(content, needsMatching ? 'matching' : 'queued', context, {
    ...unbound,
    strikes: 0,
    failures: 0,
    generation: content.generation + 1,
    idempotencyKey: context.freshKey,
  });
}

function targetOf(reservation: Reservation, context: TransitionContext): Partial<Content> {
  return {
    target: reservation.target,
    // Over already where an old answer was replayed: what is sent there would be refused, and count against the bytes.
    targetExpiresAtMs: reservation.expiresInMs === null ? null : context.nowMs + reservation.expiresInMs,
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

/** No progress either: a target that is over whenever it is handed out must slow down. */
function targetExpired(content: Content, context: TransitionContext): Content {
  const { attempts } = content;
  return progress(content, 'checking', context, { attempts, targetExpiresAtMs: 0 });
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

function conflict(content: Content, reason: string, context: TransitionContext): Content {
  if (content.state === 'uploaded') {
    // It is complete already, is being processed, or lacks its bytes: GET will tell the first, and time the others.
    const attempts = content.isCompleteAccepted ? content.attempts : 0;
    const asked = { attempts, isCompleteAccepted: true, reasonCode: 'complete_refused', reason };
    return progress(content, 'checking', context, asked);
  }
  if (content.state !== 'renewing') return content;
  const refused = { renewals: content.renewals + 1, reasonCode: 'not_renewable', reason };
  // A target that we still hold and FLORA will not replace is open, whatever our clock says: the bytes go there again.
  const open = content.target === null ? {} : { targetExpiresAtMs: null, areBytesConfirmed: false };
  return later(content, 'checking', context, { ...refused, ...open });
}

/** The other form of the body is tried at once. Where that is refused too, it was not the form. */
function bodyRefused(content: Content, reason: string, context: TransitionContext): Content {
  if (content.state !== 'uploaded' && content.state !== 'renewing') return content;
  if (content.reasonCode === 'body_refused') return conflict(content, reason, context);
  const { attempts } = content;
  return { ...content, attempts: attempts + 1, notBeforeMs: context.nowMs, reasonCode: 'body_refused', reason };
}

function adopted(content: Content, facts: AssetFacts, context: TransitionContext): Content {
  // A reservation that it had is let go, and with it the key that made it.
  const another = { generation: content.generation + 1, idempotencyKey: context.freshKey };
  return progress(content, 'ready', context, {
    ...unbound,
    ...(content.assetId === null || content.assetId === facts.assetId ? {} : another),
    assetId: facts.assetId,
    url: facts.url,
    remoteSizeBytes: isOtherSize(content, facts) ? facts.sizeBytes : null,
    areBytesConfirmed: true,
    isCompleteSent: true,
    isCompleteAccepted: true,
  });
}

/**
 * A 404 also hides what is there from this key: it counts only when, ten minutes and more after the first one, FLORA at the
 * same time shows another asset. Until then it is asked again: soon, where GET may lag behind what was written, then seldom.
 */
function assetMissing(content: Content, isControlled: boolean, context: TransitionContext): Content {
  const { state, isCompleteSent } = content;
  if (state !== 'ready' && state !== 'checking' && state !== 'renewing' && state !== 'uploaded') return content;
  const reason = 'FLORA answers 404 for this asset';
  // A time that is still to come was written while the clock was ahead: this is the first look that counts.
  const missingSinceMs = Math.min(content.missingSinceMs ?? context.nowMs, context.nowMs);
  if (state !== 'ready' && context.nowMs - missingSinceMs < laggingMs) {
    return later(content, 'checking', context, { missingSinceMs, reasonCode: 'asset_missing', reason });
  }
  if (!isCompleteSent && state !== 'ready') return beginAnew(content, 'asset_missing', reason, context);
  if (isControlled && isSecondLookDue({ missingSinceMs }, context.nowMs)) {
    return { ...settleAs(content, 'missing', 'asset_missing', 'The asset is not in FLORA any more'), missingSinceMs };
  }
  const notBeforeMs = context.nowMs + seldomMs;
  return later(content, 'checking', context, { notBeforeMs, missingSinceMs, reasonCode: 'asset_missing', reason });
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
  const latestMs = Math.max(earliestMs, latestTryMs(content, context.nowMs));
  return { ...waiting, notBeforeMs: Math.min(Math.max(waiting.notBeforeMs, earliestMs), latestMs) };
}

/** A target is tried again while it lives, however many attempts there were: the long waits are those before a renewal. */
function latestTryMs({ state, targetExpiresAtMs }: Content, nowMs: number): number {
  if (state !== 'reserved' || targetExpiresAtMs === null) return Number.POSITIVE_INFINITY;
  return nowMs + Math.round(Math.max((targetExpiresAtMs - nowMs) / 2, retryBackoff.baseMs / 2));
}

/** The target is kept: the bytes may come back under another name, and FLORA renews no target that is still open. */
function sourceLost(content: Content, reason: string): Content {
  if (!needsSource(content)) return content;
  const { target, targetExpiresAtMs } = content;
  return { ...settleAs(content, 'gone', 'source_lost', reason), target, targetExpiresAtMs };
}
