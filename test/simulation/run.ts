import { openTables } from '../../src/ledger/ledger.ts';
import { openDatabaseInMemory } from '../support/ledgers.ts';
import { openCommitted } from './committed.ts';
import { Computer, type Opened } from './computer.ts';
import { counted } from './counted.ts';
import type { Economy, Spending } from './economy.ts';
import { planFaults } from './faults.ts';
import { Guard } from './invariants.ts';
import { LateDrops } from './late.ts';
import { planOthers } from './others.ts';
import { meddle, planDeeds, plantFiles } from './people.ts';
import { openShelf } from './shelf.ts';
import { createWorld, type World } from './world.ts';

export interface Outcome {
  readonly seed: number;
  /** The invariant that did not hold, or null. */
  readonly violation: string | null;
  /** Of everything that happened: the same for the same seed. */
  readonly hash: string;
  readonly steps: number;
  readonly lives: number;
  readonly virtualMs: number;
  readonly spent: Spending;
  readonly lines: readonly string[];
}

/** Within this of the end of the faults everything must be ready. */
const healMs = 2 * 60 * 60_000;
/** What is still on its way to FLORA lands within this, and must do no harm. */
const aftermathMs = 21 * 60_000;
/** What was lost on its way is not waited for longer. */
const inFlightMs = 2 * 60_000;
const dayMs = 24 * 60 * 60_000;
/** What is looked at once more is decided within this: ten minutes lie between two looks at what answers 404. */
const onceMoreMs = 15 * 60_000;
/** A day of walks through hundreds of assets, one a page, takes 300,000. */
const mostSteps = 500_000;
const turnEvery = 500;

let opened: Opened | undefined;
/** Of the seed that is played. */
let spender: Economy | undefined;

/**
 * One database for all seeds: its statements are never collected (src/runtime/sqlite.ts). Each seed is one big transaction that is
 * undone at its end, so that the ledger's own transactions are savepoints in it.
 */
export function openOnce(): Opened {
  if (opened === undefined) {
    const database = openDatabaseInMemory();
    // These are the simulation's own looks, which nobody pays for.
    const own = { committed: openCommitted(database), shelf: openShelf(database) };
    counted(database, (mayChangeContents) => {
      spender?.spend('statement');
      if (mayChangeContents) own.committed.contentsChanged();
    });
    opened = { database, tables: openTables(database), ...own };
  }
  return opened;
}

/** Plays one seed to its end. */
export async function runSeed(seed: number, isTold = false): Promise<Outcome> {
  const opened = openOnce();
  const world = createWorld(seed, isTold);
  spender = world.economy;
  opened.committed.contentsChanged();
  // Thousands of errors are made, and nobody reads where, but of a seed that is told.
  Error.stackTraceLimit = isTold ? 10 : 0;
  opened.database.exec('BEGIN');
  try {
    world.trace.add(JSON.stringify(world.knobs));
    return await play(world, opened);
  } finally {
    opened.database.exec('ROLLBACK');
  }
}

async function play(world: World, opened: Opened): Promise<Outcome> {
  const { timeline, trace } = world;
  const computer = new Computer(world, opened, new Guard(world, opened.committed));
  plantFiles(world);
  planDeeds(world);
  planOthers(world);
  meddle(world);
  world.ignoreFiles?.plan();
  planFaults(world, computer);
  computer.start();
  const end = new End(world, computer);
  for (;;) {
    // A tick that is asked for within a microtask comes when none is left: all promises that can go on have gone on. A turn of the
    // loop does the same and takes longer; now and then there is one, for whatever else this process waits for.
    await new Promise<void>((resolve) =>
      timeline.steps % turnEvery === 0 ? setImmediate(resolve) : process.nextTick(resolve),
    );
    if (trace.violation !== null || !timeline.step()) break;
    if (timeline.steps > mostSteps) trace.violate(`no end after ${mostSteps} steps`);
    if (end.isReached()) break;
  }
  computer.crash('the end');
  const { seed } = world;
  const { violation, lines } = trace;
  const { steps, nowMs: virtualMs } = timeline;
  const { spent } = world.economy;
  return { seed, violation, hash: trace.hash(), steps, lives: computer.lives, virtualMs, spent, lines };
}

/** Looks whether all is as it should be, from the end of the faults on, and some time after it was. */
class End {
  readonly #world: World;
  readonly #computer: Computer;
  readonly #healMs: number;
  readonly #late: LateDrops;
  #settledMs: number | null = null;
  #lookAtMs: number;
  #walkAtMs: number;

  constructor(world: World, computer: Computer) {
    this.#world = world;
    this.#computer = computer;
    this.#late = new LateDrops(world, computer);
    this.#lookAtMs = world.faultsEndMs;
    const { ignoreFiles, knobs } = world;
    const { losses, hides, removals, foreign, shifting, isDailyWalkAwaited, isForeignPending } = knobs;
    // Others add and remove theirs while a listing is read, and ours may have been found in one of those.
    const isHidden = hides + removals + foreign + shifting > 0;
    this.#walkAtMs = isHidden && !isDailyWalkAwaited ? 0 : Number.POSITIVE_INFINITY;
    // What was left alone may have to be searched for, and then an upload of its name that is still open is waited for.
    const isDayAwaited =
      losses.length > 0 || ignoreFiles !== null || isForeignPending || (isHidden && isDailyWalkAwaited);
    this.#healMs = isDayAwaited ? 2 * healMs + dayMs : healMs;
  }

  isReached(): boolean {
    const { timeline, trace, calmMs, faultsEndMs } = this.#world;
    const { nowMs } = timeline;
    if (nowMs < this.#lookAtMs) return false;
    this.#lookAtMs = nowMs + (this.#isLong() ? 5 * 60_000 : 10_000);
    if (nowMs < calmMs) return false;
    if (nowMs >= this.#walkAtMs) {
      this.#walkAtMs = nowMs + 20 * 60_000;
      timeline.after(0, () => this.#computer.reconcileFully());
    }
    const isResting = this.#settledMs !== null && this.#late.hasBegun && nowMs <= faultsEndMs + aftermathMs;
    if (isResting) return false;
    const left = this.#computer.unfinished();
    if (this.#settledMs === null) {
      if (left.length === 0) this.#settledMs = nowMs;
      else if (nowMs > calmMs + this.#healMs) trace.violate(`long after the faults: ${left.join('; ')}`);
      return false;
    }
    const isPast = left.length === 0 && nowMs > faultsEndMs + inFlightMs;
    if (isPast && !this.#late.hasBegun && this.#computer.isFree()) this.#late.begin();
    const enoughMs = Math.max(this.#settledMs, faultsEndMs + aftermathMs);
    if (nowMs <= enoughMs || !this.#late.isOver) return false;
    // A listing that lags has what became ready lately looked at once more, perhaps in this very moment.
    if (left.length > 0 && nowMs <= enoughMs + this.#world.knobs.listLagMs + onceMoreMs) return false;
    if (left.length > 0) trace.violate(`it was finished, and is not any more: ${left.join('; ')}`);
    return true;
  }

  #isLong(): boolean {
    return this.#world.timeline.nowMs > this.#world.calmMs + healMs;
  }
}
