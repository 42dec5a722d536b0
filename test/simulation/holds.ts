import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { runSeed } from './run.ts';
import { nothing, sum, type Totals, totalOf } from './totals.ts';

/** Runs so many seeds, from the first on; fails at the one that breaks an invariant. */
export async function holds(t: TestContext, first: number, count: number): Promise<Totals> {
  const startedMs = performance.now();
  let totals = nothing;
  for (let seed = first; seed < first + count; seed += 1) {
    const outcome = await runSeed(seed);
    totals = sum(totals, totalOf(outcome));
    assert.equal(outcome.violation, null, `replay: npm run simulate -- --seed ${seed} --trace`);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  t.diagnostic(`${count} seeds in ${seconds.toFixed(1)} s: ${Math.round(count / seconds)} seeds/s`);
  return totals;
}
