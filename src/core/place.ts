import { isAtOrBelow } from './entry.ts';

/** A directory as it is, however its path is spelled; it need not exist. */
export interface Place {
  /** As it was named. */
  readonly path: string;
  /** Without links, in the spelling of the listings. */
  readonly realPath: string;
  /** What tells it and each directory above it from others (device and inode), itself first; as far as they exist. */
  readonly line: readonly string[];
  /** Whether `line` begins with the directory itself, and not with the first one above it that exists. */
  readonly exists: boolean;
  /** Where its files lie, mounts aside: itself first, then what is mounted below it. None where the system does not tell. */
  readonly trees: readonly Tree[];
}

/** A directory within a file system, whatever it is mounted on. */
export interface Tree {
  readonly device: string;
  readonly path: string;
}

/** How one place lies to another: `shares` when a part of each is the same directory, as one that is mounted in both. */
export type Relation = 'same' | 'inside' | 'contains' | 'shares';

/** How `a` lies to `b`; null when no file can be in both. */
export function relationOf(a: Place, b: Place): Relation | null {
  const isInner = isWithin(a, b);
  const isOuter = isWithin(b, a);
  if (isInner) return isOuter ? 'same' : 'inside';
  if (isOuter) return 'contains';
  const isShared = a.trees.some((tree) => b.trees.some((other) => isBelow(tree, other) || isBelow(other, tree)));
  return isShared ? 'shares' : null;
}

function isWithin(inner: Place, outer: Place): boolean {
  const [self] = outer.line;
  const [tree] = inner.trees;
  return (
    isAtOrBelow(inner.realPath, outer.realPath) ||
    (outer.exists && self !== undefined && inner.line.includes(self)) ||
    (tree !== undefined && outer.trees.some((other) => isBelow(tree, other)))
  );
}

function isBelow(inner: Tree, outer: Tree): boolean {
  return inner.device === outer.device && isAtOrBelow(inner.path, outer.path);
}
