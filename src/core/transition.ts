import { assetSeen } from './asset-seen.ts';
import { backoffMs, retryBackoff, slowBackoff } from './backoff.ts';
import { type Content, type ContentState, isActive, mayBecomeReady, needsSource, oneBufferBytes } from './content.ts';
import type { AssetFacts, ContentEvent, Reservation } from './event.ts';
import { isOtherSize } from './finding.ts';
import { isSecondLookDue, overByTimeMs } from './next-action.ts';
import { bodyRefused, bytesRefused, conflict } from './refusal.ts';
import { beginAnew, laggingMs, later, progress, seldomMs, settleAs, type TransitionContext, unbound } from './steps.ts';

/**
 * The content after the event, or the very same object when the event changes nothing. Total: every event is defined in
 * every state, and what does not fit the state (a late answer) changes nothing.
 */
export function transition(content: Content, event: ContentEvent, context: TransitionContext): Content {
  switch (event.type) {
    case 'reserved':
      return content.state === 'queued' ? bind(content, event, context) : content;
    case 'key-spent':
      return keySpent(content, event.reason, context);
    case 'bytes-accepted':
      return content.state === 'reserved'
        ? progress(content, 'uploaded', context, { areBytesConfirmed: true, isCompleteSent: true })
        : content;
    case 'bytes-refused':
      return content.state === 'reserved' ? bytesRefused(content, event, context) : content;
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
        ? progress(content, content.assetId === null ? 'queued' : 'checking', context, keptAttempts(content))
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
      return shouldRevive(content.state, event.by) ? revive(content, event, context) : content;
    default: {
      const never: never = event;
      throw new Error(`Unknown event ${JSON.stringify(never)}`);
    }
  }
}

/** Of an upload that ended so, not one byte left, or not the last. */
const unsentCodes: ReadonlySet<string> = new Set([
  'folder_away',
  'source_changed',
  'read_error',
  'target_rate_limited',
  'too_many_open_files',
]);

/** An upload that ended so may have delivered all bytes. */
const lostCodes: ReadonlySet<string> = new Set(['connection_lost', 'wire_trouble', 'stalled', 'server_error']);

const unreadableCodes: ReadonlySet<string> = new Set(['not_understood', 'bad_answer']);

const longestAskedMs = 15 * 60_000;

/** An asset that may have bytes and answers 404 for so long is called missing: to make another would be to make two, were it there. */
const unclearGoneMs = 60 * 60_000;

/** A fresh key is worth an immediate try, unless the last one was fresh too. */
function keySpent(content: Content, reason: string, context: TransitionContext): Content {
  if (content.state === 'renewing') {
    return later(content, 'renewing', context, { renewals: content.renewals + 1, reasonCode: 'key_spent', reason });
  }
  if (content.state !== 'queued') return content;
  const fresh = beginAnew(content, 'key_spent', reason, context);
  return content.reasonCode === 'key_spent' ? fresh : { ...fresh, notBeforeMs: context.nowMs };
}

type Wanted = Extract<ContentEvent, { type: 'wanted' }>;

function shouldRevive(state: ContentState, by: Wanted['by']): boolean {
  if (state === 'missing') return by !== 'scan';
  return state === 'gone' || (by === 'operator' && (state === 'rejected' || state === 'matching'));
}

function revive(content: Content, { by, needsMatching }: Wanted, context: TransitionContext): Content {
  // A person is not made to wait. A file that goes and comes again and again is slowed down like any other loop.
  const attempts = by === 'scan' ? content.attempts + 1 : 0;
  const notBeforeMs = context.nowMs + (attempts > 1 ? backoffMs(attempts, context.random) : 0);
  const again = { strikes: 0, failures: 0, attempts, notBeforeMs };
  // Only what is certainly not in FLORA any more is let go although it may be complete.
  if (mayBecomeReady(content) && content.state !== 'missing') return progress(content, 'checking', context, again);
  return progress(content, needsMatching ? 'matching' : 'queued', context, {
    ...unbound,
    ...again,
    generation: content.generation + 1,
    idempotencyKey: context.freshKey,
  });
}

/**
 * Another asset is asked for only where the one before got nowhere: as long as no bytes are accepted, no step of that is progress,
 * or states without an upload in them could follow each other for ever at the same pace.
 */
function keptAttempts({ generation, attempts }: Content): Pick<Content, 'attempts'> {
  return { attempts: generation > 1 ? attempts : 0 };
}

function targetOf(reservation: Reservation, context: TransitionContext): Partial<Content> {
  return {
    target: reservation.target,
    targetExpiresAtMs: reservation.expiresInMs === null ? null : context.nowMs + reservation.expiresInMs,
    areBytesConfirmed: false,
    isCompleteAccepted: false,
  };
}

type Reserved = Extract<ContentEvent, { type: 'reserved' }>;

function bind(content: Content, { reservation }: Reserved, context: TransitionContext): Content {
  const { assetId, url } = reservation;
  const bound = { assetId, url, ...keptAttempts(content), ...targetOf(reservation, context) };
  // Where the target has gone, or is over, meanwhile, GET and `retry` sort that out.
  return progress(content, isOfOld(reservation) ? 'checking' : 'reserved', context, bound);
}

