import { backoffMs } from './backoff.ts';
import type { Content, ContentState } from './content.ts';

/** What `transition` may not find out by itself. */
export interface TransitionContext {
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: number;
  /** Used if, and only if, a new generation begins. */
  readonly freshKey: string;
  /** How long until FLORA may be asked again whether it has finished processing, at least; absent: at once. */
  readonly pollLeastMs?: number;
}

/** After so many failures or refusals that are the content's own, it is rejected and waits for a person. */
export const maxStrikes = 8;

/** After so many refusals by upload targets, of bytes against which they say nothing, the content is rejected. */
export const maxRefusals = 4;

/** What is refused for its bytes is tried so often in all. */
export const maxRefusalsOfBytes = 2;

/** So many refusals of a target that cannot be renewed lead to another reservation. */
export const mostSuperseded = 1;

/** After so many failures to process bytes that it had accepted, FLORA's word is taken for the last. */
export const maxFailures = 4;

/** How long until FLORA is asked again about an asset that it does not show, or that stays pending for no known reason. */
export const seldomMs = 10 * 60_000;

/** What answers 404 is looked at again and again for so long before that: GET may lag behind what was just written. */
export const laggingMs = 2 * 60_000;

/** No wait that the engine chooses is longer: FLORA's own `retry-after` is clamped to 15 min. */
export const longestWaitMs = 16 * 60_000;

/** A step forward: the attempt counter starts over, the content is due at once. */
export function progress(
  content: Content,
  state: ContentState,
  context: TransitionContext,
  patch: Partial<Content> = {},
) {
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
export function later(
  content: Content,
  state: ContentState,
  context: TransitionContext,
  patch: Partial<Content> = {},
): Content {
  const attempts = content.attempts + 1;
  return { ...content, attempts, notBeforeMs: context.nowMs + backoffMs(attempts, context.random), ...patch, state };
}

export function settleAs(
  content: Content,
  state: 'missing' | 'rejected' | 'gone',
  code: string,
  reason: string,
): Content {
  return { ...content, state, target: null, targetExpiresAtMs: null, attempts: 0, reasonCode: code, reason };
}

export const unbound = {
  assetId: null,
  url: null,
  remoteSizeBytes: null,
  target: null,
  targetExpiresAtMs: null,
  areBytesConfirmed: false,
  isCompleteSent: false,
  isCompleteAccepted: false,
  mayHaveAllBytes: false,
  renewals: 0,
  missingSinceMs: null,
} as const;

/** Gives the reservation up, if any, and queues under a new key. Only for assets that can never become ready. */
export function beginAnew(content: Content, code: string, reason: string, context: TransitionContext): Content {
  return later(content, 'queued', context, {
    ...unbound,
    generation: content.generation + 1,
    idempotencyKey: context.freshKey,
    reasonCode: code,
    reason,
  });
}
