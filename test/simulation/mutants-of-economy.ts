import type { Mutant } from './mutants.ts';

/** Mistakes that leave everything right in the end, and cost too much, or come too late. */
export const economyMutants: readonly Mutant[] = [
  {
    name: 'FLORA is asked without a pause whether it has finished processing',
    file: 'core/backoff.js',
    search: 'pollBackoff = { baseMs: 250, capMs: 10_000 }',
    replace: 'pollBackoff = { baseMs: 0, capMs: 0 }',
    withinSeeds: 100,
  },
  {
    name: 'a settling file is looked at each millisecond',
    file: 'sync/intake/settling.js',
    search: 'if (!this.#deps.signal.aborted)',
    replace: `if (dueMs !== Number.POSITIVE_INFINITY)
            dueMs = this.#deps.clock.monotonic() + 1;
        for (const waiting of this.#waiting.values())
            waiting.dueMs = Math.min(waiting.dueMs, dueMs);
        if (!this.#deps.signal.aborted)`,
    withinSeeds: 100,
  },
  {
    name: 'the scheduler takes the whole backlog in hand',
    file: 'sync/upload/scheduler.js',
    search: 'return concurrency * contentsPerEffect;',
    replace: 'return 10 * concurrency * contentsPerEffect;',
    withinSeeds: 1_000,
    caughtBy: 482,
  },
  {
    name: 'uploads have as many slots as they like',
    file: 'sync/flora/transfers.js',
    search: 'new PQueue({ concurrency })',
    replace: 'new PQueue({ concurrency: 100 })',
    withinSeeds: 100,
  },
  {
    name: 'the gate lets any number of requests through',
    file: 'sync/flora/gate.js',
    search: 'const isFull = this.#underWay >= this.#deps.most;',
    replace: 'const isFull = false;',
    withinSeeds: 1_000,
    caughtBy: 114,
  },
  {
    name: 'what is finished waits while other files trickle in',
    file: 'sync/intake/settling.js',
    search: 'if (quiet.length > 0)',
    replace: 'if (quiet.length > 0 && quiet.length === this.#waiting.size)',
    withinSeeds: 100,
  },
  {
    name: 'nobody is told of new work',
    file: 'sync/ports/due-work.js',
    search: 'this.#ring();',
    replace: 'if (admitted === undefined) this.#ring();',
    withinSeeds: 100,
  },
  {
    name: 'a drive that is back is not looked for',
    file: 'sync/intake/intake.js',
    search: 'if (roots.isScanDue(folder))',
    replace: 'if (false)',
    withinSeeds: 100,
  },
];
