import type { Content } from '../../core/content.ts';
import type { ListedAsset } from '../../core/event.ts';
import { ListingTrend, reconcileListed } from '../../core/reconcile.ts';
import type { ReconcileSummary } from '../../core/records.ts';
import type { TransitionContext } from '../../core/steps.ts';
import { transition } from '../../core/transition.ts';
import { byPolicy, type CommitDeps, commitOutcome } from '../commit/commit.ts';
import { eventFromError } from '../commit/outcome.ts';
import { endOf } from './ending.ts';
import { IdSet } from './id-set.ts';
import { keyOf, type ListingDeps, type Place, walkListing } from './listing.ts';
import type { News, ReconcileOptions } from './reconcile-options.ts';
import { askFlora, isKnown, patiently } from './request.ts';

interface ReconcilerDeps extends CommitDeps, ListingDeps {
  readonly places: readonly Place[];
  /** Contents that a worker has in hand are left to it. */
  readonly claimed: () => ReadonlySet<number>;
  readonly onWork: () => void;
}

/** A walk that stops early may miss a change to an old asset; a full one at least this often makes up for it. */
const fullEveryMs = 24 * 3_600_000;
/** What is older than this before the last walk began, and settled, is no news: clocks differ, answers are late. */
const overlapMs = 3_600_000;
/** How many assets that a listing lacked are asked for by themselves in one walk; the next one goes on from there. */
const mostAsked = 500;
const pageSize = 100;
/** Contents that are compared with what was listed in one turn of the event loop: about two milliseconds. */
const idsPerSlice = 10_000;
/** The pause before each page while files are on their way: one after the other would take half of the event loop. */
const busyPageMs = 5;

type Counts = { -readonly [K in 'pages' | 'assets' | 'ours' | 'unknown' | 'unreadable' | 'drift' | 'asked']: number };

/**
 * Walks the cursor listing of each place once and brings what it says about our assets into the ledger. What a full walk
 * lacks is asked for by itself: a listing is never evidence of absence. Trouble ends the walk early and is in the summary.
 */
export class Reconciler {
  readonly #deps: ReconcilerDeps;
  /** Assets up to this id were asked for when the last full walk lacked them. */
  #askedUpTo = '';
  #running: Promise<unknown> = Promise.resolve();

  constructor(deps: ReconcilerDeps) {
    this.#deps = deps;
  }

  /** One walk at a time: a call during one waits for its end, or for its own. */
  async run(options: ReconcileOptions, signal: AbortSignal): Promise<ReconcileSummary> {
    // It changes nothing, and goes no faster than somebody reads what it tells.
    if (options.isDryRun) return await this.#runOnce(options, signal);
    const before = this.#running;
    const run = endOf(before, signal).then(() => this.#runOnce(options, signal));
    this.#running = Promise.allSettled([before, run]);
    return await run;
  }

  async #runOnce(options: ReconcileOptions, signal: AbortSignal): Promise<ReconcileSummary> {
    const { clock, ledger, log } = this.#deps;
    const [startedMs, beganMs] = [clock.monotonic(), clock.now()];
    const counts: Counts = { pages: 0, assets: 0, ours: 0, unknown: 0, unreadable: 0, drift: 0, asked: 0 };
    const listed = new IdSet();
    let error: string | null = null;
    // All of them or none: what is unlisted is asked for only when every place was read to its end.
    const isFullDue = options.isFull || this.#deps.places.some((place) => this.#horizonMs(place) === null);
    let isFull = true;
    for (const place of this.#deps.places) {
      try {
        const wasFull = await this.#walk(place, { ...options, isFull: isFullDue }, counts, listed, signal);
        isFull = isFull && wasFull;
        if (signal.aborted) error = 'interrupted';
      } catch (thrown) {
        if (!isKnown(thrown)) throw thrown;
        error = thrown.requestId === undefined ? thrown.message : `${thrown.message} (${thrown.requestId})`;
      }
    }
    if (isFull && error === null && !options.isDryRun) await this.#askUnlisted(listed, beganMs, counts, signal);
    if (!options.isDryRun && !signal.aborted) await this.#applyPolicy();
    const measured = {
      missing: ledger.contents.missingCount(),
      seconds: Math.round(clock.monotonic() - startedMs) / 1000,
    };
    const summary: ReconcileSummary = { atMs: clock.now(), isFull, ...counts, ...measured, error };
    if (!signal.aborted && !options.isDryRun) await ledger.write((tables) => tables.facts.setLastReconcile(summary));
    const what = options.isDryRun
      ? 'compared with the listing of FLORA, for a dry run'
      : 'reconciled with the listing of FLORA';
    const facts = { is_full: isFull, ...counts, ...measured, error };
    if (error === null) log.info(facts, what);
    else if (signal.aborted) log.info(facts, 'the walk through the listing of FLORA was broken off');
    else log.warn(facts, 'the listing of FLORA could not be read to its end; the next interval tries again');
    return summary;
  }

