import { absolutePath, type FilePath, type FileStat, fileKey, type Holder } from '../../core/entry.ts';
import { type Candidate, isQuiet, lookAgain, mayBeUnwritten, quietInMs } from '../../core/settle.ts';
import type { LocalPort } from '../ports/local.ts';
import type { ClockPort } from '../ports/runtime.ts';
import { PathMap } from './path-map.ts';

export interface SettlingDeps<F extends FilePath> {
  readonly clock: ClockPort;
  readonly local: LocalPort;
  readonly quietMs: number;
  readonly signal: AbortSignal;
  /** The file is finished, and looked like this. */
  readonly onSettled: (file: F, stat: FileStat) => void;
  /** The file is not what it was: look at its name again. */
  readonly onLost: (file: F) => void;
  readonly onError: (error: unknown) => void;
}

/** Who has a file open for writing, and since when that was seen, in milliseconds since the epoch. */
export interface Held {
  readonly sinceMs: number;
  readonly holders: readonly Holder[];
}

/** A file in hand, as people are told of it. */
export interface InHand<F extends FilePath> {
  readonly file: F;
  readonly stat: FileStat;
  /** It is finished, and waits to be read or is being read. */
  readonly isSettled: boolean;
  /** Null where nobody is seen to have it open: it changed a moment ago. */
  readonly held: Held | null;
}

interface Waiting<F extends FilePath> {
  readonly file: F;
  candidate: Candidate;
  /** At the last look it had kept still for long enough: whoever reads it compares it with that look. */
  isQuiet: boolean;
  dueMs: number;
  isHeldOpen: boolean;
  /** As it was last looked up: also of one that goes on changing, which alone keeps it waiting. */
  held: Held | null;
}

/** Looking takes time (each time all of `/proc`): about a tenth of it is spent so, and no pause is longer than this. */
const restsPerLook = 10;
const longestRestMs = 250;

/** An open file that does not change is looked at this often at most, however short the quiet period. */
const heldOpenPollMs = 250;

/** How often it is asked at most whether the missing part of a file is there. */
const unwrittenPollMs = 2_000;

/**
 * Holds files until they are finished: unchanged for the quiet period, and open for writing in no process that we can see.
 * Holders are looked up once for each batch, never for each file.
 */
export class Settling<F extends FilePath> {
  readonly #deps: SettlingDeps<F>;
  readonly #waiting = new PathMap<Waiting<F>>();
  #timer: { cancel(): void } | undefined;
  #wakesAtMs = Number.POSITIVE_INFINITY;
  #isLooking = false;
  #restsUntilMs = Number.NEGATIVE_INFINITY;

