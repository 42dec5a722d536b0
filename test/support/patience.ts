import { existsSync, readFileSync } from 'node:fs';

/** How often waits for a processor are looked up: what a process waited after the last look before its end is not known. */
const everyMs = 250;

/**
 * The time that is set against a limit: what passed, without that in which this process or one that it started waited for a
 * processor. So a hang is found as soon as on a quiet machine, and a busy machine meets no limit. Only Linux tells the waits;
 * elsewhere all time counts.
 */
export class Patience {
  readonly #startedMs = performance.now();
  readonly #waits = new Map<number, { readonly atFirstMs: number; lastMs: number }>();
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor() {
    this.#look(true);
  }

  /** Milliseconds, from the beginning. */
  spentMs(): number {
    const nowMs = performance.now();
    if (nowMs - this.#lookedMs > everyMs) this.#look(false);
    const waitedMs = [...this.#waits.values()].reduce((sum, wait) => sum + wait.lastMs - wait.atFirstMs, 0);
    return nowMs - this.#startedMs - waitedMs;
  }

  #look(isFirst: boolean): void {
    this.#lookedMs = performance.now();
    for (const pid of withDescendants(process.pid)) {
      const waitedMs = waitedForProcessorMs(pid);
      const known = this.#waits.get(pid);
      if (known === undefined) this.#waits.set(pid, { atFirstMs: isFirst ? waitedMs : 0, lastMs: waitedMs });
      else known.lastMs = Math.max(known.lastMs, waitedMs);
    }
  }
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
