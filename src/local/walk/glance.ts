import { lstatSync, opendirSync, type Stats, statfsSync, statSync } from 'node:fs';
import { joinPath } from '../../core/entry.ts';
import { isOutOfDescriptors } from '../../errors.ts';
import { briefly } from '../descriptors.ts';
import { fsPath } from '../fs-path.ts';
import { systemErrno } from '../local-problem.ts';

interface Glance {
  readonly isEmpty: boolean;
  /** Null where files may have another device number than the directory that they are in. */
  readonly device: number | null;
}

/** Overlays give files the number of the layer that they are in (Documentation/filesystems/overlayfs.rst, "Inode properties"). */
const overlayMagic = 0x794c7630;

/** What a directory is like, read no further than its first entry; null when it is no directory that we can read. */
export function glance(root: string, directory: string): Glance | null {
  const path = fsPath(joinPath(root, directory));
  try {
    // Links are followed nowhere but at the root.
    const stats: Stats = directory === '' ? statSync(path) : lstatSync(path);
    if (!stats.isDirectory()) return null;
    const isOverlay = process.platform === 'linux' && statfsSync(path).type === overlayMagic;
    return { isEmpty: isEmpty(path), device: isOverlay ? null : stats.dev };
  } catch (error) {
    systemErrno(error);
    return null;
  }
}

/** Where not even that can be opened now, the careful answer: of an empty directory nobody believes what is missing. */
function isEmpty(path: string | Buffer): boolean {
  try {
    return briefly('glance', () => {
      const opened = opendirSync(path, { bufferSize: 1 });
      try {
        return opened.readSync() === null;
      } finally {
        opened.closeSync();
      }
    });
  } catch (error) {
    if (isOutOfDescriptors(error)) return true;
    throw error;
  }
}
