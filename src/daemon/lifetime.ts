import { setMaxListeners } from 'node:events';
import { systemClock } from '../runtime/clock.ts';
import type { WorkSignals } from '../sync/flora/request.ts';

/**
 * From the start of something with many parts to its end: the signals that end it, what failed in it, and what has to be
 * released. What was acquired last is released first, also where starting fails half-way.
 */
export class Lifetime {
  /** Rejects with what ended it from inside; never resolves. */
  readonly failed: Promise<never>;
  /** Ends it with this error: not a known failure, or the end of the ledger. The first one counts. */
  readonly fail: (error: unknown) => void;
  readonly #stopping = new AbortController();
  readonly #abort = new AbortController();
  readonly #releases: (() => unknown)[] = [];

  constructor() {
    let reject: (error: unknown) => void = () => {};
    this.failed = new Promise((_, refuse) => {
      reject = refuse;
    });
    this.fail = reject;
    this.failed.catch(() => {}); // whoever runs it awaits it, if later
    // One listener for each request under way, taken off when it ends: no leak, however many.
    setMaxListeners(0, this.#stopping.signal, this.#abort.signal);
  }

  /** Aborted when nothing new may begin, and when what is under way is to be cut short. */
  get signals(): WorkSignals {
    return { stopping: this.#stopping.signal, abort: this.#abort.signal };
  }

  /** To be called, and awaited, at the end. */
  onEnd(release: () => unknown): void {
    this.#releases.push(release);
  }

  /**
   * Ends it: nothing new begins, what is under way has so many milliseconds and is then cut short, and all is released, each also
   * where another's release fails. Rejects with the first such failure.
   */
  async end(graceMs: number, onCut: () => void = () => {}): Promise<void> {
    this.#stopping.abort();
    const deadline = systemClock.setTimer(graceMs, () => {
      onCut();
      this.#abort.abort();
    });
    const failures: unknown[] = [];
    for (let release = this.#releases.pop(); release !== undefined; release = this.#releases.pop()) {
      try {
        await release();
      } catch (error) {
        failures.push(error);
      }
    }
    deadline.cancel();
    if (failures.length > 0) throw failures[0];
  }
}
