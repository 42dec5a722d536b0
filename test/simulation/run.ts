import { splitPath } from '../../src/core/entry.ts';
import { type LedgerDatabase, openDatabaseInMemory } from '../../src/ledger/database.ts';
import { type LedgerTables, openTables } from '../../src/ledger/ledger.ts';
import { type RunningEngine, startEngine } from './engine.ts';
import { keyWindow } from './fates.ts';
import { type Committed, Guard, openCommitted, unfinished } from './invariants.ts';
import { Life } from './machine.ts';
import { meddle, planDeeds, plantFiles } from './people.ts';
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
  readonly lines: readonly string[];
}

/** Within this of the end of the faults everything must be ready. */
const healMs = 2 * 60 * 60_000;
/** What is still on its way to FLORA lands within this, and must do no harm. */
const aftermathMs = 21 * 60_000;
const mostSteps = 100_000;

let opened: { database: LedgerDatabase; tables: LedgerTables; committed: Committed } | undefined;

/**
 * One database for all seeds: its statements are never collected (src/sqlite.ts). Each seed is one big transaction that is
 * undone at its end, so that the ledger's own transactions are savepoints in it.
 */
function openOnce() {
  if (opened === undefined) {
    const database = openDatabaseInMemory();
    opened = { database, tables: openTables(database), committed: openCommitted(database) };
  }
  return opened;
}

/** Plays one seed to its end. */
export async function runSeed(seed: number, isTold = false): Promise<Outcome> {
  const { database, tables, committed } = openOnce();
  const world = createWorld(seed, isTold);
  database.exec('BEGIN');
  try {
    world.trace.add(JSON.stringify(world.knobs));
    return await play(world, database, tables, new Guard(world, committed));
  } finally {
    database.exec('ROLLBACK');
  }
}

async function play(world: World, database: LedgerDatabase, tables: LedgerTables, guard: Guard): Promise<Outcome> {
  const { timeline, trace } = world;
  const machine = new Machine(world, database, tables, guard);
  plantFiles(world);
  planDeeds(world);
  meddle(world);
  planFaults(world, machine);
  machine.start();
  let settledMs: number | null = null;
  let lookAtMs = world.faultsEndMs;
  for (;;) {
    // All promises that can go on have gone on after one turn of the loop.
    await new Promise((resolve) => setImmediate(resolve));
    if (trace.violation !== null || !timeline.step()) break;
    if (timeline.steps > mostSteps) trace.violate(`no end after ${mostSteps} steps`);
    if (timeline.nowMs < lookAtMs) continue;
    lookAtMs = timeline.nowMs + 10_000;
    if (settledMs === null) {
      const left = machine.unfinished();
      if (left.length === 0) settledMs = timeline.nowMs;
      else if (timeline.nowMs > world.faultsEndMs + healMs)
        trace.violate(`two hours after the faults: ${left.join('; ')}`);
    } else if (timeline.nowMs > Math.max(settledMs, world.faultsEndMs + aftermathMs)) {
      const left = machine.unfinished();
      if (left.length > 0) trace.violate(`it was finished, and is not any more: ${left.join('; ')}`);
      break;
    }
  }
  machine.crash('the end');
  const { seed } = world;
  const { violation, lines } = trace;
  const { steps, nowMs: virtualMs } = timeline;
  return { seed, violation, hash: trace.hash(), steps, lives: machine.lives, virtualMs, lines };
}

/** The computer on which the daemon lives, dies and is started again. */
class Machine {
  lives = 0;
  readonly keys = { inFile: 0 };
  readonly #world: World;
  readonly #database: LedgerDatabase;
  readonly #tables: LedgerTables;
  readonly #guard: Guard;
  #life: Life | undefined;
  #engine: RunningEngine | undefined;

  constructor(world: World, database: LedgerDatabase, tables: LedgerTables, guard: Guard) {
    this.#world = world;
    this.#database = database;
    this.#tables = tables;
    this.#guard = guard;
    world.disk.onEvent = (root, path) => {
      const { directory, name } = splitPath(path);
      if (root.mount !== 'there' || world.faultRng.chance(world.knobs.hintLoss)) return;
      this.#life?.after(world.faultRng.between(0, 50), () => this.#engine?.hint(root.path, directory, name));
    };
  }

  start(): void {
    this.lives += 1;
    this.#world.trace.add(`start ${this.lives}`);
    const life = new Life(this.#world, () => {
      this.#engine = undefined;
      this.#world.timeline.after(this.#world.faultRng.between(0, 60_000), () => this.start());
    });
    this.#life = life;
    startEngine(this.#world, life, this.#guard, this.#database, this.#tables, this.keys).then(
      (engine) => {
        if (life === this.#life && life.isAlive) this.#engine = engine;
      },
      (error: unknown) => this.#world.trace.violate(`the engine does not start: ${String(error)}`),
    );
  }

  crash(why: string): void {
    this.#life?.crash(why);
  }

  async restart(): Promise<void> {
    const life = this.#life;
    const engine = this.#engine;
    this.#engine = undefined;
    await engine?.stop();
    // What it wrote last has a moment to be committed, as when the ledger is closed.
    await life?.wait(10);
    life?.crash('at the end of an orderly stop');
  }

  unfinished(): readonly string[] {
    const folders = this.#engine?.folders;
    if (folders === undefined) return ['The engine is not running'];
    return unfinished(this.#world, this.#tables, new Map(folders.map(({ root, folderId }) => [root, folderId])));
  }
}

function planFaults(world: World, machine: Machine): void {
  const { knobs, timeline, peopleRng, trace } = world;
  const sometime = (run: () => void) => timeline.after(peopleRng.between(0, knobs.faultMs - 1), run);
  for (let count = 0; count < knobs.crashes; count += 1) sometime(() => machine.crash('out of the blue'));
  for (let count = 0; count < knobs.restarts; count += 1) {
    sometime(() => {
      trace.add('SIGTERM');
      void machine.restart();
    });
  }
  for (let count = 0; count < knobs.clockJumps; count += 1) {
    sometime(() => {
      timeline.skewMs = peopleRng.pick([0, -3_600_000, 3_600_000, 86_400_000, peopleRng.between(-5_000, 5_000)]);
      trace.add(`the clock is ${timeline.skewMs} ms ahead`);
    });
  }
  const rotation = keyWindow(world);
  if (rotation === undefined) return;
  timeline.after(rotation.fromMs, () => {
    world.flora.keyVersion += 1;
    trace.add('the key is rotated');
  });
  timeline.after(rotation.untilMs, () => {
    machine.keys.inFile = world.flora.keyVersion;
    trace.add('the new key is in its file');
  });
}
