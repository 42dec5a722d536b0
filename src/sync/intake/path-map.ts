import { absolutePath, type FilePath, joinPath } from '../../core/entry.ts';

/** What is kept for files, by their absolute paths; all at or below a path can be dropped without a look at each. */
export class PathMap<T extends { readonly file: FilePath }> {
  readonly #byPath = new Map<string, T>();
  /** How many there are in each directory: most names that vanish are no directory, and need not be compared with ten thousand. */
  readonly #directories = new Map<string, number>();

  get size(): number {
    return this.#byPath.size;
  }

  get(path: string): T | undefined {
    return this.#byPath.get(path);
  }

  has(path: string): boolean {
    return this.#byPath.has(path);
  }

  values(): IterableIterator<T> {
    return this.#byPath.values();
  }

  [Symbol.iterator](): IterableIterator<[string, T]> {
    return this.#byPath[Symbol.iterator]();
  }

  set(value: T): void {
    const path = absolutePath(value.file);
    if (!this.#byPath.has(path)) this.#count(value, 1);
    this.#byPath.set(path, value);
  }

  delete(path: string): void {
    const value = this.#byPath.get(path);
    if (value === undefined) return;
    this.#byPath.delete(path);
    this.#count(value, -1);
  }

  /** What is at this path and below it. */
  deleteTree(path: string): void {
    this.delete(path);
    const below = `${path}/`;
    const isBelow = (directory: string) => directory === path || directory.startsWith(below);
    if (![...this.#directories.keys()].some(isBelow)) return;
    for (const key of [...this.#byPath.keys()]) if (key.startsWith(below)) this.delete(key);
  }

  clear(): void {
    this.#byPath.clear();
    this.#directories.clear();
  }

  #count({ file: { root, directory } }: T, by: 1 | -1): void {
    const path = joinPath(root, directory);
    const count = (this.#directories.get(path) ?? 0) + by;
    if (count === 0) this.#directories.delete(path);
    else this.#directories.set(path, count);
  }
}
