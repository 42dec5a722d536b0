import type { MatchingSummary } from '../core/records.ts';
import { systemClock, type Timer } from '../runtime/clock.ts';

/** Changes within this are one. */
const gatherMs = 5;

/** What one `sync` counts, and when it last got anywhere. */
export class Run {
  uploaded = 0;
  /** The search for files that FLORA had already, when it ended in this run. */
  matching: MatchingSummary | null = null;
  /** Contents that were ready before this run and are being looked at again. */
  readonly doubted = new Set<number>();
  /** Sent in this run. */
  bytes = 0;
  /** Monotonic milliseconds, as all times of a run: the clock may be set meanwhile. */
  readonly beganMs = systemClock.monotonic();
  /** Of the last step forward. */
  progressedMs = this.beganMs;
  #wake: () => void = () => {};
  #ringing: Timer | undefined;

  changed(isProgress: boolean): void {
    if (isProgress) this.progressedMs = systemClock.monotonic();
    // A file is several changes, and a look at everything costs as much as a step of it.
    this.#ringing ??= systemClock.setTimer(gatherMs, () => {
      this.#ringing = undefined;
      this.#wake();
    });
  }

  /** Resolves soon after the next change, or after the time. For one waiter. */
  nextChange(atMostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = systemClock.setTimer(atMostMs, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  end(): void {
    this.#ringing?.cancel();
  }
}
