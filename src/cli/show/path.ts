import { displayName } from '../../core/name.ts';
import { showPath } from '../../core/show-text.ts';

/** The path as it is below its drop folder, for people; whole where it lies elsewhere. Both as they are, or both as displayed. */
export function showBelow(folder: string, path: string): string {
  const prefix = folder.endsWith('/') ? folder : `${folder}/`;
  return showPath(path.startsWith(prefix) && path !== prefix ? path.slice(prefix.length) : path);
}

/**
 * The path below whichever of the drop folders it is in, for people. Where there are several of them its folder stands
 * before it, so that nobody takes one for another.
 *
 * @param path as displayed
 */
export function showAmong(folders: readonly string[], path: string): string {
  const [only, ...others] = folders;
  return only === undefined || others.length > 0 ? showPath(path) : showBelow(displayName(only), path);
}
