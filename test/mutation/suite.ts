import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Plays the seeds that `simulation.test` plays, and stops at the first that does not hold. */
export const explorer = 'simulation/explore.js';

/** Directories of tests that run in a process of their own without others. */
const cheap = ['unit', 'property', 'integration', 'simulation'];

/** A test that compares the compiled text, so that it notices any change of some lines; what the explorer plays; this tool's own. */
const isUnfit = (name: string) => /^(simulation\/(mutate|simulation)\.test\.js|mutation\/.*)$/.test(name);

/** The compiled test files of the quick suite, relative to build/test, and the explorer. */
export function testsOf(tree: string, isAll: boolean): readonly string[] {
  const names = readdirSync(join(tree, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && !name.endsWith('.slow.test.ts'))
    .map((name) => name.replace(/\.ts$/, '.js'))
    .filter((name) => isAll || cheap.includes(name.split('/')[0] ?? ''))
    .filter((name) => !isUnfit(name));
  return [...names, explorer].filter((name) => existsSync(join(tree, 'build', 'test', name))).sort();
}

/** Fewer seeds tell what is reached. */
const seeds = { learn: 15, notice: 100 } as const;

export function argsOf(test: string, purpose: keyof typeof seeds): readonly string[] {
  return test === explorer ? ['--seeds', String(seeds[purpose])] : [];
}

/** How long it takes to notice, of how long it took to learn. */
export function usualMs(test: string, learntMs: number): number {
  return test === explorer ? (learntMs * seeds.notice) / seeds.learn : learntMs;
}
