import type { Timers } from '../../src/local/watch/timers.ts';

/** The real ones, for tests against the kernel. */
export const realTimers: Timers = {
  setTimer(delayMs, fn) {
    const timeout = setTimeout(fn, delayMs);
    return { cancel: () => clearTimeout(timeout) };
  },
  afterTurn: (fn) => {
    setImmediate(fn);
  },
};

/** Timers that move only when a test says so. */
export class HandTimers implements Timers {
  #nowMs = 0;
  #waiting: { readonly atMs: number; readonly fn: () => void }[] = [];
  #turn: (() => void)[] = [];

  setTimer(delayMs: number, fn: () => void): { cancel(): void } {
    const timer = { atMs: this.#nowMs + delayMs, fn };
    this.#waiting.push(timer);
    return {
      cancel: () => {
        this.#waiting = this.#waiting.filter((other) => other !== timer);
      },
    };
  }

  afterTurn(fn: () => void): void {
    this.#turn.push(fn);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      const next = this.#waiting.filter((timer) => timer.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#waiting = this.#waiting.filter((timer) => timer !== next);
      this.#nowMs = next.atMs;
      next.fn();
    }
    this.#nowMs = untilMs;
  }

  endTurn(): void {
    for (const fn of this.#turn.splice(0)) fn();
  }
}
