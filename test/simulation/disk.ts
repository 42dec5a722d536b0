import type { FileStat } from '../../src/core/entry.ts';

/** A file as the kernel has it: it outlives its names for as long as somebody has it open. */
export interface Inode {
  readonly number: number;
  /** When it last changed, or came to where it is, in virtual time. */
  sinceMs: number;
  blocks: string[];
  mtimeMs: number;
  ctimeMs: number;
  /** How many have it open for writing. */
  writers: number;
  /** It is not in a state that anybody would call a version. */
  isHalf: boolean;
  isUnreadable: boolean;
}

export interface Directory {
  readonly number: number;
  readonly birthtimeMs: number;
}

export type Mount = 'there' | 'away' | 'empty';

/** One drop folder's disk: files by their path relative to the root, a flat set of directories below it. */
export interface Root {
  readonly path: string;
  mount: Mount;
  /** When it, or a directory of it, was last mounted, moved or removed, in virtual time. */
  disturbedMs: number;
  readonly identity: Directory;
  readonly files: Map<string, Inode>;
  readonly directories: Map<string, Directory>;
}

interface DiskTime {
  readonly nowMs: number;
  wallMs(): number;
}

/** The model file system. Nothing in it waits: whoever uses it chooses the moments. */
export class Disk {
  readonly roots: readonly Root[];
  /** Told the path of what may look different now. */
  onEvent: (root: Root, path: string) => void = () => {};
  /** Told that the engine is about to look into this file. */
  onLook: (root: Root, path: string) => void = () => {};
  readonly #time: DiskTime;
  readonly #tickMs: number;
  #numbers = 10;

  /** @param tickMs of the times of its files */
  constructor(paths: readonly string[], time: DiskTime, tickMs = 1) {
    this.#time = time;
    this.#tickMs = tickMs;
    this.roots = paths.map((path) => ({
      path,
      mount: 'there',
      disturbedMs: -1,
      identity: this.#directory(),
      files: new Map(),
      directories: new Map(),
    }));
  }

  root(path: string): Root {
    const found = this.roots.find((root) => root.path === path);
    if (found === undefined) throw new Error(`No root ${path}`);
    return found;
  }

  create(root: Root, path: string, blocks: readonly string[], isHalf = false): Inode {
    const nowMs = this.#stampMs();
    this.#numbers += 1;
    const inode: Inode = {
      number: this.#numbers,
      sinceMs: this.#time.nowMs,
      blocks: [...blocks],
      mtimeMs: nowMs,
      ctimeMs: nowMs,
      writers: 0,
      isHalf,
      isUnreadable: false,
    };
    root.files.set(path, inode);
    this.onEvent(root, path);
    return inode;
  }

  mkdir(root: Root, path: string): void {
    if (root.directories.has(path)) return;
    root.directories.set(path, this.#directory());
    this.onEvent(root, path);
  }

  /** The path under which the inode stands now, if any. */
  find(inode: Inode): { root: Root; path: string } | undefined {
    for (const root of this.roots) {
      for (const [path, each] of root.files) if (each === inode) return { root, path };
    }
    return undefined;
  }

  changed(inode: Inode, isContent = true): void {
    const nowMs = this.#stampMs();
    if (isContent) inode.mtimeMs = nowMs;
    inode.ctimeMs = nowMs;
    inode.sinceMs = this.#time.nowMs;
    const place = this.find(inode);
    if (place !== undefined) this.onEvent(place.root, place.path);
  }

  remove(root: Root, path: string): void {
    if (root.files.delete(path)) this.onEvent(root, path);
  }

  rename(from: Root, path: string, to: Root, newPath: string): void {
    const inode = from.files.get(path);
    if (inode === undefined) return;
    from.files.delete(path);
    to.files.set(newPath, inode);
    inode.ctimeMs = this.#stampMs();
    inode.sinceMs = this.#time.nowMs;
    this.onEvent(from, path);
    this.onEvent(to, newPath);
  }

  mount(root: Root, how: Mount): void {
    root.mount = how;
    root.disturbedMs = this.#time.nowMs;
  }

  /** Moves a directory with what is in it; to null, removes it. */
  moveDirectory(from: Root, path: string, to: { readonly root: Root; readonly path: string } | null): void {
    const directory = from.directories.get(path);
    if (directory === undefined || to?.root.directories.has(to.path)) return;
    from.directories.delete(path);
    for (const [name, inode] of [...from.files]) {
      if (!name.startsWith(`${path}/`)) continue;
      from.files.delete(name);
      to?.root.files.set(to.path + name.slice(path.length), inode);
    }
    from.disturbedMs = this.#time.nowMs;
    this.onEvent(from, path);
    if (to === null) return;
    to.root.directories.set(to.path, directory);
    to.root.disturbedMs = this.#time.nowMs;
    this.onEvent(to.root, to.path);
  }

  #stampMs(): number {
    return Math.floor(this.#time.wallMs() / this.#tickMs) * this.#tickMs;
  }

  #directory(): Directory {
    this.#numbers += 1;
    return { number: this.#numbers, birthtimeMs: this.#time.wallMs() };
  }
}

export const device = 7;

export function bytesOf(inode: Inode): string {
  return inode.blocks.join('');
}

export function statOf(inode: Inode): FileStat {
  const { mtimeMs, ctimeMs, number } = inode;
  return { sizeBytes: bytesOf(inode).length, mtimeMs, ctimeMs, inode: number, device };
}
