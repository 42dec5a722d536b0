import { includes, sizeOf } from './coverage.ts';
import type { KnownTest } from './map.ts';
import type { Mutant } from './mutants.ts';
import { explorer } from './suite.ts';

/** A test file that reaches a mistake. */
export interface Reaching {
  readonly test: string;
  readonly ms: number;
  /** How many characters of the module it runs. */
  readonly size: number;
}

/** The simulation learnt from a few seeds only: that it runs the module is enough. */
export function reachingTests(
  mutant: Pick<Mutant, 'module' | 'at'>,
  tests: Iterable<readonly [string, KnownTest]>,
): readonly Reaching[] {
  const reaching: Reaching[] = [];
  for (const [test, { passes, ms, reached }] of tests) {
    const ranges = reached[mutant.module]?.ranges;
    if (passes && ranges !== undefined && (test === explorer || includes(ranges, mutant.at)))
      reaching.push({ test, ms, size: sizeOf(ranges) });
  }
  return reaching;
}

/**
 * In which order they are worth their time: the module's own test; then those that run most of the module in a second; the
 * simulation after all of them.
 */
export function inOrder(module: string, tests: readonly Reaching[]): readonly Reaching[] {
  const own = `unit/${module.replace(/\.js$/, '.test.js')}`;
  const rank = ({ test }: Reaching) => (test === own ? 0 : test === explorer ? 2 : 1);
  const worth = ({ size, ms }: Reaching) => size / (ms + 100);
  return [...tests].sort((a, b) => rank(a) - rank(b) || worth(b) - worth(a) || (a.test < b.test ? -1 : 1));
}

/** Those that fit into so many milliseconds, at least one; the simulation comes on top. */
export function affordable(tests: readonly Reaching[], budgetMs: number): readonly Reaching[] {
  let spentMs = 0;
  return tests.filter(({ test, ms }, at) => {
    if (test === explorer) return true;
    spentMs += ms;
    return at === 0 || spentMs <= budgetMs;
  });
}
