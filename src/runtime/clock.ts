import { onAbort } from '../core/on-abort.ts';

// The only place that knows the real time and waits for it.

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall clock, milliseconds since the epoch; may jump. */
  now(): number;
  /** Milliseconds of a clock that never goes back; only differences mean anything. */
  monotonic(): number;
  setTimer(delayMs: number, callback: () => void): Timer;
  /** Resolves after the delay or as soon as the signal is aborted; never rejects. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
  /** Resolves after one turn of the event loop: what is ready goes first. */
  turn(): Promise<void>;
}

// setTimeout takes 32 bits of milliseconds and would fire at once beyond.
const longestDelayMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), longestDelayMs));
    return { cancel: () => clearTimeout(timer) };
  },
  sleep: (delayMs, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const timer = systemClock.setTimer(delayMs, () => {
        off?.();
        resolve();
      });
      const off =
        signal &&
        onAbort(signal, () => {
          timer.cancel();
          resolve();
        });
    }),
  turn: () => new Promise((resolve) => setImmediate(resolve)),
};

/** Does the work at once, and then again so long after each end, until the signal is aborted. */
export async function repeat(
  intervalMs: number,
  signal: AbortSignal,
  work: () => Promise<void>,
  clock: Pick<Clock, 'sleep'> = systemClock,
): Promise<void> {
  while (!signal.aborted) {
    await work();
    await clock.sleep(intervalMs, signal);
  }
}
