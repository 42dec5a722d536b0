import { lstat, type Stats, stat } from 'node:fs';
import { promisify } from 'node:util';
import { isAtOrBelow, joinPath } from '../../core/entry.ts';
import { errnoCode } from '../../errors.ts';
import { fsPath } from '../fs-path.ts';
import { changedMsOf, type ScannedDirectory } from '../walk/scanner.ts';

export interface RemoteLooksOptions {
  readonly root: string;
  /** Whether other hosts may write to the device that has this directory. */
  readonly isRemote: (directory: string, device: number) => boolean;
  /** Wall clock, milliseconds since the epoch. */
  readonly now: () => number;
  readonly monotonic: () => number;
  /** Something may have happened anywhere in this directory: read it. */
  readonly onHint: (directory: string) => void;
  /** Once for each device that others may write to: the uppermost directory that is on it. */
  readonly onRemote: (directory: string) => void;
}

/** What is wanted of a listing. */
export type RemoteListing = Pick<ScannedDirectory, 'directory' | 'identity' | 'files'> & {
  readonly changedMs?: number;
};

/** Looks after the directories of one drop folder that are on file systems where what other hosts write raises no event. */
export interface RemoteLooks {
  /** Meant for every listing, with what is below coming after what is above. */
  add(listing: RemoteListing): void;
  /** Forgets a directory and all below. */
  remove(directory: string): void;
  /** The uppermost directories on such file systems, one for each. */
  places(): readonly string[];
  /** Looks at each directory once, one after the other. */
  look(signal: AbortSignal): Promise<void>;
}

interface Known {
  readonly inode: number;
  readonly device: number;
  readonly changedMs: number;
  /** The youngest time of the directory or a file in it. By the server's clock, which may be wrong. */
  readonly newestMs: number;
  /** Monotonic: until then it is young because it was seen to change, whatever the server's clock says. */
  readonly youngUntilMs: number;
  /** Monotonic: not hinted before then. */
  readonly restsUntilMs: number;
  /** Monotonic: since when it waits to be read; null when it does not. */
  hintedMs: number | null;
}

/** Reading a directory takes its time, and one of 100,000 files is not read again and again: about a tenth is spent so. */
const restsPerReading = 10;
/** A rewrite in place moves no directory's time, and mostly files are rewritten that are young. */
const youngMs = 60 * 60_000;

type AskStats = (path: string | Buffer) => Promise<Stats>;
const statLink = promisify(lstat) as AskStats;
const statTarget = promisify(stat) as AskStats;

/**
 * Asks for each directory's time, which is one request to the server, and hints those that are to be read: whose time moved,
 * and those that are young. All else that happens there is found by the scans.
 */
export function openRemoteLooks(options: RemoteLooksOptions): RemoteLooks {
  const { root, isRemote, now, monotonic, onHint, onRemote } = options;
  const directories = new Map<string, Known>();
  const toldDevices = new Set<number>();

  const isYoung = ({ newestMs, youngUntilMs }: Known): boolean =>
    monotonic() < youngUntilMs || Math.abs(now() - newestMs) < youngMs;

  /** Whether the directory is to be read. What cannot be asked is: the reading says why. */
  const isDue = async (directory: string, known: Known): Promise<boolean> => {
    try {
      // Links are followed nowhere but at the root.
      const stats = await (directory === '' ? statTarget : statLink)(fsPath(joinPath(root, directory)));
      const isSame = stats.ino === known.inode && stats.dev === known.device && changedMsOf(stats) === known.changedMs;
      return !isSame || isYoung(known);
    } catch (error) {
      if (errnoCode(error) === undefined) throw error;
      return true;
    }
  };

  return {
    add({ directory, identity, files, changedMs = 0 }) {
      const { device, inode } = identity;
      if (!isRemote(directory, device)) {
        directories.delete(directory);
        return;
      }
      const before = directories.get(directory);
      const hasMoved = before !== undefined && (before.changedMs !== changedMs || before.inode !== inode);
      const newestMs = files.reduce((most, file) => Math.max(most, file.stat.mtimeMs, file.stat.ctimeMs), changedMs);
      const nowMs = monotonic();
      const youngUntilMs = hasMoved ? nowMs + youngMs : (before?.youngUntilMs ?? Number.NEGATIVE_INFINITY);
      const restsUntilMs = nowMs + restsPerReading * (nowMs - (before?.hintedMs ?? nowMs));
      const known = { inode, device, changedMs, newestMs, youngUntilMs, restsUntilMs, hintedMs: null };
      directories.set(directory, known);
      if (toldDevices.has(device)) return;
      toldDevices.add(device);
      onRemote(directory);
    },
    remove(directory) {
      for (const path of directories.keys()) if (isAtOrBelow(path, directory)) directories.delete(path);
    },
    places() {
      const places = new Map<number, string>();
      for (const [directory, { device }] of directories) {
        const found = places.get(device);
        if (found === undefined || directory.length < found.length) places.set(device, directory);
      }
      return [...places.values()];
    },
    async look(signal) {
      for (const directory of [...directories.keys()]) {
        if (signal.aborted) return;
        const known = directories.get(directory);
        if (known === undefined || monotonic() < known.restsUntilMs) continue;
        if (!(await isDue(directory, known)) || signal.aborted) continue;
        known.hintedMs ??= monotonic();
        onHint(directory);
      }
    },
  };
}
