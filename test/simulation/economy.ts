import type { Timeline } from './timeline.ts';
import type { Trace } from './trace.ts';

/** What a daemon spends: requests to FLORA and its storage, looks at the disk, and work of the ledger. */
export const costs = [
  'reserve',
  'upload',
  'complete',
  'renew',
  'check',
  'list',
  'fetch',
  'look',
  'read',
  'walk',
  'writers',
  'root',
  'commit',
  'statement',
] as const;
export type Cost = (typeof costs)[number];

export type Spending = Readonly<Record<Cost, number>>;

const minuteMs = 60_000;

/**
 * How often at most in a minute, for one subject: an asset, the bytes that wait for one, a page, a file, a directory. About twice what
 * any of thousands of seeds takes: nobody who waits as he should comes near.
 */
const mostInMinute: Partial<Record<Cost, number>> = {
  reserve: 30,
  upload: 15,
  complete: 15,
  renew: 35,
  check: 60,
  list: 60,
  fetch: 40,
  look: 250,
  read: 30,
  walk: 25,
  root: 500,
};

/** How many contents may be on their way at once for each upload that may run, and never the whole backlog. */
const inHandPerUpload = 16;

/** Counts what the engine spends, and says so when one subject takes too much in a minute. */
export class Economy {
  readonly spent: Record<Cost, number>;
  readonly #timeline: Timeline;
  readonly #trace: Trace;
  readonly #recent = new Map<string, number[]>();

  constructor(timeline: Timeline, trace: Trace) {
    this.#timeline = timeline;
    this.#trace = trace;
    this.spent = Object.fromEntries(costs.map((cost) => [cost, 0])) as Record<Cost, number>;
  }

  /** How many of something one life has at once. */
  atOnce(what: 'uploads' | 'requests' | 'contents in hand', count: number, concurrency: number): void {
    // The probe of a closed gate goes beside what was under way.
    const more = what === 'requests' ? 1 : 0;
    const most = what === 'contents in hand' ? inHandPerUpload * concurrency : concurrency + more;
    if (count > most) this.#trace.violate(`${count} ${what} at once, and ${most} may be`);
  }

  /** @param about the asset, key, file or directory; null where there is no such thing */
  spend(cost: Cost, about: string | null = null): void {
    this.spent[cost] += 1;
    const most = mostInMinute[cost];
    if (about === null || most === undefined) return;
    const { nowMs } = this.#timeline;
    const key = `${cost} ${about}`;
    const recent = this.#recent.get(key) ?? [];
    while (recent.length > 0 && nowMs - (recent[0] ?? nowMs) >= minuteMs) recent.shift();
    recent.push(nowMs);
    this.#recent.set(key, recent);
    if (recent.length > most) this.#trace.violate(`${recent.length} times ${cost} of ${about} in a minute`);
  }
}
