import type { Mutant } from './mutants.ts';

/**
 * Mistakes with targets, and with uploads of which nobody knows whether they arrived. That what a killed process was sending is such
 * an upload too is too rare a case here: `test/unit/sync/unclear.test.ts` holds that.
 */
export const targetMutants: readonly Mutant[] = [
  {
    name: 'mayHaveAllBytes is not set where the answer to an upload was lost',
    file: 'core/transition.js',
    search: `const mayHaveAllBytes = content.mayHaveAllBytes || isUnclear;`,
    replace: `const mayHaveAllBytes = content.mayHaveAllBytes;`,
    withinSeeds: 4_000,
    caughtBy: 684,
  },
  {
    name: 'mayHaveAllBytes is not set before the last piece of a large file leaves',
    file: 'sync/upload/unclear.js',
    search: `await write();`,
    replace: `;`,
    withinSeeds: 100,
  },
];
