import { describe, it } from 'node:test';
import { cases } from './cases.ts';
import { play } from './play.ts';

/** So many run at once: most of their time they wait. */
const inLane = lane(10);

/** `FLORA_SYNC_TEST_HOSTILE=words`: only rows whose title has them. */
const words = process.env['FLORA_SYNC_TEST_HOSTILE'] ?? '';
const chosen = cases
  .filter(({ title }) => title.includes(words))
  // What waits longest begins first.
  .sort((a, b) => Number(b.isSlow ?? false) - Number(a.isSlow ?? false));

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

describe('whatever comes off the wire, the daemon lives, brings what is good, and names what is not', {
  concurrency: chosen.length,
}, () => {
  for (const one of chosen) {
    it(one.title, async (t) => {
      const startedMs = await inLane(async () => {
        const nowMs = performance.now();
        await play(t, one);
        return nowMs;
      });
      t.diagnostic(`${Math.round(performance.now() - startedMs)} ms`);
    });
  }
});
