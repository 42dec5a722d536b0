import type { ListQuery } from '../../src/sync/ports/flora.ts';
import { type Asset, keptAs } from './asset.ts';
import type { Knobs } from './knobs.ts';
import type { Prng } from './prng.ts';
import type { Timeline } from './timeline.ts';

/** What `GET /assets` shows: pages by offset, so that they shift under whoever reads them, with the states of a while ago. */
export class Catalogue {
  /** Told after each page. */
  onPage: () => void = () => {};
  readonly #knobs: Knobs;
  readonly #timeline: Timeline;
  readonly #rng: Prng;

  constructor(knobs: Knobs, timeline: Timeline, rng: Prng) {
    this.#knobs = knobs;
    this.#timeline = timeline;
    this.#rng = rng;
  }

  /** @param shown every asset that the key can see, oldest first */
  page(shown: readonly Asset[], { limit, projectId }: ListQuery, cursor: string | null): object {
    const all = this.#ordered(shown.filter(({ project }) => projectId === null || project === projectId));
    const offset = cursor === null ? 0 : Number((JSON.parse(cursor) as { offset: number }).offset);
    const length = Math.max(1, Math.round((limit * this.#knobs.pageSize) / 100));
    const items = all.slice(offset, offset + length).flatMap((asset) => this.#items(asset));
    const next = offset + length < all.length ? JSON.stringify({ offset: offset + length }) : null;
    this.onPage();
    return { assets: items, meta: { next_cursor: next } };
  }

  #ordered(assets: readonly Asset[]): readonly Asset[] {
    switch (this.#knobs.order) {
      case 'newest':
        return assets.toSorted((a, b) => b.createdMs - a.createdMs);
      case 'oldest':
        return assets.toSorted((a, b) => a.createdMs - b.createdMs);
      default:
        return assets.toSorted((a, b) => a.whim - b.whim);
    }
  }

  #items(asset: Asset): readonly object[] {
    const { listLagMs, isListedSizeTold, isCreationTold, isListingOdd } = this.#knobs;
    const isOld = this.#timeline.nowMs - asset.changedMs >= listLagMs;
    const status = isOld ? asset.status : asset.before;
    const item = {
      asset_id: asset.id,
      name: asset.name,
      status,
      url: asset.url,
      ...(isCreationTold ? { created_at: this.#timeline.trueMs() - this.#timeline.nowMs + asset.createdMs } : {}),
      ...(asset.project === null ? {} : { project_id: asset.project }),
      ...(isListedSizeTold && status === 'ready' ? keptAs(asset, this.#knobs) : {}),
    };
    if (!isListingOdd || this.#rng.chance(0.7)) return [item];
    return this.#rng.chance(0.5) ? [item, item] : [{ ...item, asset_id: null }, item];
  }
}
