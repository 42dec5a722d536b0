import { type FileStat, isSameStat } from './entry.ts';

/** A file that was seen to differ from the ledger, and since when it has looked the way it does. */
export interface Candidate {
  readonly stat: FileStat;
  /** Monotonic milliseconds of the first look that showed this stat. */
  readonly sinceMs: number;
}

interface SettleNow {
  readonly monotonicMs: number;
  /** Wall clock, milliseconds since the epoch. */
  readonly wallMs: number;
  readonly quietMs: number;
  /** On a network mount neither the times nor the open files of other hosts are ours to judge by. */
  readonly isRemote: boolean;
}

/** FAT's, the coarsest in use; exFAT, HFS+, SFTP and ext3 (also ext4 with inodes of 128 bytes) keep whole seconds. */
const coarseTickMs = 2_000;
/** A kernel takes the time of its last jiffy, of 10 ms at most; so much more for a clock that is slewed. */
const fineTickMs = 20;
/** What a server's client shows may be so old: `acregmin` of nfs(5). CIFS and FUSE keep attributes for 1 s by default. */
const cachedStatMs = 3_000;

/**
 * Within how many milliseconds two changes of this file may leave the same times. Told by its change time, which nobody can
 * set: where times have fractions, one in millions has none by chance, and only waits a little longer.
 */
function tickMs({ ctimeMs }: Pick<FileStat, 'ctimeMs'>): number {
  return ctimeMs % 1_000 === 0 ? coarseTickMs : fineTickMs;
}

/** The candidate after another look: unchanged, or beginning its quiet period again. */
export function lookAgain(candidate: Candidate, stat: FileStat, monotonicMs: number): Candidate {
  return isSameStat(candidate.stat, stat) ? candidate : { stat, sinceMs: monotonicMs };
}

/**
 * Whether the file kept its size and times for the quiet period, and for a tick of its times: a later change will show.
 * Two looks that far apart prove it. So does, on a local file system, a change time that is older than that: the kernel
 * sets it at every write and nobody can set it back, which spares old files the wait. A time in the future proves nothing.
 */
export function isQuiet(candidate: Candidate, now: SettleNow): boolean {
  const stillMs = mustKeepStillMs(candidate.stat, now);
  if (now.monotonicMs - candidate.sinceMs >= stillMs) return true;
  return !now.isRemote && lastChangeMs(candidate.stat) + stillMs <= now.wallMs;
}

/** How long until another look is worthwhile, in milliseconds, at least 1. */
export function quietInMs(candidate: Candidate, now: SettleNow): number {
  return Math.max(1, Math.ceil(candidate.sinceMs + mustKeepStillMs(candidate.stat, now) - now.monotonicMs));
}

/**
 * From when on (wall clock) one more look at a file is worthwhile although it looks the same, because a change after the
 * look at `seenMs` may have left the very same times ("racily clean", as git's index knows it); null where it would show.
 * After `isQuiet` that takes a clock that was put back, or another machine's times. A server's clock tells nothing here:
 * there it is two looks further apart than a tick that have proven it.
 */
export function racyUntilMs(stat: FileStat, seenMs: number, isRemote: boolean): number | null {
  const untilMs = lastChangeMs(stat) + tickMs(stat);
  return isRemote || untilMs <= seenMs ? null : untilMs;
}

const dayMs = 24 * 60 * 60_000;

/**
 * Whether it is worth asking if a part of the file is still to be written: its writer cannot be seen, and it did not yet keep
 * still for ten minutes or ten quiet periods. Not of old files, of which there may be a whole archive: whoever preallocates
 * and pauses does not do so for a day.
 */
export function mayBeUnwritten(candidate: Candidate, now: SettleNow): boolean {
  if (!now.isRemote || now.monotonicMs - candidate.sinceMs >= Math.max(10 * 60_000, 10 * now.quietMs)) return false;
  return now.wallMs - lastChangeMs(candidate.stat) < dayMs;
}

function mustKeepStillMs(stat: FileStat, { quietMs, isRemote }: SettleNow): number {
  return quietMs + tickMs(stat) + (isRemote ? cachedStatMs : 0);
}

function lastChangeMs({ ctimeMs, mtimeMs }: FileStat): number {
  return Math.max(ctimeMs, mtimeMs);
}
