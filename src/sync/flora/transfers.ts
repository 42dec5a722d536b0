import PQueue from 'p-queue';
import { type ConcurrencyWindow, narrow, openWindow, widen } from '../../core/concurrency.ts';

/** Downloads to compare come behind uploads. */
const uploadFirst = { priority: 1 } as const;

/**
 * The slots for whatever moves bytes: uploads, and what is fetched to be compared. The API's calls have none: they are paced at
 * the gate, and neither waits for the other. A line that is too slow for so many at once gets fewer.
 */
export class Transfers {
  readonly #queue: PQueue;
  readonly #uploading = new Set<number>();
  #window: ConcurrencyWindow;

  constructor(concurrency: number) {
    this.#queue = new PQueue({ concurrency });
    this.#window = openWindow(concurrency);
  }

  /** Contents that are being uploaded now. */
  get uploading(): ReadonlySet<number> {
    return this.#uploading;
  }

  /** How many may run at once now. */
  get concurrency(): number {
    return this.#queue.concurrency;
  }

  /** Uploads when there is a slot; null where the signal was aborted before. */
  async upload<T>(contentId: number, stopping: AbortSignal, effect: () => Promise<T>): Promise<T | null> {
    return await this.#queue.add(async () => {
      // Its turn came too late: nothing begins any more.
      if (stopping.aborted) return null;
      this.#uploading.add(contentId);
      try {
        return await effect();
      } finally {
        this.#uploading.delete(contentId);
      }
    }, uploadFirst);
  }

  /** Fetches when there is a slot. */
  async fetch<T>(effect: () => Promise<T>): Promise<T> {
    return await this.#queue.add(effect);
  }

  /** An upload went through. */
  succeeded(): void {
    this.#resize(widen(this.#window));
  }

  /** An upload stood still: half as many at once, growing back slowly. */
  stalled(): void {
    this.#resize(narrow(this.#window));
  }

  #resize(next: ConcurrencyWindow): void {
    this.#window = next;
    this.#queue.concurrency = Math.floor(next.limit);
  }
}
