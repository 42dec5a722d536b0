/**
 * Those who wait their turn, first come, first served: passes one on whenever there is room, and holds the rest as it got
 * them. A task for each in p-queue would take ten times the memory.
 */
export class Line<T> {
  readonly #hasRoom: () => boolean;
  readonly #pass: (item: T) => void;
  #waiting: T[] = [];
  #next = 0;

  constructor(hasRoom: () => boolean, pass: (item: T) => void) {
    this.#hasRoom = hasRoom;
    this.#pass = pass;
  }

  get size(): number {
    return this.#waiting.length - this.#next;
  }

  /** Those that wait, in their order. */
  list(): readonly T[] {
    return this.#waiting.slice(this.#next);
  }

  add(item: T): void {
    this.#waiting.push(item);
    this.advance();
  }

  /** There may be room again. */
  advance(): void {
    while (this.#next < this.#waiting.length && this.#hasRoom()) {
      const item = this.#waiting[this.#next] as T;
      this.#next += 1;
      // What was passed on is let go of, in steps that grow with the line.
      if (this.#next * 2 > this.#waiting.length) {
        this.#waiting = this.#waiting.slice(this.#next);
        this.#next = 0;
      }
      this.#pass(item);
    }
  }

  clear(): void {
    this.#waiting = [];
    this.#next = 0;
  }
}
