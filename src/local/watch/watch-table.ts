import { joinPath, splitPath } from '../../core/entry.ts';
import type { DirectoryIdentity } from '../walk/scanner.ts';
import type { WatchBackend } from './watch-backend.ts';

export interface Watched {
  /** Relative to the root. */
  readonly directory: string;
  /** As it was armed. */
  readonly path: string;
  readonly identity: DirectoryIdentity;
  readonly backend: WatchBackend;
  state: 'queued' | 'armed' | 'failed';
  /** Its own end was reported: what is there now may be another directory, even with the same inode. */
  isSuspect?: boolean;
}

/** The watched directories of one root, by directory, by path and by parent. */
export class WatchTable {
  readonly #byDirectory = new Map<string, Watched>();
  readonly #byPath = new Map<string, Watched>();
  readonly #children = new Map<string, Set<string>>();

  get size(): number {
    return this.#byDirectory.size;
  }

  get(directory: string): Watched | undefined {
    return this.#byDirectory.get(directory);
  }

  atPath(path: string): Watched | undefined {
    return this.#byPath.get(path);
  }

  isCurrent(entry: Watched): boolean {
    return this.#byDirectory.get(entry.directory) === entry;
  }

  set(entry: Watched): void {
    const known = this.#byDirectory.get(entry.directory);
    if (known !== undefined) this.#byPath.delete(known.path);
    this.#byDirectory.set(entry.directory, entry);
    this.#byPath.set(entry.path, entry);
    if (entry.directory === '') return;
    const { directory: parent, name } = splitPath(entry.directory);
    const siblings = this.#children.get(parent);
    if (siblings === undefined) this.#children.set(parent, new Set([name]));
    else siblings.add(name);
  }

  /** Forgets a directory and all below, and returns what was known of them. */
  deleteTree(directory: string): readonly Watched[] {
    const { directory: parent, name } = splitPath(directory);
    this.#children.get(parent)?.delete(name);
    const deleted: Watched[] = [];
    const pending = [directory];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const entry = this.#byDirectory.get(next);
      if (entry !== undefined) {
        deleted.push(entry);
        this.#byDirectory.delete(next);
        if (this.#byPath.get(entry.path) === entry) this.#byPath.delete(entry.path);
      }
      for (const child of this.#children.get(next) ?? []) pending.push(joinPath(next, child));
      this.#children.delete(next);
    }
    return deleted;
  }

  *values(): Iterable<Watched> {
    yield* this.#byDirectory.values();
  }
}
