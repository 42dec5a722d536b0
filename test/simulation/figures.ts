import type { Spending } from './economy.ts';

export interface Figures extends Spending {
  readonly steps: number;
}

/** The seeds from 1 to this. */
export const figuresOf = 100;

/**
 * What each of them takes on average. Written down from what `npm run simulate -- --seeds 100` prints, whenever a change takes more or
 * less on purpose.
 */
export const figures: Figures = {
  steps: 907.41,
  reserve: 5.27,
  upload: 4.48,
  complete: 5.52,
  renew: 1.14,
  check: 42.06,
  list: 53.09,
  fetch: 2.66,
  look: 22.67,
  read: 9.99,
  walk: 16.2,
  writers: 9.75,
  root: 24.72,
  commit: 115.74,
  statement: 2092.02,
};
