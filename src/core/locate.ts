import { type FilePath, isAtOrBelow, splitPath } from './entry.ts';

/** The absolute path as one below the root; null when it is the root itself or lies elsewhere. Both normalised. */
export function locate(root: string, absolute: string): FilePath | null {
  const below = isAtOrBelow(absolute, root) ? absolute.slice(root.length).replace(/^\//, '') : '';
  return below === '' ? null : { root, ...splitPath(below) };
}
