import type { Asset } from './asset.ts';
import type { Committed } from './committed.ts';
import { bytesOf } from './disk.ts';
import { placeOf, type World } from './world.ts';

const minute = 60_000;
const dayMs = 24 * 60 * minute;
/** Three looks at an asset ten minutes apart: hidden for longer than this, it may be taken for gone. */
const longHiddenMs = 20 * minute;

/**
 * Says when there are more ready assets of the same bytes than there may be: more than one, unless copies do not share one.
 * Where the ledger was lost or put back, the old one's knowledge is gone for good with it, and what nobody could have found
 * out is excused, each below with its reason.
 */
export class Duplicates {
  readonly #world: World;
  readonly #committed: Committed;
  readonly #missing: { readonly declared: ReadonlySet<string> };
  #lostMs: number | null = null;
  #bornMs = 0;
  #isSearching = true;
  /** Place and bytes that the last search had to decide about. */
  #decided: Set<string> | null = null;

  constructor(world: World, committed: Committed, missing: { readonly declared: ReadonlySet<string> }) {
    this.#world = world;
    this.#committed = committed;
    this.#missing = missing;
  }

  /** When the ledger was last lost or put back. */
  get lostMs(): number | null {
    return this.#lostMs;
  }

  /** A life begins. */
  born(): void {
    this.#bornMs = this.#world.timeline.nowMs;
  }

  ledgerReplaced(): void {
    this.#lostMs = this.#world.timeline.nowMs;
    this.#isSearching = true;
    this.#decided = null;
    this.#world.flora.searchBegins();
  }

  checkCommitted(): void {
    if (!this.#isSearching || this.#committed.isSearching()) return;
    this.#isSearching = false;
    this.#world.flora.isSearched = false;
    this.#decided = new Set(this.#undecidable());
  }

  /** Why another asset of these bytes, ready or asked for, is one too many; null when it is not. */
  tooMany(wanted: { readonly place: string; readonly bytes: string; readonly name: string }, more: number) {
    const { flora } = this.#world;
    const isSame = (asset: Asset) =>
      asset.status === 'ready' && !asset.isRemoved && !asset.isForeign && asset.bytes === wanted.bytes;
    const same = flora.assets.filter((asset) => isSame(asset) && !this.#isExcused(asset, wanted.name));
    // A listing does not tell in which folder an asset is: with a lost ledger, two places may have changed theirs.
    const places =
      this.#lostMs === null
        ? [wanted.place]
        : this.#places().filter((place) => this.#world.versions.has(`${place}:${wanted.bytes}`));
    const there = same.filter(({ place }) => places.includes(place));
    const most = places.reduce((sum, place) => sum + this.#most(place, wanted.bytes), 0);
    return there.length + more > most ? there.map(({ id }) => id) : null;
  }

  #isExcused(asset: Asset, name: string): boolean {
    // Rightly called missing: what was wanted then, by a person or a rule, is another.
    if (this.#missing.declared.has(asset.id)) return true;
    if (this.#lostMs === null || asset.createdMs > this.#lostMs) return false;
    const { timeline, knobs } = this.#world;
    // It took the place of a missing one by the rule of its folder: a copy of the ledger from before does the same again.
    if (knobs.onMissing === 'upload' && this.#tookPlace(asset)) return true;
    // Hidden when the assets were listed, or for so long that it was taken for gone.
    if (asset.overlookedMs !== null && asset.overlookedMs >= this.#lostMs) return true;
    if (asset.hidden !== null) {
      const untilMs = Math.min(asset.hidden.untilMs, timeline.nowMs);
      if (untilMs - Math.max(asset.hidden.fromMs, this.#lostMs) >= longHiddenMs) return true;
    }
    // These bytes were not there when all that was there had been decided: what comes later is new.
    if (this.#decided !== null && !this.#decided.has(`${asset.place}:${asset.bytes}`)) return true;
    const wasPending = asset.changedMs >= this.#lostMs - knobs.listLagMs;
    // A clock that is a day ahead makes every upload that is still open an old one: nobody waits for it.
    if (wasPending && timeline.mostSkewMs >= dayMs) return true;
    if (asset.name === name) return false;
    // A file got another name, and nothing but the name told that this asset, then without bytes or a size, or of another one since
    // it was converted, could be it.
    return !knobs.isListedSizeTold || wasPending || knobs.dialect.isConverting;
  }

  #tookPlace({ place, bytes }: Asset): boolean {
    const isOf = (asset: Asset) => asset.place === place && asset.bytes === bytes;
    return this.#world.flora.assets.some((asset) => isOf(asset) && this.#missing.declared.has(asset.id));
  }

  /** What the search must have decided: all that the ledger has, and what lay in the folders since before this life. */
  #undecidable(): readonly string[] {
    const rows = this.#committed.rows().filter(({ state }) => !['gone', 'rejected', 'missing'].includes(state));
    const { disk } = this.#world;
    const rested = disk.roots
      .filter(({ mount, disturbedMs }) => mount === 'there' && disturbedMs < this.#bornMs)
      .flatMap((root) =>
        [...root.files.values()]
          .filter((inode) => inode.writers === 0 && !inode.isHalf && !inode.isUnreadable)
          .filter(({ sinceMs }) => sinceMs < this.#bornMs)
          .map((inode) => `${placeOf(this.#world, root.path)}:${bytesOf(inode)}`),
      );
    return [...rows.map(({ place, sha256 }) => `${place}:${sha256}`), ...rested];
  }

  #places(): readonly string[] {
    return [...new Set(this.#world.folders.map(({ root }) => placeOf(this.#world, root)))];
  }

  #most(place: string, bytes: string): number {
    const { folders, copies } = this.#world;
    const isSeparate = folders.some((each) => placeOf(this.#world, each.root) === place && each.copies === 'separate');
    return isSeparate ? copies.most(`${place}:${bytes}`) : 1;
  }
}
