import type { Content } from './content.ts';
import type { ContentEvent } from './event.ts';
import { isTargetExpired, overByRefusalMs, overByTimeMs } from './next-action.ts';
import {
  later,
  maxRefusals,
  maxRefusalsOfBytes,
  progress,
  seldomMs,
  settleAs,
  type TransitionContext,
} from './steps.ts';

type BytesRefused = Extract<ContentEvent, { type: 'bytes-refused' }>;

/**
 * An upload target refused what was sent to it. What it says of the bytes, every target will: once more to the same one, and that
 * is all. Otherwise the same asset gets another target, so that a refusal leaves no asset behind.
 */
export function bytesRefused(before: Content, event: BytesRefused, context: TransitionContext): Content {
  const { isAboutBytes, reason } = event;
  const isOver = isTargetExpired(before, context.nowMs);
  // An expired target refuses too; that says nothing about the bytes.
  const strikes = isOver && !isAboutBytes ? before.strikes : before.strikes + 1;
  const content = { ...before, strikes, mayHaveAllBytes: event.wasUnclear };
  // The second answer may be that of a target that served its one request: the first one told why.
  if (before.reasonCode === 'bytes_refused') {
    return settleAs(content, 'rejected', 'upload_refused', isAboutBytes ? reason : (before.reason ?? reason));
  }
  if (strikes >= (isAboutBytes ? maxRefusalsOfBytes : maxRefusals)) {
    return settleAs(content, 'rejected', 'upload_refused', reason);
  }
  if (isAboutBytes) return later(content, 'reserved', context, { reasonCode: 'bytes_refused', reason });
  return later(content, 'checking', context, {
    targetExpiresAtMs: isOver ? overByTimeMs : overByRefusalMs,
    reasonCode: 'upload_refused',
    reason,
  });
}

/** `complete` or `retry` is refused: the asset's state is another than we thought. */
export function conflict(content: Content, reason: string, context: TransitionContext): Content {
  if (content.state === 'uploaded') return completeRefused(content, reason, context);
  if (content.state !== 'renewing') return content;
  const refused = { renewals: content.renewals + 1, reasonCode: 'not_renewable', reason: bothReasons(content, reason) };
  // A target that we still hold and FLORA will not replace is open, whatever our clock says: the bytes go there again.
  const isOpen = content.target !== null && content.targetExpiresAtMs !== overByRefusalMs;
  const open = isOpen ? { targetExpiresAtMs: null, areBytesConfirmed: false } : {};
  return later(content, 'checking', context, { ...refused, ...open });
}

/** Why the bytes were refused is what people need to know; that the target is not renewed is only why they wait. */
function bothReasons({ reasonCode, reason }: Content, refusal: string): string {
  return reasonCode === 'upload_refused' ? `${reason}, and there is no other target: ${refusal}` : refusal;
}

function completeRefused(content: Content, reason: string, context: TransitionContext): Content {
  if (!content.areBytesConfirmed) {
    // FLORA was only asked whether it has them. It has not, and will renew the target once that is over.
    const waiting = { notBeforeMs: context.nowMs + seldomMs, reasonCode: 'not_renewable', reason };
    return later(content, 'renewing', context, waiting);
  }
  // It is complete already, is being processed, or lacks its bytes: GET will tell the first, and time the others.
  const attempts = content.isCompleteAccepted ? content.attempts : 0;
  const asked = { attempts, isCompleteAccepted: true, reasonCode: 'complete_refused', reason };
  return progress(content, 'checking', context, asked);
}

/** The other form of the body is tried at once. Where that is refused too, it was not the form. */
export function bodyRefused(content: Content, reason: string, context: TransitionContext): Content {
  if (content.state !== 'uploaded' && content.state !== 'renewing') return content;
  if (content.reasonCode === 'body_refused') return conflict(content, reason, context);
  const { attempts } = content;
  return { ...content, attempts: attempts + 1, notBeforeMs: context.nowMs, reasonCode: 'body_refused', reason };
}
