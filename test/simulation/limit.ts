import type { Prng } from './prng.ts';

/** How many requests to the API FLORA answers in which time; what is beyond is answered 429, and not counted. */
export interface Limit {
  readonly kind: 'bucket' | 'fixed' | 'sliding';
  /** Of a bucket: how many it holds. Otherwise how many a window takes. */
  readonly most: number;
  /** In which time a bucket is full again, or how long a window is. */
  readonly everyMs: number;
  /** `retry-after`: absent, one second whatever the case, or as long as it takes. */
  readonly told: 'none' | 'second' | 'rest';
}

const minute = 60_000;

/** Half of them fill within seconds; the others are windows of a minute and quotas of an hour. */
export function drawLimit(rng: Prng): Limit {
  const told = rng.pick(['none', 'second', 'rest'] as const);
  const kind = rng.pick(['bucket', 'bucket', 'fixed', 'sliding'] as const);
  if (kind === 'bucket') {
    const most = rng.pick([2, 10, 30]);
    return { kind, most, everyMs: (most * 1_000) / rng.pick([1, 5, 20]), told };
  }
  return rng.chance(0.5)
    ? { kind, most: rng.pick([20, 60]), everyMs: minute, told }
    : { kind, most: rng.pick([300, 1_000]), everyMs: 60 * minute, told };
}

/** Counts the requests that arrive at FLORA. */
export class Limiter {
  readonly #limit: Limit;
  /** When those that still count were answered, oldest first. */
  #countedMs: number[] = [];
  #tokens: number;
  #filledMs = 0;

  constructor(limit: Limit) {
    this.#limit = limit;
    this.#tokens = limit.most;
  }

  /** Takes a request that arrives now; when it is one too many, what the 429 says in `retry-after`. */
  refuse(nowMs: number): { readonly retryAfter: string | null } | null {
    const restMs = this.#limit.kind === 'bucket' ? this.#restOfBucketMs(nowMs) : this.#restOfWindowMs(nowMs);
    if (restMs <= 0) return null;
    const { told } = this.#limit;
    if (told === 'none') return { retryAfter: null };
    return { retryAfter: told === 'second' ? '1' : String(Math.ceil(restMs / 1_000)) };
  }

  /** Milliseconds until a token is there; 0 where one was taken. */
  #restOfBucketMs(nowMs: number): number {
    const { most, everyMs } = this.#limit;
    this.#tokens = Math.min(most, this.#tokens + ((nowMs - this.#filledMs) * most) / everyMs);
    this.#filledMs = nowMs;
    if (this.#tokens < 1) return ((1 - this.#tokens) * everyMs) / most;
    this.#tokens -= 1;
    return 0;
  }

  #restOfWindowMs(nowMs: number): number {
    const { kind, most, everyMs } = this.#limit;
    const beganMs = kind === 'fixed' ? Math.floor(nowMs / everyMs) * everyMs : nowMs - everyMs;
    this.#countedMs = this.#countedMs.filter((atMs) => (kind === 'fixed' ? atMs >= beganMs : atMs > beganMs));
    if (this.#countedMs.length < most) {
      this.#countedMs.push(nowMs);
      return 0;
    }
    return Math.max(1, (kind === 'fixed' ? beganMs : (this.#countedMs[0] ?? nowMs)) + everyMs - nowMs);
  }
}
