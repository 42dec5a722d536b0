import { describe, it } from 'node:test';
import { holds } from './holds.ts';

// More: npm run simulate -- --seeds 1000000. The quick suite plays the first hundred.
const seeds = Number(process.env['FLORA_SIMULATION_SEEDS'] ?? 1_000);
const atOnce = 100;
const begin = seeds > atOnce ? atOnce + 1 : 1;

describe('the simulation', () => {
  for (let first = begin; first <= seeds; first += atOnce) {
    const count = Math.min(atOnce, seeds - first + 1);
    it(`holds in ${count} seeds from ${first} on`, async (t) => void (await holds(t, first, count)));
  }
});
