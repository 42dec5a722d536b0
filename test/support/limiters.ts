/** A limit on calls as a service may keep it. Times in seconds; knows nothing of how we pace. */
export interface Limiter {
  /** Calls a second that it allows in the long run; null where it counts no rate. */
  readonly perSecond: number | null;
  /** True where the call is let through, otherwise the `retry-after` in seconds; 0 for none. */
  take(atS: number): true | number;
  /** A call that was let through has ended. */
  done?(): void;
}

export type RetryAfter = number | 'rest';

/** A token bucket: `burst` at once, `perSecond` in the long run. */
export function bucket(perSecond: number, burst: number, retryAfter: number): Limiter {
  let tokens = burst;
  let lastS = 0;
  return {
    perSecond,
    take: (atS) => {
      tokens = Math.min(burst, tokens + (atS - lastS) * perSecond);
      lastS = atS;
      if (tokens < 1) return retryAfter;
      tokens -= 1;
      return true;
    },
  };
}

/** So many in each window, which begins anew at once for all. */
export function fixedWindow(most: number, windowS: number, retryAfter: RetryAfter): Limiter {
  let window = -1;
  let count = 0;
  const offsetS = windowS * 0.37;
  return {
    perSecond: most / windowS,
    take: (atS) => {
      const now = Math.floor((atS + offsetS) / windowS);
      if (now !== window) count = 0;
      window = now;
      if (count < most) {
        count += 1;
        return true;
      }
      return retryAfter === 'rest' ? Math.ceil((now + 1) * windowS - offsetS - atS) : retryAfter;
    },
  };
}

/** So many in any time as long as the window. */
export function slidingWindow(most: number, windowS: number, retryAfter: RetryAfter): Limiter {
  let passed: number[] = [];
  return {
    perSecond: most / windowS,
    take: (atS) => {
      passed = passed.filter((each) => each > atS - windowS);
      const [first = atS] = passed;
      if (passed.length >= most) return retryAfter === 'rest' ? Math.ceil(first + windowS - atS) : retryAfter;
      passed.push(atS);
      return true;
    },
  };
}

/** So many at once, at whatever rate. */
export function atOnce(most: number): Limiter {
  let count = 0;
  return {
    perSecond: null,
    take: () => {
      if (count >= most) return 0;
      count += 1;
      return true;
    },
    done: () => {
      count -= 1;
    },
  };
}
