import type { MatchingSummary } from '../../src/core/records.ts';
import type { WaitReports } from '../../src/ledger/tables/waits.ts';
import type { Row } from '../simulation/committed.ts';
import type { Built } from '../simulation/engine.ts';
import type { World } from '../simulation/world.ts';
import type { Traffic } from './wire.ts';

export type Verdict = 'works' | 'waits' | 'stops';

export interface Figures {
  /** Assets of ours that never got a byte. */
  orphans: number;
  /** How many more there might have been, at the worst moment. */
  leastLeft: number;
  /** In any one virtual hour, for each file. */
  mostRequestsAnHour: number;
  /** Minutes in which a file waited and only others' reasons were told. */
  vagueMinutes: number;
}

interface Dropped {
  readonly name: string;
  readonly bytes: string;
  readonly atMs: number;
}

const minute = 60_000;
/** No file's fate is unclear, and nobody tells so, for longer than this. */
const silenceMs = minute;
/** From the last byte of a file until it has settled and is in the ledger. */
const settlingMs = 10_000;
const leastBudget = 8;
/** Where bytes could be sent at all, a spent budget is looked at so often soon: they may be the first files' only trouble. */
const earlyProbes = 2;
/** So many lost answers in a row are bad luck; after that nobody may go on as if it were. */
const mostLost = 8;
/** Far beyond what is seen, which is a request every few seconds for a file that waits at the gate or for its asset. */
const mostRequests = 1_200;

/** Looks at the ledger as `status` does, each virtual minute. */
export class Judge {
  readonly figures: Figures = { orphans: 0, leastLeft: Infinity, mostRequestsAnHour: 0, vagueMinutes: 0 };
  readonly #world: World;
  readonly #waits: WaitReports;
  readonly #traffic: Traffic;
  readonly #hours: number[] = [];
  readonly #dropped: Dropped[] = [];
  /** What is in the ledger, by the bytes. */
  #rows: ReadonlyMap<string, Row> = new Map();
  #built: Built | null = null;
  #bornMs = 0;
  #budgets = 1;

  constructor(world: World, waits: WaitReports, traffic: Traffic) {
    this.#world = world;
    this.#waits = waits;
    this.#traffic = traffic;
  }

  /** A life has begun. */
  born(built: Built): void {
    this.#built = built;
    this.#bornMs = this.#world.timeline.nowMs;
  }

  /** The daemon is not running: `status` says so. With its ledger it forgets what it has made for nothing. */
  died(isLedgerLost: boolean): void {
    this.#built = null;
    if (isLedgerLost) this.#budgets += 1;
  }

  /** Each file has bytes of its own. */
  dropped(name: string, bytes: string): void {
    this.#dropped.push({ name, bytes, atMs: this.#world.timeline.nowMs });
  }

  /** After each commit. */
  committed(rows: readonly Row[]): void {
    this.#rows = new Map(rows.map((row) => [row.sha256, row]));
  }

  /** Once a virtual minute. */
  look(): void {
    this.#countOrphans();
    this.#findDuplicates();
    this.#countRequests();
    if (this.#built !== null) this.#listen(this.#built);
  }

  verdict(): Verdict {
    if (this.#unready().length === 0 && this.#areAllThereOnce()) return 'works';
    return this.#built?.creating.slowReason == null ? 'waits' : 'stops';
  }

  /** Why files are not ready, as codes with their numbers. */
  reasons(): string {
    const counts = new Map<string, number>();
    for (const { bytes } of this.#unready()) {
      const row = this.#rows.get(bytes);
      const word = row?.reason_code ?? row?.state ?? 'not known';
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    return [...counts].map(([word, count]) => `${count} ${word}`).join(', ');
  }

  #countOrphans(): void {
    const { flora, timeline } = this.#world;
    const { accepted, lost, hasUploads } = this.#traffic;
    const orphans = flora.assets.filter(({ id, isForeign }) => !isForeign && !accepted.has(id)).length;
    const most =
      this.#budgets * (leastBudget + (hasUploads ? earlyProbes : 0)) +
      accepted.size +
      Math.floor(timeline.nowMs / (10 * minute)) +
      Math.min(lost, mostLost);
    this.figures.orphans = orphans;
    this.figures.leastLeft = Math.min(this.figures.leastLeft, most - orphans);
    if (orphans > most) this.#violate(`${orphans} assets never got a byte, ${most} are the most`);
  }

  #findDuplicates(): void {
    const ready = this.#world.flora.assets.filter(({ status }) => status === 'ready');
    const seen = new Map<string, string>();
    for (const { id, bytes } of ready) {
      const other = seen.get(bytes ?? '');
      if (other !== undefined) this.#violate(`${other} and ${id} are ready with the same bytes`);
      seen.set(bytes ?? '', id);
    }
  }

  #countRequests(): void {
    const { requests } = this.#traffic;
    this.#hours.push(requests);
    const before = this.#hours.at(-61) ?? 0;
    const perFile = Math.round((requests - before) / Math.max(1, this.#dropped.length));
    this.figures.mostRequestsAnHour = Math.max(this.figures.mostRequestsAnHour, perFile);
    if (perFile > mostRequests) this.#violate(`${perFile} requests for each file in an hour`);
  }

  /** A file that has been waiting for a minute has something said of it. */
  #listen({ gate, creating, ledger }: Built): void {
    const { nowMs } = this.#world.timeline;
    const isLong = ({ atMs }: Dropped) => nowMs - Math.max(this.#bornMs, atMs) > settlingMs + silenceMs;
    const waiting = this.#unready().filter(isLong);
    if (waiting.length === 0) return;
    const isToldOfAll =
      gate.trouble !== null || creating.slowReason !== null || searchTrouble(ledger.facts.matching) !== null;
    if (isToldOfAll) return;
    const untold = waiting.filter(({ bytes }) => this.#rows.get(bytes)?.reason_code == null);
    if (untold.length === 0) return;
    this.figures.vagueMinutes += 1;
    if (this.#waits.waiting().length > 0) return;
    const told = untold.map(({ name, bytes }) => `${name} is ${this.#rows.get(bytes)?.state ?? 'not known'}`);
    this.#violate(`silence: ${told.join(', ')}, and nothing says why`);
  }

  #unready(): readonly Dropped[] {
    return this.#dropped.filter(({ bytes }) => this.#rows.get(bytes)?.state !== 'ready');
  }

  #areAllThereOnce(): boolean {
    const ready = this.#world.flora.assets.filter(({ status }) => status === 'ready');
    return this.#dropped.every(({ bytes }) => ready.filter((asset) => asset.bytes === bytes).length === 1);
  }

  #violate(what: string): void {
    this.#world.trace.violate(what);
  }
}

function searchTrouble(matching: MatchingSummary | null): string | null {
  return matching?.endedMs === null ? matching.trouble : null;
}
