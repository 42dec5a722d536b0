import { type Cost, costs, type Spending } from './economy.ts';
import { type Figures, figures, figuresOf } from './figures.ts';
import type { Outcome } from './run.ts';

/** What many seeds came to. */
export interface Totals {
  readonly seeds: number;
  readonly failed: number;
  readonly steps: number;
  readonly lives: number;
  readonly spent: Spending;
}

const none = Object.fromEntries(costs.map((cost) => [cost, 0])) as Record<Cost, number>;
export const nothing: Totals = { seeds: 0, failed: 0, steps: 0, lives: 0, spent: none };

export function totalOf({ violation, steps, lives, spent }: Outcome): Totals {
  return { seeds: 1, failed: violation === null ? 0 : 1, steps, lives, spent };
}

export function sum(one: Totals, other: Totals): Totals {
  return {
    seeds: one.seeds + other.seeds,
    failed: one.failed + other.failed,
    steps: one.steps + other.steps,
    lives: one.lives + other.lives,
    spent: Object.fromEntries(costs.map((cost) => [cost, one.spent[cost] + other.spent[cost]])) as Spending,
  };
}

/** What one seed takes on average. */
export function perSeed({ seeds, steps, spent }: Totals): Figures {
  const mean = (value: number) => Number((value / Math.max(1, seeds)).toFixed(2));
  return { steps: mean(steps), ...(Object.fromEntries(costs.map((cost) => [cost, mean(spent[cost])])) as Spending) };
}

/** What the first seeds take much more of than they did, or much less: a sentence for each. Null while they are not all played. */
export function unlikeFigures(totals: Totals): readonly string[] | null {
  if (totals.seeds !== figuresOf) return null;
  const taken = perSeed(totals);
  return (['steps', ...costs] as const).flatMap((cost) => {
    const ratio = taken[cost] / figures[cost];
    const isLike = ratio <= 1.5 && ratio >= 1 / 1.5;
    return isLike ? [] : [`${taken[cost]} ${cost} a seed, where ${figures[cost]} are on record`];
  });
}
