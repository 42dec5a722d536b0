/** How many separate assets the same bytes may have where a drop folder's copies do not share one. */
export class Copies {
  readonly #most = new Map<string, number>();
  readonly #overwritten = new Map<string, number>();

  /** How many files have each version just now. */
  noteCounts(counts: ReadonlyMap<string, number>): void {
    for (const [version, count] of counts) this.#most.set(version, Math.max(count, this.#most.get(version) ?? 0));
  }

  /** A file is being overwritten in place: until it is read again nobody can tell that it is not this version any more. */
  noteOverwritten(version: string): void {
    this.#overwritten.set(version, (this.#overwritten.get(version) ?? 0) + 1);
  }

  most(version: string): number {
    return Math.max(1, (this.#most.get(version) ?? 1) + (this.#overwritten.get(version) ?? 0));
  }
}
