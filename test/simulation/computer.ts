import { splitPath } from '../../src/core/entry.ts';
import type { LedgerDatabase } from '../../src/ledger/database.ts';
import type { LedgerTables } from '../../src/ledger/ledger.ts';
import type { Committed } from './committed.ts';
import { type Parts, type RunningEngine, startEngine } from './engine.ts';
import type { Guard } from './invariants.ts';
import type { Loss } from './knobs.ts';
import { Life } from './machine.ts';
import type { Shelf, Snapshot } from './shelf.ts';
import { unfinished } from './unfinished.ts';
import type { World } from './world.ts';

/** The ledger's database, and what reads and writes it. */
export interface Opened {
  readonly database: LedgerDatabase;
  readonly tables: LedgerTables;
  readonly committed: Committed;
  readonly shelf: Shelf;
}

/** The computer on which the daemon lives, dies and is started again. */
export class Computer {
  lives = 0;
  readonly keys = { inFile: 0 };
  readonly #world: World;
  readonly #database: LedgerDatabase;
  readonly #tables: LedgerTables;
  readonly #shelf: Shelf;
  readonly #committed: Committed;
  readonly #guard: Guard;
  readonly #parts: Partial<Parts>;
  #life: Life | undefined;
  #engine: RunningEngine | undefined;
  #snapshot: Snapshot | undefined;
  #longestDownMs = 60_000;

  constructor(world: World, { database, tables, shelf, committed }: Opened, guard: Guard, parts: Partial<Parts> = {}) {
    this.#world = world;
    this.#database = database;
    this.#tables = tables;
    this.#shelf = shelf;
    this.#committed = committed;
    this.#guard = guard;
    this.#parts = parts;
    world.disk.onEvent = (root, path) => {
      const { directory, name } = splitPath(path);
      const isLost = world.faultRng.chance(world.knobs.hintLoss) && !world.calmOver.signal.aborted;
      if (root.mount !== 'there' || isLost) return;
      this.#life?.after(world.faultRng.between(0, 50), () => this.#engine?.hint(root.path, directory, name));
    };
  }

  start(): void {
    this.lives += 1;
    this.#world.trace.add(`start ${this.lives}`);
    const life = new Life(this.#world, () => {
      this.#engine = undefined;
      this.#world.timeline.after(this.#world.faultRng.between(0, this.#longestDownMs), () => this.start());
      this.#longestDownMs = 60_000;
    });
    this.#life = life;
    this.#guard.duplicates.born();
    startEngine(this.#world, life, this.#guard, this.#database, this.#tables, this.keys, this.#parts).then(
      (engine) => {
        if (life === this.#life && life.isAlive) this.#engine = engine;
      },
      (error: unknown) => this.#world.trace.violate(`the engine does not start: ${String(error)}`),
    );
  }

  crash(why: string): void {
    this.#life?.crash(why);
  }

  takeSnapshot(): void {
    this.#world.trace.add('a snapshot is taken');
    this.#snapshot = this.#shelf.copy();
  }

  /** At the next commit after which an asset is reserved, and nothing completed. */
  takeSnapshotMidway(onTaken: () => void): void {
    this.#guard.onCommit = (rows) => {
      const isMidway = rows.some((row) => row.asset_id !== null && row.complete_sent === 0);
      if (!isMidway && !this.#world.areFaultsOver()) return;
      this.#guard.onCommit = () => {};
      if (this.#world.areFaultsOver()) return;
      this.takeSnapshot();
      onTaken();
    };
  }

  /** The daemon dies, and until it is started again its ledger is gone, or put back; people have more time meanwhile. */
  loseLedger(how: Loss): void {
    const { trace, timeline } = this.#world;
    this.#longestDownMs = 5 * 60_000;
    this.crash(`and the ledger is ${how}`);
    if (how === 'restored' && this.#snapshot !== undefined) this.#shelf.restore(this.#snapshot, timeline.wallMs());
    else this.#shelf.lose();
    // Copies lie beside the ledger: what loses one loses the others.
    if (how === 'lost') this.#snapshot = undefined;
    trace.add(`the ledger is ${how}`);
    this.#guard.ledgerReplaced();
  }

  /** As a person does. */
  reconcileFully(): void {
    this.#world.trace.add('a person has all of the listing read');
    this.#engine
      ?.reconcileFully()
      .catch((error: unknown) => this.#world.trace.violate(`no full walk: ${String(error)}`));
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

  /** Whether nothing of the past holds a new file up. */
  isFree(): boolean {
    return this.#engine?.isOpen() === true && !this.#committed.isSearching();
  }

  unfinished(): readonly string[] {
    const folders = this.#engine?.folders;
    if (folders === undefined) return ['The engine is not running'];
    return unfinished(this.#world, this.#tables, new Map(folders.map(({ root, folderId }) => [root, folderId])));
  }
}
