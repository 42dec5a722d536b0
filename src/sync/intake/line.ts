/**
 * Those who wait their turn, first come, first served: passes one on whenever there is room, and holds the rest as it got
 * them. A task for each in p-queue would take ten times the memory.
 */
export class Line<T> {
  readonly #hasRoom: () => boolean;
  readonly #pass: (item: T) => void;
  readonly #waiting: T[] = [];

  constructor(hasRoom: () => boolean, pass: (item: T) => void) {
    this.#hasRoom = hasRoom;
    this.#pass = pass;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Those that wait, in their order. */
  list(): readonly T[] {
    return [...this.#waiting];
  }

  add(item: T): void {
    this.#waiting.push(item);
    this.advance();
  }

  /** There may be room again. */
  advance(): void {
    while (this.#waiting.length > 0 && this.#hasRoom()) this.#pass(this.#waiting.shift() as T);
  }

  clear(): void {
    this.#waiting.length = 0;
  }
}
