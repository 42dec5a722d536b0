import { systemClock, type Timer } from '../clock.ts';
import type { MatchingSummary } from '../core/records.ts';
import type { SyncError } from '../errors.ts';

/** Changes within this are one. */
const gatherMs = 5;

/** What one `sync` counts, when it last got anywhere, and when it gives up on FLORA. */
export class Run {
  uploaded = 0;
  /** The search for files that FLORA had already, when it ended in this run. */
  matching: MatchingSummary | null = null;
  /** Contents that were ready before this run and are being looked at again. */
  readonly doubted = new Set<number>();
  /** Sent in this run. */
  bytes = 0;
  /** Monotonic milliseconds of the last step forward. */
  progressedMs = systemClock.monotonic();
  readonly gaveUp: Promise<never>;
  readonly #patienceMs: number;
  #giveUp: (error: SyncError) => void = () => {};
  #patience: Timer | undefined;
  #wake: () => void = () => {};
  #ringing: Timer | undefined;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
    this.gaveUp = new Promise((_, reject) => {
      this.#giveUp = reject;
    });
    this.gaveUp.catch(() => {});
  }

  /** The door to FLORA closed or opened. What a person has to mend ends the run; the network gets some time. */
  troubleChanged(trouble: SyncError | null): void {
    this.#patience?.cancel();
    this.progressedMs = systemClock.monotonic();
    if (trouble === null || trouble.code === 'rate_limited') return;
    if (trouble.disposition === 'wait') this.#giveUp(trouble);
    else this.#patience = systemClock.setTimer(this.#patienceMs, () => this.#giveUp(trouble));
  }

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
    this.#patience?.cancel();
    this.#ringing?.cancel();
  }
}
