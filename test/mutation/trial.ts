import type { CoverageMap, KnownTest } from './map.ts';
import type { Mutant } from './mutants.ts';
import { affordable, inOrder, reachingTests } from './order.ts';
import type { Slot } from './slots.ts';
import { argsOf, explorer } from './suite.ts';

export type Outcome = 'test' | 'time-out' | 'simulation' | 'equivalent' | 'survived' | 'unreached';

export interface Verdict {
  readonly mutant: Mutant;
  readonly outcome: Outcome;
  /** The test file that noticed, and which of its tests. */
  readonly by: string;
  readonly said: string;
  /** How many test files ran, and how many that reach it did not, for want of time. */
  readonly ran: number;
  readonly left: number;
  readonly ms: number;
}

/** What it takes to try a mistake. */
export interface Means {
  readonly map: CoverageMap;
  readonly tests: readonly string[];
  /** How much of tests' usual time a mistake may cost; the simulation comes on top. */
  readonly budgetMs: number;
  /** How long a test may take in excess of five times as long as usual; it may compute a quarter of that. */
  readonly graceMs: number;
}

/** Plants the mistake and runs the tests that reach it, until one of them notices. */
export async function tried(slot: Slot, mutant: Mutant, means: Means): Promise<Verdict> {
  const { map, tests, budgetMs, graceMs } = means;
  const startedMs = performance.now();
  const known = tests
    .map((test) => [test, map.known(test, mutant.module)] as const)
    .filter((entry): entry is readonly [string, KnownTest] => entry[1] !== undefined);
  const reaching = inOrder(mutant.module, reachingTests(mutant, known));
  const running = affordable(reaching, budgetMs);
  const left = reaching.length - running.length;
  let ran = 0;
  const verdict = (outcome: Outcome, by = '', said = ''): Verdict => ({
    ...{ mutant, outcome, by, said, ran, left },
    ms: Math.round(performance.now() - startedMs),
  });
  if (running.length === 0) return verdict('unreached');
  return slot.with(mutant, async () => {
    for (const { test, ms } of running) {
      const limits = { ms: 5 * ms + graceMs, cpuMs: 5 * ms + graceMs / 4 };
      const { how, said } = await slot.run(test, argsOf(test, 'notice'), limits);
      ran += 1;
      if (how === 'late') return verdict('time-out', test, said);
      if (how === 'failed') return verdict(test === explorer ? 'simulation' : 'test', test, said);
    }
    return verdict('survived');
  });
}
