/** How waiting times grow. All values in milliseconds. */
export interface BackoffLimits {
  readonly baseMs: number;
  readonly capMs: number;
}

/** For requests that failed. */
export const retryBackoff: BackoffLimits = { baseMs: 500, capMs: 30_000 };

/** For what nobody expects to be otherwise soon: the same unreadable answer again, another asset in place of a useless one. */
export const slowBackoff: BackoffLimits = { baseMs: 500, capMs: 15 * 60_000 };

/** For an asset that FLORA is still processing. */
export const pollBackoff: BackoffLimits = { baseMs: 250, capMs: 10_000 };

/**
 * Exponential backoff with full jitter (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015), but never
 * below a quarter of the ceiling, so that a burst of zeros cannot become a tight loop.
 *
 * @param attempt 1 for the first retry
 * @param random in [0, 1)
 * @returns milliseconds, between `baseMs / 4` and `capMs`
 */
export function backoffMs(attempt: number, random: number, limits: BackoffLimits = retryBackoff): number {
  const exponent = Math.min(Math.max(attempt, 1) - 1, 30);
  const ceiling = Math.min(limits.capMs, limits.baseMs * 2 ** exponent);
  return Math.round(ceiling * (0.25 + 0.75 * random));
}