/** Whether an answer was replayed whose target has gone, or is over. */
function isOfOld({ target, expiresInMs }: Reservation): boolean {
  return target === null || (expiresInMs !== null && expiresInMs <= 0);
}

function renewed(content: Content, reservation: Reservation, context: TransitionContext): Content {
  const renewals = content.renewals + 1;
  if (isOfOld(reservation)) return later(content, 'checking', context, { renewals, targetExpiresAtMs: overByTimeMs });
  // The attempts stay: only accepted bytes are progress, or a target that is always refused would never slow down.
  return {
    ...content,
    ...targetOf(reservation, context),
    renewals,
    notBeforeMs: context.nowMs,
    reasonCode: null,
    reason: null,
    state: 'reserved',
  };
}

/** No progress either: a target that is over whenever it is handed out must slow down. */
function targetExpired(content: Content, context: TransitionContext): Content {
  const { attempts } = content;
  return progress(content, 'checking', context, { attempts, targetExpiresAtMs: overByTimeMs });
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
  const { state } = content;
  if (state !== 'ready' && state !== 'checking' && state !== 'renewing' && state !== 'uploaded') return content;
  const reason = 'FLORA answers 404 for this asset';
  // A time that is still to come was written while the clock was ahead: this is the first look that counts.
  const missingSinceMs = Math.min(content.missingSinceMs ?? context.nowMs, context.nowMs);
  if (state !== 'ready' && context.nowMs - missingSinceMs < laggingMs) {
    return later(content, 'checking', context, { missingSinceMs, reasonCode: 'asset_missing', reason });
  }
  if (!mayBecomeReady(content) && state !== 'ready') return beginAnew(content, 'asset_missing', reason, context);
  if (isControlled && isSecondLookDue({ missingSinceMs }, context.nowMs)) {
    // What was never complete, as far as we know, may only have bytes to come.
    const isUnclear = !content.isCompleteSent && state !== 'ready';
    if (!isUnclear || context.nowMs - missingSinceMs >= unclearGoneMs) {
      const how = isUnclear ? ', and no answer told whether it had its bytes' : '';
      const told = `The asset is not in FLORA any more${how}`;
      return { ...settleAs(content, 'missing', 'asset_missing', told), missingSinceMs };
    }
  }
  const notBeforeMs = context.nowMs + seldomMs;
  return later(content, 'checking', context, { notBeforeMs, missingSinceMs, reasonCode: 'asset_missing', reason });
}

function trouble(
  content: Content,
  code: string,
  reason: string,
  retryAfterMs: number | null | undefined,
  context: TransitionContext,
): Content {
  if (!isActive(content.state)) return content;
  // The answer to `complete` was lost or unclear: GET decides, never a new asset. So it is with bytes that may have arrived twice.
  const mayHaveArrived = content.state === 'reserved' && content.mayHaveAllBytes && lostCodes.has(code);
  const state = content.state === 'uploaded' || mayHaveArrived ? 'checking' : content.state;
  const isUnclear = content.state === 'reserved' && content.sizeBytes <= oneBufferBytes && !unsentCodes.has(code);
  const mayHaveAllBytes = content.mayHaveAllBytes || isUnclear;
  const waiting = laterStill(
    later(content, state, context, { reasonCode: code, reason, mayHaveAllBytes }),
    content,
    context,
  );
  // A longer wait is kept at the gate; a row is looked at again.
  const earliestMs = context.nowMs + Math.min(retryAfterMs ?? 0, longestAskedMs);
  const latestMs = Math.max(earliestMs, latestTryMs(content, context.nowMs));
  return { ...waiting, notBeforeMs: Math.min(Math.max(waiting.notBeforeMs, earliestMs), latestMs) };
}

/** An answer that could not be read once may be an accident; the same again and again will not be another one soon. */
function laterStill(waiting: Content, before: Content, { nowMs, random }: TransitionContext): Content {
  const { reasonCode, state, attempts } = waiting;
  if (reasonCode === null || !unreadableCodes.has(reasonCode) || reasonCode !== before.reasonCode) return waiting;
  // What asks for an asset has a pace of its own (core/creation.ts).
  if (state === 'queued' || state === 'matching') return waiting;
  return { ...waiting, notBeforeMs: nowMs + backoffMs(attempts, random, slowBackoff) };
}

/** A target is tried again while it lives, however many attempts there were: the long waits are those before a renewal. */
function latestTryMs({ state, targetExpiresAtMs }: Content, nowMs: number): number {
  if (state !== 'reserved' || targetExpiresAtMs === null) return Number.POSITIVE_INFINITY;
  return nowMs + Math.round(Math.max((targetExpiresAtMs - nowMs) / 2, retryBackoff.baseMs / 2));
}

/** The target is kept: the bytes may come back under another name, and FLORA renews no target that is still open. */
function sourceLost(content: Content, reason: string): Content {
  if (!needsSource(content)) return content;
  const { target, targetExpiresAtMs, attempts } = content;
  return { ...settleAs(content, 'gone', 'source_lost', reason), target, targetExpiresAtMs, attempts };
}
