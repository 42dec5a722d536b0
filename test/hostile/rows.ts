import { describe, it } from 'node:test';
import { type Case, play } from './play.ts';

/** So many run at once: most of their time they wait. */
const inLane = lane(10);

function lane(width: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = width;
  return async (work) => {
    if (free === 0) await new Promise<void>((go) => waiting.push(go));
    else free -= 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}

/** A test for each of these rows; what waits longest begins first. */
export function playRows(rows: readonly Case[]): void {
  describe('whatever comes off the wire, the daemon lives, brings what is good, and names what is not', {
    concurrency: rows.length,
  }, () => {
    for (const row of rows.toSorted((a, b) => Number(b.isSlow ?? false) - Number(a.isSlow ?? false))) {
      it(row.title, async (t) => {
        const startedMs = await inLane(async () => {
          const nowMs = performance.now();
          await play(t, row);
          return nowMs;
        });
        t.diagnostic(`${Math.round(performance.now() - startedMs)} ms`);
      });
    }
  });
}
