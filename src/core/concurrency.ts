/**
 * How many uploads run at once: additive increase, multiplicative decrease (Chiu & Jain 1989), the rule by which TCP shares a
 * line whose width nobody knows.
 */
export interface ConcurrencyWindow {
  /** At least 1, at most `most`; its whole part is what may run. */
  readonly limit: number;
  readonly most: number;
}

export function openWindow(most: number): ConcurrencyWindow {
  return { limit: most, most };
}

/** After each upload that went through: about one more for each round of uploads. */
export function widen(window: ConcurrencyWindow): ConcurrencyWindow {
  return { ...window, limit: Math.min(window.most, window.limit + 1 / window.limit) };
}

/** After each upload that stood still. */
export function narrow(window: ConcurrencyWindow): ConcurrencyWindow {
  return { ...window, limit: Math.max(1, window.limit / 2) };
}
