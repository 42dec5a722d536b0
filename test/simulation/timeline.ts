import type { Prng } from './prng.ts';

export interface Scheduled {
  cancel(): void;
}

interface Entry {
  readonly atMs: number;
  readonly tie: number;
  run: (() => void) | null;
}

const epochMs = 1_800_000_000_000;

/**
 * Virtual time and the seeded scheduler in one: everything that ever happens is an entry here, and what happens at the same
 * moment happens in an order that the seed chooses. Time stands still while an entry runs.
 */
export class Timeline {
  nowMs = 0;
  /** How far this machine's wall clock was set forward. */
  skewMs = 0;
  mostSkewMs = 0;
  steps = 0;
  readonly #rng: Prng;
  readonly #heap: Entry[] = [];

  constructor(rng: Prng) {
    this.#rng = rng;
  }

  /** Somebody sets this machine's clock. */
  setClock(skewMs: number): void {
    this.skewMs = skewMs;
    this.mostSkewMs = Math.max(skewMs, this.mostSkewMs);
  }

  /** This machine's wall clock, milliseconds since the epoch. */
  wallMs(): number {
    return epochMs + this.nowMs + this.skewMs;
  }

  /** The right time, as FLORA has it. */
  trueMs(): number {
    return epochMs + this.nowMs;
  }

  after(delayMs: number, run: () => void): Scheduled {
    const entry: Entry = { atMs: this.nowMs + Math.max(0, delayMs), tie: this.#rng.fraction(), run };
    this.#push(entry);
    return {
      cancel: () => {
        entry.run = null;
      },
    };
  }

  /** Runs the next entry; false when nothing will ever happen again. */
  step(): boolean {
    for (;;) {
      const entry = this.#pop();
      if (entry === undefined) return false;
      const { run } = entry;
      if (run === null) continue;
      this.nowMs = entry.atMs;
      this.steps += 1;
      run();
      return true;
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up] as Entry;
      if (!isBefore(entry, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Entry, heap[child] as Entry)) child += 1;
      if (!isBefore(heap[child] as Entry, last)) break;
      heap[at] = heap[child] as Entry;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.tie < b.tie);
}
