import { existsSync, readFileSync } from 'node:fs';

/** How often waits for a processor are looked up: what a process waited after the last look before its end is not known. */
const everyMs = 250;

/** Milliseconds for which each process has waited for a processor since it began, by pid. */
export type Waits = ReadonlyMap<number, number>;

/**
 * The time that is set against a limit: what passed, without that in which this process or one that it started waited for a
 * processor. So a hang is found as soon as on a quiet machine, and a busy machine meets no limit. Only Linux tells the waits;
 * elsewhere all time counts.
 */
export class Patience {
  readonly #now: () => number;
  readonly #look: () => Waits;
  readonly #startedMs: number;
  /** Of the processes that were there from the beginning, what they had waited before. */
  readonly #before: Waits;
  readonly #last = new Map<number, number>();
  #lookedMs: number;

  constructor(now: () => number = () => performance.now(), look: () => Waits = waitsOfOurs) {
    this.#now = now;
    this.#look = look;
    this.#startedMs = now();
    this.#lookedMs = this.#startedMs;
    this.#before = look();
  }

  /** Milliseconds, from the beginning. */
  spentMs(): number {
    const nowMs = this.#now();
    if (nowMs - this.#lookedMs >= everyMs) {
      this.#lookedMs = nowMs;
      for (const [pid, waitedMs] of this.#look()) this.#last.set(pid, waitedMs - (this.#before.get(pid) ?? 0));
    }
    return nowMs - this.#startedMs - [...this.#last.values()].reduce((sum, waitedMs) => sum + waitedMs, 0);
  }
}

function waitsOfOurs(): Waits {
  return new Map(withDescendants(process.pid).map((pid) => [pid, waitedForProcessorMs(pid)]));
}

/** A process and all that it started, and that they did; without those that have lost their parents. */
function withDescendants(pid: number): readonly number[] {
  const children = readIfThere(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(withDescendants)];
}

/** Its main thread, since it began (the second number of `schedstat`, in nanoseconds). */
function waitedForProcessorMs(pid: number): number {
  const [, waitedNs = '0'] = readIfThere(`/proc/${pid}/schedstat`).split(' ');
  return Number(waitedNs) / 1e6;
}

/** Empty for a process that has ended. */
function readIfThere(path: string): string {
  try {
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return '';
    throw error;
  }
}
