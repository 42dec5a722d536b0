import type { ClockPort } from '../../src/sync/ports/runtime.ts';

/** Lets what is ready run its course: promises, and the ledger's group commits. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Of timers that run out in the same moment: with more, something sets one again and again. */
const mostAtOnce = 5_000;

/** A clock that stands still until the test moves it. */
export class HandClock implements ClockPort {
  #nowMs = 1_800_000_000_000;
  #timers: { atMs: number; callback: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): { cancel(): void } {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((each) => each !== timer);
      },
    };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.setTimer(delayMs, resolve));
  }

  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** So long took what has just been done: no timer fires in between. */
  pass(ms: number): void {
    this.#nowMs += ms;
  }

  /** Moves on, firing timers in their order. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    for (let atOnce = 0; ; ) {
      await settled();
      const next = this.#timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      atOnce = next.atMs > this.#nowMs ? 0 : atOnce + 1;
      if (atOnce > mostAtOnce) throw new Error('Timers run out without end, and no time passes');
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#nowMs = next.atMs;
      next.callback();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
    await settled();
  }

  /** Moves from timer to timer until the promise is settled. */
  async advanceUntil<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const watched = promise.finally(() => {
      isDone = true;
    });
    await settled();
    while (!isDone) {
      const [next] = this.#timers.toSorted((a, b) => a.atMs - b.atMs);
      if (next === undefined) throw new Error('Nothing will ever happen: no timer is set');
      await this.advance(next.atMs - this.#nowMs);
    }
    return await watched;
  }
}
