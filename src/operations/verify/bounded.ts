import PQueue from 'p-queue';

/** Runs tasks, so many at once, with only a few waiting. The first that fails ends the rest. */
export class Bounded {
  readonly #queue: PQueue;
  readonly #concurrency: number;
  readonly #failures: unknown[] = [];

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
    this.#queue = new PQueue({ concurrency });
  }

  /** Resolves when there is room for another task. Throws what an earlier one threw. */
  async add(task: () => Promise<void>): Promise<void> {
    this.#check();
    void this.#queue.add(async () => {
      if (this.#failures.length > 0) return;
      await task().catch((error: unknown) => this.#failures.push(error));
    });
    await this.#queue.onSizeLessThan(this.#concurrency);
  }

  /** Resolves when every task has ended. Throws what the first that failed threw. */
  async end(): Promise<void> {
    await this.#queue.onIdle();
    this.#check();
  }

  #check(): void {
    if (this.#failures.length > 0) throw this.#failures[0];
  }
}
