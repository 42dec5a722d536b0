import type { World } from './world.ts';

const minute = 60_000;
/** What the product promises: so many assets without bytes at first, and one more now and then (core/creation.ts). */
const leastBudget = 8;
/** A spent budget is looked at so often soon, where FLORA is understood. */
const earlyProbes = 2;
const probeEveryMs = 10 * minute;

/**
 * FLORA has no delete: what was made and never got a byte stays. Their number stays below the budget, which grows with the
 * uploads that were accepted, plus one for each ten minutes, plus those of which the daemon was never told.
 */
export class Orphans {
  readonly #world: World;
  readonly #told = new Set<string>();
  readonly #accepted = new Set<string>();

  constructor(world: World) {
    this.#world = world;
  }

  /** An answer to a reservation came, whatever the daemon makes of it. */
  told(json: unknown): void {
    if (typeof json === 'object' && json !== null && 'asset_id' in json) this.#told.add(String(json.asset_id));
  }

  accepted(assetId: string): void {
    this.#accepted.add(assetId);
  }

  /** Why there are too many; null while there are not. */
  tooMany(): string | null {
    const { flora, knobs, timeline } = this.#world;
    const ours = flora.assets.filter(({ isForeign }) => !isForeign);
    const orphans = ours.filter(({ hasHadBytes }) => !hasHadBytes);
    const untold = orphans.filter(({ id }) => !this.#told.has(id)).length;
    const accepted = this.#accepted.size;
    const probes = Math.ceil(timeline.nowMs / probeEveryMs);
    // Whoever loses the ledger loses what it knew of the budget.
    const ledgers = 1 + knobs.losses.length;
    const early = knobs.dialect.targetless === null ? earlyProbes : 0;
    const most = ledgers * (leastBudget + early + probes) + Math.ceil(1.125 * accepted) + untold;
    return orphans.length > most
      ? `${orphans.length} assets have no bytes: ${accepted} uploads, ${untold} lost answers and ${probes} tries allow ${most}`
      : null;
  }
}
