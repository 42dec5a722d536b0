import type { Row } from './committed.ts';
import type { World } from './world.ts';

interface Known {
  readonly assetId: string;
  /** The latest target that a row had for it. */
  readonly url: string | null;
}

/**
 * An asset whose target cannot be used may give way to another, which leaves it behind for good: never one whose target the daemon
 * was told of, and that is open and has refused nothing.
 */
export class GivenUp {
  readonly #world: World;
  readonly #refused = new Set<string>();
  #known: ReadonlyMap<number, Known> = new Map();

  constructor(world: World) {
    this.#world = world;
  }

  refused(url: string): void {
    this.#refused.add(url);
  }

  /** The ledger is another one: what this one knew, that one may not. */
  forget(): void {
    this.#known = new Map();
  }

  /** Why one was given up that should not be; null where none was. */
  wrongly(rows: readonly Row[]): string | null {
    const before = this.#known;
    this.#known = new Map(rows.flatMap((row) => (row.asset_id === null ? [] : [[row.id, this.#knownOf(row, before)]])));
    const left = rows.flatMap((row) => {
      const known = before.get(row.id);
      const isSuperseded = row.reason_code === 'superseded' && row.asset_id === null;
      return isSuperseded && known !== undefined && this.#isOpen(known) ? [known] : [];
    });
    const [first] = left;
    return first === undefined ? null : `${first.assetId} is given up although its target ${first.url} is open`;
  }

  #knownOf({ id, asset_id: assetId, target }: Row, before: ReadonlyMap<number, Known>): Known {
    const was = before.get(id);
    const kept = was?.assetId === assetId ? was.url : null;
    const url = target === null ? kept : (JSON.parse(target) as { readonly url: string }).url;
    return { assetId: assetId ?? '', url };
  }

  #isOpen({ url }: Known): boolean {
    if (url === null || this.#refused.has(url)) return false;
    const { flora, timeline, knobs } = this.#world;
    const target = flora.targetAt(url);
    if (target === undefined || target.expiresMs <= timeline.nowMs || target.asset.isRemoved) return false;
    if (target.asset.target !== target && !knobs.doOldTargetsLive) return false;
    return !(target.isUsed && knobs.dialect.isOneShot);
  }
}
