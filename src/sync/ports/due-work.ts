import type { Admitted } from './ledger.ts';

/** So many contents that were written a moment ago are kept at hand for when their turn comes. */
const mostAtHand = 4_096;

/**
 * Says that work may have become due: whoever writes rows announces it, and the scheduler waits for it. What was written just now
 * comes along, and need not be read again.
 */
export class DueWork {
  readonly #atHand = new Map<number, Admitted>();
  #ring: () => void = () => {};

  /** Something may have become due: this, if it is known. */
  announce(admitted?: Admitted): void {
    if (admitted !== undefined && this.#atHand.size < mostAtHand && isUntouched(admitted)) {
      this.#atHand.set(admitted.content.id, admitted);
    }
    this.#ring();
  }

  /** Resolves at the first announcement after this call. For one waiter. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#ring = resolve;
    });
  }

  atHand(contentId: number): Admitted | undefined {
    return this.#atHand.get(contentId);
  }

  letGo(contentId: number): void {
    this.#atHand.delete(contentId);
  }

  letAllGo(): void {
    this.#atHand.clear();
  }
}

/**
 * Whether a row may be worked on as it was written, without reading it again: nothing but reserving begins with it, which may
 * repeat. What is further on may be another by the time of its turn, and bytes would go where they must not.
 */
function isUntouched({ content: { state, revision } }: Admitted): boolean {
  return state === 'queued' && revision === 1;
}
