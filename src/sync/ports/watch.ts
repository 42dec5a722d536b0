// What the engine needs of whoever watches directories.
import type { DropFolder } from '../../core/drop-folder.ts';
import type { ScannedListing } from './local.ts';

export interface WatchPort {
  /** A directory was read: watches it. Meant for each listing of each scan. */
  add(folder: DropFolder, listing: ScannedListing): void;
  /** Whether what happens in the directory will be hinted, so that nobody has to walk it. */
  isWatched(folder: DropFolder, directory: string): boolean;
  /** Forgets each directory that is not wanted any more. */
  retain(folder: DropFolder, isWanted: (directory: string) => boolean): void;
  /** Forgets a directory and all below. */
  remove(folder: DropFolder, directory: string): void;
  close(): Promise<void>;
}

/** Where nothing watches, nothing is walked for the watcher's sake. */
export const nobodyWatches: WatchPort = {
  add: () => {},
  isWatched: () => true,
  retain: () => {},
  remove: () => {},
  close: async () => {},
};
