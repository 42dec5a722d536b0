import type { Mutant } from './mutants.ts';

/** Mistakes with what FLORA's documents leave open, and with what can never be undone. */
export const dialectMutants: readonly Mutant[] = [
  {
    name: 'assets without bytes have no budget',
    file: 'core/creation.js',
    search: `return budgetOf(creation, most) - creation.barren - creation.lost - open;`,
    replace: `return most;`,
    also: { file: 'core/creation.js', search: `return nowMs >= nextProbeMs ||`, replace: `return true ||` },
    withinSeeds: 2_000,
    caughtBy: 954,
  },
  {
    name: 'complete has one form only',
    file: 'remote/body-forms.js',
    search: `this.#next = form === 'json' ? 'none' : 'json';`,
    replace: `this.#next = form;`,
    withinSeeds: 100,
  },
  {
    name: 'another size than the file has is an end',
    file: 'core/asset-seen.js',
    search: `function becomeReady(content, facts, context, compared) {`,
    replace: `function becomeReady(content, facts, context, compared) {
    if (isOtherSize(content, facts)) return settleAs(content, 'rejected', 'size_mismatch', 'another size');`,
    withinSeeds: 200,
  },
  {
    name: 'bytes that FLORA made from ours prove another file',
    file: 'sync/flora/match-content.js',
    search: `if (!areAsKept) {`,
    replace: `if (false) {`,
    also: {
      file: 'sync/flora/match-content.js',
      search: `if (!isOtherSize(content, facts) ||`,
      replace: `if (true ||`,
    },
    withinSeeds: 2_000,
    caughtBy: 757,
  },
];