  constructor(deps: SettlingDeps<F>) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** How many files wait only because some process still has them open for writing. */
  get heldOpen(): number {
    let count = 0;
    for (const { isHeldOpen } of this.#waiting.values()) if (isHeldOpen) count += 1;
    return count;
  }

  /** All that is not finished, with everybody who has it open now. */
  async list(signal: AbortSignal): Promise<readonly InHand<F>[]> {
    const asked = [...this.#waiting.values()];
    if (asked.length > 0) {
      const keys = new Set(asked.map(({ candidate }) => fileKey(candidate.stat)));
      const open = await this.#deps.local.openForWriting(keys, signal, true);
      for (const waiting of asked) this.#seen(waiting, open);
    }
    const waiting = [...this.#waiting.values()];
    return waiting.map(({ file, candidate, held }) => ({ file, stat: candidate.stat, isSettled: false, held }));
  }

  /** Begins, or goes on with, the wait for a file that looked like `stat` just now. */
  add(file: F, stat: FileStat): void {
    const key = absolutePath(file);
    const nowMs = this.#deps.clock.monotonic();
    const waiting = this.#waiting.get(key);
    const candidate = waiting === undefined ? { stat, sinceMs: nowMs } : lookAgain(waiting.candidate, stat, nowMs);
    if (candidate === waiting?.candidate) return;
    const now = this.#now(file, stat);
    const isSameFile = waiting !== undefined && fileKey(waiting.candidate.stat) === fileKey(stat);
    this.#put(file, candidate, isQuiet(candidate, now), quietInMs(candidate, now), isSameFile ? waiting.held : null);
  }

  /** Begins so many more quiet periods for a file that had one; it has had them, where its times prove it. */
  again(file: F, stat: FileStat, quietPeriods: number): void {
    // Somebody saw it change meanwhile.
    if (this.#waiting.has(absolutePath(file))) return;
    const now = this.#now(file, stat);
    const candidate = { stat, sinceMs: now.monotonicMs };
    const waitMs = quietPeriods * now.quietMs;
    this.#put(file, candidate, isQuiet(candidate, { ...now, quietMs: now.quietMs + waitMs }), waitMs, null);
  }

  /** Forgets what waits at or below this path. */
  forget(path: string): void {
    this.#waiting.deleteTree(path);
  }

  close(): void {
    this.#timer?.cancel();
    this.#waiting.clear();
  }

  #seen(waiting: Waiting<F>, open: ReadonlyMap<string, readonly Holder[]>): boolean {
    const holders = open.get(fileKey(waiting.candidate.stat));
    const sinceMs = waiting.held?.sinceMs ?? this.#deps.clock.now();
    waiting.held = holders === undefined ? null : { sinceMs, holders };
    return holders !== undefined;
  }

  /** What is quiet now is due at once. */
  #put(file: F, candidate: Candidate, isQuietNow: boolean, waitMs: number, held: Held | null): void {
    const dueMs = this.#deps.clock.monotonic() + (isQuietNow ? 0 : waitMs);
    this.#waiting.set({ file, candidate, isQuiet: isQuietNow, dueMs, isHeldOpen: false, held });
    this.#wakeAt(dueMs);
  }

  #now(file: F, { device }: FileStat) {
    const { clock, local, quietMs } = this.#deps;
    return { monotonicMs: clock.monotonic(), wallMs: clock.now(), quietMs, isRemote: local.isRemote(file, device) };
  }

  #wakeAt(wantedMs: number): void {
    const dueMs = Math.max(wantedMs, this.#restsUntilMs);
    if (dueMs >= this.#wakesAtMs) return;
    this.#timer?.cancel();
    this.#wakesAtMs = dueMs;
    const delayMs = Math.max(0, dueMs - this.#deps.clock.monotonic());
    this.#timer = this.#deps.clock.setTimer(delayMs, () => {
      this.#wakesAtMs = Number.POSITIVE_INFINITY;
      this.#look().catch(this.#deps.onError);
    });
  }

  async #look(): Promise<void> {
    if (this.#isLooking || this.#deps.signal.aborted) return;
    this.#isLooking = true;
    const startedMs = this.#deps.clock.monotonic();
    try {
      const quiet = this.#takeQuiet();
      if (quiet.length > 0) await this.#release(quiet);
    } finally {
      this.#isLooking = false;
      const endedMs = this.#deps.clock.monotonic();
      this.#restsUntilMs = endedMs + Math.min(longestRestMs, restsPerLook * (endedMs - startedMs));
      this.#wakeForNext();
    }
  }

  /** Looks at what is due once more; returns those that kept still. */
  #takeQuiet(): Waiting<F>[] {
    const quiet: Waiting<F>[] = [];
    const nowMs = this.#deps.clock.monotonic();
    for (const [key, waiting] of this.#waiting) {
      if (waiting.dueMs > nowMs) continue;
      if (waiting.isQuiet && !waiting.isHeldOpen) {
        quiet.push(waiting);
        continue;
      }
      const look = this.#deps.local.look(waiting.file);
      if (look.kind !== 'file') {
        this.#waiting.delete(key);
        this.#deps.onLost(waiting.file);
        continue;
      }
      waiting.candidate = lookAgain(waiting.candidate, look.stat, nowMs);
      const now = this.#now(waiting.file, look.stat);
      waiting.isQuiet = isQuiet(waiting.candidate, now);
      if (waiting.isQuiet) quiet.push(waiting);
      else waiting.dueMs = nowMs + quietInMs(waiting.candidate, now);
    }
    return quiet;
  }

  async #release(quiet: readonly Waiting<F>[]): Promise<void> {
    const keys = new Set(quiet.map((waiting) => fileKey(waiting.candidate.stat)));
    const open = await this.#deps.local.openForWriting(keys, this.#deps.signal);
    if (this.#deps.signal.aborted) return;
    const nowMs = this.#deps.clock.monotonic();
    for (const waiting of quiet) {
      const key = absolutePath(waiting.file);
      // Somebody may have added or forgotten it while the holders were looked up.
      if (this.#waiting.get(key) !== waiting) continue;
      waiting.isHeldOpen = this.#seen(waiting, open);
      if (waiting.isHeldOpen) {
        waiting.dueMs = nowMs + Math.max(heldOpenPollMs, this.#deps.quietMs / 2);
        continue;
      }
      if (await this.#isUnwritten(waiting)) continue;
      this.#waiting.delete(key);
      this.#deps.onSettled(waiting.file, waiting.candidate.stat);
    }
  }

  /** Whether it waits on, because a part of it seems to be still to be written, or is another by now. */
  async #isUnwritten(waiting: Waiting<F>): Promise<boolean> {
    const { local, signal } = this.#deps;
    const { file, candidate } = waiting;
    const now = this.#now(file, candidate.stat);
    if (local.looksUnwritten === undefined || !mayBeUnwritten(candidate, now)) return false;
    const isUnwritten = await local.looksUnwritten(file, signal);
    if (signal.aborted || this.#waiting.get(absolutePath(file)) !== waiting) return true;
    waiting.isQuiet = !isUnwritten;
    if (isUnwritten) waiting.dueMs = now.monotonicMs + Math.max(unwrittenPollMs, this.#deps.quietMs);
    return isUnwritten;
  }

  #wakeForNext(): void {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const waiting of this.#waiting.values()) dueMs = Math.min(dueMs, waiting.dueMs);
    if (!this.#deps.signal.aborted) this.#wakeAt(dueMs);
  }
}
