import { type FilePath, splitPath } from './entry.ts';

/** The absolute path as one below the root; null when it is the root itself or lies elsewhere. Both normalised. */
export function locate(root: string, absolute: string): FilePath | null {
  const prefix = root.endsWith('/') ? root : `${root}/`;
  if (!absolute.startsWith(prefix) || absolute === prefix) return null;
  return { root, ...splitPath(absolute.slice(prefix.length)) };
}
