import { absolutePath, type FilePath, type FileStat, joinPath } from '../core/entry.ts';
import { type Candidate, isQuiet, lookAgain, quietInMs } from '../core/settle.ts';
import type { ClockPort, LocalPort } from './ports.ts';

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

interface Waiting<F extends FilePath> {
  readonly file: F;
  candidate: Candidate;
  /** At the last look it had kept still for long enough: whoever reads it compares it with that look. */
  isQuiet: boolean;
  dueMs: number;
  isHeldOpen: boolean;
}

/** Looking takes time (each time all of `/proc`): about a tenth of it is spent so, and no pause is longer than this. */
const restsPerLook = 10;
const longestRestMs = 250;

/** An open file that does not change is looked at this often at most, however short the quiet period. */
const heldOpenPollMs = 250;

/**
 * Holds files until they are finished: unchanged for the quiet period, and open for writing in no process that we can see.
 * Holders are looked up once for each batch, never for each file.
 */
export class Settling<F extends FilePath> {
  readonly #deps: SettlingDeps<F>;
  readonly #waiting = new Map<string, Waiting<F>>();
  /** How many wait in each directory: most names that vanish are no directory, and need not be compared with ten thousand. */
  readonly #directories = new Map<string, number>();
  #timer: { cancel(): void } | undefined;
  #wakesAtMs = Number.POSITIVE_INFINITY;
  #isLooking = false;
  #restsUntilMs = 0;

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

  /** Begins, or goes on with, the wait for a file that looked like `stat` just now. */
  add(file: F, stat: FileStat): void {
    const key = absolutePath(file);
    const nowMs = this.#deps.clock.monotonic();
    const waiting = this.#waiting.get(key);
    const candidate = waiting === undefined ? { stat, sinceMs: nowMs } : lookAgain(waiting.candidate, stat, nowMs);
    if (candidate === waiting?.candidate) return;
    const now = this.#now(file.root);
    const isQuietNow = isQuiet(candidate, now);
    const dueMs = isQuietNow ? nowMs : nowMs + quietInMs(candidate, now);
    if (waiting === undefined) this.#count(file, 1);
    this.#put(key, { file, candidate, isQuiet: isQuietNow, dueMs, isHeldOpen: false });
  }

  /** Begins so many more quiet periods for a file that had one; it has had them, where its times prove it. */
  again(file: F, stat: FileStat, quietPeriods: number): void {
    const key = absolutePath(file);
    // Somebody saw it change meanwhile.
    if (this.#waiting.has(key)) return;
    const now = this.#now(file.root);
    const candidate = { stat, sinceMs: now.monotonicMs };
    const waitMs = quietPeriods * now.quietMs;
    const isQuietNow = isQuiet(candidate, { ...now, quietMs: now.quietMs + waitMs });
    const dueMs = isQuietNow ? now.monotonicMs : now.monotonicMs + waitMs;
    this.#count(file, 1);
    this.#put(key, { file, candidate, isQuiet: isQuietNow, dueMs, isHeldOpen: false });
  }

  /** Forgets what waits at or below this path. */
  forget(path: string): void {
    this.#remove(path);
    const below = `${path}/`;
    const isAbove = (directory: string) => directory === path || directory.startsWith(below);
    if (![...this.#directories.keys()].some(isAbove)) return;
    for (const key of [...this.#waiting.keys()]) if (key.startsWith(below)) this.#remove(key);
  }

  close(): void {
    this.#timer?.cancel();
    this.#waiting.clear();
    this.#directories.clear();
  }

  #put(key: string, waiting: Waiting<F>): void {
    this.#waiting.set(key, waiting);
    this.#wakeAt(waiting.dueMs);
  }

  #remove(key: string): void {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return;
    this.#waiting.delete(key);
    this.#count(waiting.file, -1);
  }

  #count({ root, directory }: F, by: 1 | -1): void {
    const path = joinPath(root, directory);
    const count = (this.#directories.get(path) ?? 0) + by;
    if (count === 0) this.#directories.delete(path);
    else this.#directories.set(path, count);
  }

  #now(root: string) {
    const { clock, local, quietMs } = this.#deps;
    return { monotonicMs: clock.monotonic(), wallMs: clock.now(), quietMs, isRemote: local.isRemote(root) };
  }

  #wakeAt(wantedMs: number): void {
    const dueMs = Math.max(wantedMs, this.#restsUntilMs);
    if (dueMs >= this.#wakesAtMs && this.#timer !== undefined) return;
    this.#timer?.cancel();
    this.#wakesAtMs = dueMs;
    const delayMs = Math.max(0, dueMs - this.#deps.clock.monotonic());
    this.#timer = this.#deps.clock.setTimer(delayMs, () => {
      this.#timer = undefined;
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
        this.#remove(key);
        this.#deps.onLost(waiting.file);
        continue;
      }
      waiting.candidate = lookAgain(waiting.candidate, look.stat, nowMs);
      const now = this.#now(waiting.file.root);
      waiting.isQuiet = isQuiet(waiting.candidate, now);
      if (waiting.isQuiet) quiet.push(waiting);
      else waiting.dueMs = nowMs + quietInMs(waiting.candidate, now);
    }
    return quiet;
  }

  async #release(quiet: readonly Waiting<F>[]): Promise<void> {
    const keys = new Set(quiet.map((waiting) => identity(waiting.candidate.stat)));
    const open = await this.#deps.local.openForWriting(keys, this.#deps.signal);
    if (this.#deps.signal.aborted) return;
    const nowMs = this.#deps.clock.monotonic();
    for (const waiting of quiet) {
      const key = absolutePath(waiting.file);
      // Somebody may have added or forgotten it while the holders were looked up.
      if (this.#waiting.get(key) !== waiting) continue;
      waiting.isHeldOpen = open.has(identity(waiting.candidate.stat));
      if (waiting.isHeldOpen) {
        waiting.dueMs = nowMs + Math.max(heldOpenPollMs, this.#deps.quietMs / 2);
        continue;
      }
      this.#remove(key);
      this.#deps.onSettled(waiting.file, waiting.candidate.stat);
    }
  }

  #wakeForNext(): void {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const waiting of this.#waiting.values()) dueMs = Math.min(dueMs, waiting.dueMs);
    if (dueMs !== Number.POSITIVE_INFINITY && !this.#deps.signal.aborted) this.#wakeAt(dueMs);
  }
}

function identity(stat: FileStat): string {
  return `${stat.device}:${stat.inode}`;
}
