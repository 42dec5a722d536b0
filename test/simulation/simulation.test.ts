import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Spending } from './economy.ts';
import { figures, figuresOf } from './figures.ts';
import { holds } from './holds.ts';
import { drawKnobs, drawNature, fates, outages } from './knobs.ts';
import { Prng } from './prng.ts';
import { runSeed } from './run.ts';
import { nothing, unlikeFigures } from './totals.ts';
import { fileNames } from './world.ts';

/** The others up to 1,000 are in `simulation.slow.test.ts`; more: npm run simulate -- --seeds 1000000 */
const seeds = 100;

describe('the simulation', () => {
  it(`holds in ${seeds} seeds, and takes what is on record for them`, async (t) => {
    const totals = await holds(t, 1, seeds);
    assert.deepEqual(unlikeFigures(totals), []);
  });

  it('says of more than half as much again what it is', () => {
    const spent = (times: number) => ({ ...figures, steps: undefined, check: figures.check * times });
    const totals = (times: number) => {
      const all = Object.fromEntries(
        Object.entries(spent(times)).map(([cost, mean]) => [cost, (mean ?? 0) * figuresOf]),
      );
      return { ...nothing, seeds: figuresOf, steps: figures.steps * figuresOf, spent: all as unknown as Spending };
    };
    assert.deepEqual(unlikeFigures(totals(1.4)), []);
    assert.equal(unlikeFigures(totals(1.6))?.length, 1);
    assert.equal(unlikeFigures(totals(0.6))?.length, 1);
    assert.equal(unlikeFigures(nothing), null);
  });

  it('is the same for the same seed, and another for another', async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const [first, second, other] = [await runSeed(seed), await runSeed(seed, true), await runSeed(seed + 1)];
      assert.equal(first.hash, second.hash, `seed ${seed}`);
      assert.notEqual(first.hash, other.hash, `seed ${seed}`);
    }
  });

  it('draws every fault, and often only a few at once', () => {
    const all = Array.from({ length: 500 }, (_, seed) => drawKnobs(new Prng(seed, 1)));
    for (const fate of fates)
      assert.ok(
        all.some((knobs) => knobs.fates.includes(fate)),
        fate,
      );
    for (const outage of outages)
      assert.ok(
        all.some((knobs) => knobs.outages.includes(outage)),
        outage,
      );
    for (const loss of ['lost', 'restored'] as const)
      assert.ok(
        all.some(({ losses }) => losses.includes(loss)),
        loss,
      );
    for (const count of ['hides', 'removals', 'foreign', 'fullWalks'] as const)
      assert.ok(
        all.some((knobs) => knobs[count] > 0),
        count,
      );
    assert.ok(all.some((knobs) => knobs.fates.length + knobs.outages.length <= 2));
  });

  it('draws a FLORA of every nature: large files, completing by itself, limits of each kind, or none of it', () => {
    const all = Array.from({ length: 500 }, (_, seed) => drawNature(new Prng(seed, 7), fileNames, { faultMs: 60_000 }));
    const kinds = new Set(all.map(({ limit }) => `${limit?.kind} ${limit?.told}`));
    for (const kind of ['bucket', 'fixed', 'sliding'])
      for (const told of ['none', 'second', 'rest']) assert.ok(kinds.has(`${kind} ${told}`), `${kind} ${told}`);
    for (const isLarge of [true, false])
      for (const isSelfCompleting of [true, false])
        assert.ok(
          all.some((each) => each.scale > 1 === isLarge && (each.completesWithinMs !== null) === isSelfCompleting),
          `${isLarge} ${isSelfCompleting}`,
        );
  });
});
