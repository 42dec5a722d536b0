import { type FileStat, isSameStat } from './entry.ts';

/** A file that was seen to differ from the ledger, and since when it has looked the way it does. */
export interface Candidate {
  readonly stat: FileStat;
  /** Monotonic milliseconds of the first look that showed this stat. */
  readonly sinceMs: number;
}

export interface SettleNow {
  readonly monotonicMs: number;
  /** Wall clock, milliseconds since the epoch. */
  readonly wallMs: number;
  readonly quietMs: number;
  /** On a network mount neither the times nor the open files of other hosts are ours to judge by. */
  readonly isRemote: boolean;
}

/** The candidate after another look: unchanged, or beginning its quiet period again. */
export function lookAgain(candidate: Candidate, stat: FileStat, monotonicMs: number): Candidate {
  return isSameStat(candidate.stat, stat) ? candidate : { stat, sinceMs: monotonicMs };
}

/**
 * Whether the file kept its size and times for the quiet period. Two looks that far apart prove it. So does, on a local
 * file system, a change time that is older than the period: the kernel sets it at every write and nobody can set it
 * back, which spares old files the wait. A time in the future proves nothing.
 */
export function isQuiet(candidate: Candidate, now: SettleNow): boolean {
  if (now.monotonicMs - candidate.sinceMs >= now.quietMs) return true;
  if (now.isRemote) return false;
  const { ctimeMs, mtimeMs } = candidate.stat;
  return Math.max(ctimeMs, mtimeMs) + now.quietMs <= now.wallMs;
}

/** How long until another look is worthwhile, in milliseconds, at least 1. */
export function quietInMs(candidate: Candidate, now: SettleNow): number {
  return Math.max(1, Math.ceil(candidate.sinceMs + now.quietMs - now.monotonicMs));
}