  /** Returns whether every page was read. */
  async #walk(
    place: Place,
    options: ReconcileOptions,
    counts: Counts,
    listed: IdSet,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { clock, ledger } = this.#deps;
    const { isFull, isDryRun } = options;
    const startedMs = clock.now();
    const horizonMs = isFull ? null : this.#horizonMs(place);
    const trend = new ListingTrend();
    const pages = walkListing(this.#polite(), { ...place, limit: pageSize }, signal, { readsAhead: isFull });
    for await (const { assets, anonymous, unreadable } of pages) {
      counts.pages += 1;
      counts.assets += assets.length;
      counts.unreadable += anonymous.length + unreadable;
      trend.add(assets);
      // All of a page in one group of the ledger.
      await Promise.all(this.#news(assets, counts, listed).map((news) => this.#bringIn(news, counts, options)));
      if (horizonMs !== null && trend.isOlderThan(horizonMs)) return false;
    }
    if (signal.aborted) return false;
    const order = { fullAtMs: startedMs, isNewestFirst: trend.isNewestFirst };
    if (!isDryRun) await ledger.write((tables) => tables.facts.setListingOrder(keyOf(place), order));
    return true;
  }

  #polite(): ListingDeps {
    const { claimed } = this.#deps;
    return { ...this.#deps, paceMs: () => (claimed().size > 0 ? busyPageMs : 0) };
  }

  /**
   * Up to which time of creation a walk has to read; null for all of it. Sound only where the last full walk saw the newest
   * assets first, and enough for news: old assets that change are found by the daily full walk.
   */
  #horizonMs(place: Place): number | null {
    const { ledger, clock } = this.#deps;
    const order = ledger.facts.listingOrder(keyOf(place));
    const nowMs = clock.now();
    if (order === null || !order.isNewestFirst || nowMs - order.fullAtMs >= fullEveryMs || order.fullAtMs > nowMs) {
      return null;
    }
    const oldestMs = ledger.contents.oldestBoundAtMs() ?? order.fullAtMs;
    return Math.min(oldestMs, order.fullAtMs) - overlapMs;
  }

  /** Those of a page that say anything new. Most do not, and need no more than one statement for all of them. */
  #news(assets: readonly ListedAsset[], counts: Counts, seen: IdSet): readonly News[] {
    const bound = this.#deps.ledger.boundAssets.of(assets.map(({ assetId }) => assetId));
    counts.ours += bound.length;
    counts.unknown += assets.length - bound.length;
    const news: News[] = [];
    for (const known of bound) {
      seen.add(known.id);
      const listed = assets[known.at];
      const event = listed === undefined ? null : reconcileListed(known, listed);
      if (listed !== undefined && event !== null) news.push({ listed, event });
    }
    return news;
  }

  async #bringIn({ listed, event }: News, counts: Counts, options: ReconcileOptions): Promise<void> {
    const content = this.#deps.ledger.contents.findByAsset(listed.assetId);
    if (content === undefined || this.#deps.claimed().has(content.id)) return;
    if (options.isDryRun) {
      const after = transition(content, event, this.#context());
      if (after.state === content.state && after.url === content.url) return;
      counts.drift += 1;
      return await options.onDrift?.({ content, after, listed });
    }
    const after = await commitOutcome(this.#deps, content, { event, requestId: null, doubted: [] });
    if (after === null || (after.state === content.state && after.url === content.url)) return;
    counts.drift += 1;
    this.#deps.onWork();
  }

  /** Ready assets of ours that the listing lacked: each is asked for by itself, a bounded number at a time. */
  async #askUnlisted(listed: IdSet, beganMs: number, counts: Counts, signal: AbortSignal): Promise<void> {
    const { clock, ledger } = this.#deps;
    const { boundAssets, contents } = ledger;
    for (let after: string | null = this.#askedUpTo; after !== null; ) {
      const { ids, last } = boundAssets.idsAfter(after, idsPerSlice);
      for (const id of ids) {
        if (listed.has(id)) continue;
        if (signal.aborted) return;
        const content = contents.get(id);
        if (content?.state !== 'ready' || content.assetId === null || !this.#isListedPlace(content)) continue;
        // No page had to show what became ready during the walk: it would only take the places of others.
        const sinceMs = contents.stateSinceMs(id) ?? 0;
        if (sinceMs > beganMs && sinceMs <= clock.now()) continue;
        this.#askedUpTo = content.assetId;
        counts.asked += 1;
        await this.#ask(content, content.assetId, counts, signal);
        if (counts.asked >= mostAsked) return;
      }
      after = last;
      await clock.turn();
    }
    this.#askedUpTo = '';
  }

  /** Whether its place is one that was listed: former settings may have had others. */
  #isListedPlace({ destinationId }: Content): boolean {
    const key = keyOf(this.#deps.ledger.directories.destination(destinationId));
    return this.#deps.places.some((place) => keyOf(place) === key);
  }

  /** The settings may say otherwise than when these were found missing. */
  async #applyPolicy(): Promise<void> {
    const { ledger, onWork } = this.#deps;
    const ids = ledger.contents.missing();
    if (ids.length === 0) return;
    for (const id of ids) {
      const context = this.#context();
      await ledger.write((tables) => {
        const content = tables.contents.get(id);
        if (content !== undefined) byPolicy(this.#deps, tables, content, context);
      });
    }
    onWork();
  }

  #context(): TransitionContext {
    const { clock, random } = this.#deps;
    return { nowMs: clock.now(), random: random.fraction(), freshKey: random.token() };
  }

  async #ask(content: Content, assetId: string, counts: Counts, signal: AbortSignal): Promise<void> {
    const { gate, remote, claimed } = this.#deps;
    if (claimed().has(content.id)) return;
    const signals = { stopping: signal, abort: signal };
    // Left to the next listing it could be refused by each: what comes right after many pages is what a limit refuses.
    const asked = await patiently(() =>
      askFlora(gate, signals, { op: 'check', file: null }, () => remote.get(assetId, signal)),
    );
    if (asked === null) return;
    const event =
      asked.kind === 'answer'
        ? ({ type: 'asset', facts: asked.value.value, by: 'get' } as const)
        : eventFromError({ type: 'check', assetId }, asked.error);
    if (event.type !== 'asset' && event.type !== 'asset-missing') return;
    const requestId = asked.kind === 'answer' ? asked.value.requestId : (asked.error.requestId ?? null);
    const after = await commitOutcome(this.#deps, content, { event, requestId, doubted: [] });
    if (after === null) return;
    counts.drift += 1;
    this.#deps.onWork();
  }
}
