// FLORA's rate limit, of which no document says more than that there is one, for each workspace and all its clients: as a token
// bucket, a fixed or a sliding window, a quota, or a number of calls at once. API calls count, uploads and downloads go elsewhere.
import { readFields } from './fields.ts';

const windowMsOf = { bucket: 1_000, fixed: 60_000, sliding: 60_000, quota: 3_600_000, 'in-flight': 0 } as const;
export type LimitKind = keyof typeof windowMsOf;
export const limitKinds = Object.keys(windowMsOf) as readonly LimitKind[];

export interface Limit {
  readonly kind: LimitKind;
  /** Calls in each window; at once, where the kind is `in-flight`. */
  readonly calls: number;
  /** A second for buckets, a minute for windows, an hour for quotas, unless it is given. Fixed windows begin at its multiples. */
  readonly windowMs: number;
  /** How many calls a full bucket lets through at once; as many as a window's where it is not given. */
  readonly burst: number;
  /** The `retry-after` of a 429: none, always so many seconds, or what is left until a call would be let through. */
  readonly retryAfter: 'none' | 'rest' | number;
}

/** Whether one call may be made: `leave` is for its end. */
export type Admission =
  | { readonly isGranted: true; readonly leave: () => void }
  | { readonly isGranted: false; readonly retryAfterSec: number | undefined };

export interface Limiter {
  set(limit: Limit | null): void;
  /** @param nowMs never less than before, or the time stands still */
  enter(nowMs: number): Admission;
  report(): { readonly limit: Limit | null; readonly granted: number; readonly refused: number };
}

/** What a kind of limit knows of the calls so far. */
interface Meter {
  /** Milliseconds until a call would be let through; 0 when it was, and counts. */
  take(nowMs: number): number;
  leave(): void;
}

export function createLimiter(): Limiter {
  let limit: Limit | null = null;
  let meter: Meter | null = null;
  let granted = 0;
  let refused = 0;
  return {
    set(next) {
      limit = next;
      meter = next === null ? null : meterOf(next);
      granted = 0;
      refused = 0;
    },
    enter(nowMs) {
      const taken = meter;
      const restMs = taken?.take(nowMs) ?? 0;
      if (restMs > 0) {
        refused += 1;
        return { isGranted: false, retryAfterSec: retryAfterSec(limit?.retryAfter ?? 'none', restMs) };
      }
      granted += 1;
      return { isGranted: true, leave: () => taken?.leave() };
    },
    report: () => ({ limit, granted, refused }),
  };
}

/** One limit from the admin endpoint; 400 with every problem otherwise. */
export function parseLimit(value: unknown): Limit {
  const fields = readFields(value, ['kind', 'calls', 'windowMs', 'burst', 'retryAfter']);
  for (const name of ['kind', 'calls']) if (fields.raw(name) === undefined) fields.problem(name, 'Required');
  const kind = fields.oneOf('kind', limitKinds) ?? 'bucket';
  const calls = fields.integer('calls', { min: 1, max: 1e9 }) ?? 1;
  const windowMs = fields.integer('windowMs', { min: 1, max: 1e10 });
  const burst = fields.integer('burst', { min: 1, max: 1e9 });
  if (burst !== undefined && kind !== 'bucket') fields.problem('burst', 'Only a bucket has a burst');
  const isNumber = typeof fields.raw('retryAfter') === 'number';
  const retryAfter = isNumber
    ? fields.integer('retryAfter', { min: 0, max: 86_400 })
    : fields.oneOf('retryAfter', ['none', 'rest']);
  fields.check();
  return {
    kind,
    calls,
    windowMs: windowMs ?? windowMsOf[kind],
    burst: burst ?? calls,
    retryAfter: retryAfter ?? 'none',
  };
}

const unitMs = { s: 1_000, min: 60_000, h: 3_600_000 } as const;

/**
 * A limit as people write it: `bucket 20/s burst 10 retry-after rest`, `fixed 60/min`, `quota 1000 retry-after 5`, `in-flight 2`.
 * Undefined for what is none.
 */
export function readLimit(text: string): Limit | undefined {
  const pattern = /^(\S+) (\d+)(?:\/(s|min|h))?(?: burst (\d+))?(?: retry-after (none|rest|\d+))?$/;
  const [, word, calls, unit, burst, after = 'none'] = pattern.exec(text.trim().replace(/\s+/g, ' ')) ?? [];
  const kind = limitKinds.find((one) => one === word);
  if (kind === undefined || Number(calls) < 1 || Number(burst ?? 1) < 1) return undefined;
  if ((burst !== undefined && kind !== 'bucket') || (unit !== undefined && kind === 'in-flight')) return undefined;
  return {
    kind,
    calls: Number(calls),
    windowMs: unit === undefined ? windowMsOf[kind] : unitMs[unit as keyof typeof unitMs],
    burst: Number(burst ?? calls),
    retryAfter: after === 'none' || after === 'rest' ? after : Number(after),
  };
}

function retryAfterSec(rule: Limit['retryAfter'], restMs: number): number | undefined {
  if (rule === 'none') return undefined;
  return rule === 'rest' ? Math.max(1, Math.ceil(restMs / 1_000)) : rule;
}

function meterOf(limit: Limit): Meter {
  switch (limit.kind) {
    case 'bucket':
      return bucket(limit);
    case 'fixed':
    case 'quota':
      return fixedWindow(limit);
    case 'sliding':
      return slidingWindow(limit);
    case 'in-flight':
      return atOnce(limit);
    default:
      return limit.kind satisfies never;
  }
}

function bucket({ calls, windowMs, burst }: Limit): Meter {
  const perMs = calls / windowMs;
  let tokens = burst;
  let atMs = Number.NEGATIVE_INFINITY;
  return {
    take(nowMs) {
      tokens = Math.min(burst, tokens + Math.max(0, nowMs - atMs) * perMs);
      atMs = Math.max(atMs, nowMs);
      if (tokens < 1) return Math.max(1, Math.ceil((1 - tokens) / perMs));
      tokens -= 1;
      return 0;
    },
    leave: () => {},
  };
}

function fixedWindow({ calls, windowMs }: Limit): Meter {
  let window = Number.NEGATIVE_INFINITY;
  let used = 0;
  return {
    take(nowMs) {
      const present = Math.floor(nowMs / windowMs);
      if (present > window) {
        window = present;
        used = 0;
      }
      if (used >= calls) return Math.max(1, (window + 1) * windowMs - nowMs);
      used += 1;
      return 0;
    },
    leave: () => {},
  };
}

function slidingWindow({ calls, windowMs }: Limit): Meter {
  const grantedAtMs: number[] = [];
  return {
    take(nowMs) {
      while ((grantedAtMs[0] ?? Number.POSITIVE_INFINITY) <= nowMs - windowMs) grantedAtMs.shift();
      const [oldest] = grantedAtMs;
      if (oldest !== undefined && grantedAtMs.length >= calls) return Math.max(1, oldest + windowMs - nowMs);
      grantedAtMs.push(nowMs);
      return 0;
    },
    leave: () => {},
  };
}

/** When another call ends nobody knows: a second is as good as any. */
function atOnce({ calls }: Limit): Meter {
  let inFlight = 0;
  return {
    take() {
      if (inFlight >= calls) return 1_000;
      inFlight += 1;
      return 0;
    },
    leave() {
      inFlight -= 1;
    },
  };
}
