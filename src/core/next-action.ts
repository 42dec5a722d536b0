import type { Content, UploadTarget } from './content.ts';
import { seldomMs } from './steps.ts';

/** The one effect that a content is due for. Keys are part of it, so that a repeated effect repeats its key. */
export type Action =
  /** Looks among FLORA's assets for these bytes. */
  | { readonly type: 'match' }
  | { readonly type: 'reserve'; readonly idempotencyKey: string }
  | { readonly type: 'upload'; readonly assetId: string; readonly target: UploadTarget }
  | { readonly type: 'complete'; readonly assetId: string; readonly idempotencyKey: string }
  | { readonly type: 'check'; readonly assetId: string }
  | { readonly type: 'renew'; readonly assetId: string; readonly idempotencyKey: string }
  /** No effect: the target's time is over, which is an event of its own. */
  | { readonly type: 'expire' }
  | { readonly type: 'none' };

/**
 * What to do next for this content. Pure: the same row and time give the same action.
 *
 * `complete` gets a new key each time (it is idempotent by the asset's state, and a replayed old answer would hide the
 * present one); `retry` keeps its key within one renewal, because a replay is the only way to get a lost target back.
 */
export function nextAction(content: Content, nowMs: number): Action {
  switch (content.state) {
    case 'matching':
      return { type: 'match' };
    case 'queued':
      return { type: 'reserve', idempotencyKey: content.idempotencyKey };
    case 'reserved': {
      const { assetId, target } = required(content);
      if (target === null || (isTargetExpired(content, nowMs) && !isTargetFresh(content, nowMs)))
        return { type: 'expire' };
      return { type: 'upload', assetId, target };
    }
    case 'uploaded': {
      const { assetId } = required(content);
      return { type: 'complete', assetId, idempotencyKey: stepKey(content, 'complete', content.revision) };
    }
    case 'checking':
      return { type: 'check', assetId: required(content).assetId };
    case 'renewing': {
      const { assetId } = required(content);
      return { type: 'renew', assetId, idempotencyKey: stepKey(content, 'retry', content.renewals) };
    }
    case 'ready':
    case 'missing':
    case 'rejected':
    case 'gone':
      return { type: 'none' };
    default: {
      const never: never = content.state;
      throw new Error(`Unknown content state ${String(never)}`);
    }
  }
}

/** In the place of a target's expiry: it is over whatever the clock may say, by its time, or because it refused the bytes. */
export const overByTimeMs = 1;
export const overByRefusalMs = 0;

/** So long after a target was handed out it is tried once, whatever its expiry says. */
const freshMs = 10_000;

/**
 * Whether a target was handed out a moment ago, and nothing came of trying it yet. Its expiry may be wrong: something in between
 * may alter FLORA's `date`, by which it is counted, and then every target would seem over before it was ever used.
 */
function isTargetFresh({ reasonCode, notBeforeMs, targetExpiresAtMs }: Content, nowMs: number): boolean {
  const isMarked = targetExpiresAtMs === overByTimeMs || targetExpiresAtMs === overByRefusalMs;
  return reasonCode === null && !isMarked && notBeforeMs <= nowMs && nowMs - notBeforeMs < freshMs;
}

/** Whether the present target's time is over by our clock; a target without an expiry never is. */
export function isTargetExpired(content: Content, nowMs: number): boolean {
  return content.targetExpiresAtMs !== null && content.targetExpiresAtMs <= nowMs;
}

/** Whether a 404 now would be the second one, at least ten minutes after the first. */
export function isSecondLookDue({ missingSinceMs }: Pick<Content, 'missingSinceMs'>, nowMs: number): boolean {
  return missingSinceMs !== null && nowMs - missingSinceMs >= seldomMs;
}

function required(content: Content): { assetId: string; target: UploadTarget | null } {
  if (content.assetId === null) throw new Error(`Content ${content.id} is ${content.state} without an asset`);
  return { assetId: content.assetId, target: content.target };
}

function stepKey(content: Content, step: string, count: number): string {
  return `${content.idempotencyKey}-${step}-${count}`;
}
