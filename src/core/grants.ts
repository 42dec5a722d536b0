const slotMs = 250;

/** Counts what happened lately, in slots of a quarter of a second. */
export interface Grants {
  add(nowMs: number): void;
  /** How many there were from then on. */
  since(fromMs: number): number;
}

/** Keeps those of the last `keptMs` from `fromMs` on; times only go forward. */
export function newGrants(fromMs: number, keptMs: number): Grants {
  const slots: { fromMs: number; count: number }[] = [];
  return {
    add: (nowMs) => {
      const last = slots.at(-1);
      if (last !== undefined && nowMs - last.fromMs < slotMs) {
        last.count += 1;
        return;
      }
      slots.push({ fromMs: Math.max(fromMs, nowMs), count: 1 });
      while (slots[0] !== undefined && slots[0].fromMs < nowMs - keptMs) slots.shift();
    },
    since: (thenMs) => slots.reduce((sum, slot) => (slot.fromMs >= thenMs ? sum + slot.count : sum), 0),
  };
}
