import type { Content } from '../../core/content.ts';
import type { ListedAsset } from '../../core/event.ts';
import { failureCodes } from '../../core/failure.ts';
import type { MatchingSummary } from '../../core/records.ts';
import { longestWaitMs } from '../../core/steps.ts';
import type { Outcome } from '../commit/outcome.ts';
import type { LedgerPort, LedgerTablesPort } from '../ports/ledger.ts';
import type { LogPort } from '../ports/runtime.ts';
import type { Learning } from './learning.ts';
import { keyOf, type ListingDeps, type Place, walkListing } from './listing.ts';
import { type MatchDeps, matchContent, queryOf } from './match-content.ts';
import { isKnown, type WorkSignals } from './request.ts';
import type { Transfers } from './transfers.ts';

interface MatchingDeps extends ListingDeps {
  readonly ledger: LedgerPort;
  readonly log: LogPort;
  readonly learning: Pick<Learning, 'seen' | 'listed'>;
  readonly places: readonly Place[];
  readonly onWork: () => void;
  readonly transfers: Transfers;
}

const notThere: Outcome = { event: { type: 'unmatched' }, requestId: null, doubted: [] };

/** Pages of different lengths end at different assets: what shifts between two pages of one walk is seen by the other. */
const pageSizes = [100, 83, 67, 97, 71] as const;
/** As many walks at least; more while they still find assets that none before had. */
const fewestWalks = 2;
const retryMs = 30_000;

/**
 * A ledger that is new to a drop folder, or was restored, does not know what FLORA has already: it looks there first. The
 * assets are listed whole, more than once; a content is adopted by a ready asset only after the bytes behind that asset's URL
 * were fetched and have its digest. What FLORA certainly does not have is queued as ever.
 */
export class Matching {
  readonly #deps: MatchingDeps;
  readonly #match: MatchDeps;
  #isListing = false;

  constructor(deps: MatchingDeps) {
    this.#deps = deps;
    this.#match = { ...deps, fetches: new Map(), hiddenSince: new Map() };
  }

  /** What FLORA has is being listed: contents wait for the end of that. */
  get isListing(): boolean {
    return this.#isListing;
  }

  /** In which state a content that nothing is known of begins. Inside a write. */
  begin(
    tables: LedgerTablesPort,
    content: Pick<Content, 'destinationId' | 'sizeBytes' | 'sha256' | 'contentType' | 'fileName'>,
    nowMs: number,
  ): { readonly state: 'matching' | 'queued'; readonly notBeforeMs: number } {
    const destination = tables.directories.destination(content.destinationId);
    // Parked: the end of the listing makes it due.
    if (!tables.facts.isListed(keyOf(destination))) return { state: 'matching', notBeforeMs: nowMs + longestWaitMs };
    if (!tables.remoteAssets.hasAny()) return { state: 'queued', notBeforeMs: nowMs };
    const query = queryOf(tables, destination, content, [content.fileName]);
    const couldBeThere =
      tables.remoteAssets.candidate(query) !== undefined || tables.remoteAssets.pending(query).length > 0;
    return { state: couldBeThere ? 'matching' : 'queued', notBeforeMs: nowMs };
  }

  /** What the worker does for a content in `matching`. */
  async match(content: Content, signals: WorkSignals): Promise<Outcome | null> {
    const { ledger, places } = this.#deps;
    const key = keyOf(ledger.directories.destination(content.destinationId));
    // Nobody lists what these settings do not name (nothing is sent there either), or do not want to be looked for.
    const isLookedFor = places.some((place) => keyOf(place) === key) && ledger.directories.toMatch().length > 0;
    if (!isLookedFor) return notThere;
    return await matchContent(this.#match, content, signals);
  }

  /** Lists the assets of each place where that is to be done, and lets what waited for it go on. */
  async list(signal: AbortSignal): Promise<void> {
    this.#isListing = true;
    try {
      await this.#listAll(signal);
    } finally {
      this.#isListing = false;
    }
  }

  async #listAll(signal: AbortSignal): Promise<void> {
    const { ledger, clock, log } = this.#deps;
    while (!signal.aborted && ledger.directories.toMatch().length > 0) {
      const place = this.#deps.places.find((each) => !ledger.facts.isListed(keyOf(each)));
      if (place === undefined) return;
      try {
        await this.#listPlace(place, signal);
      } catch (error) {
        if (!isKnown(error)) throw error;
        const facts = { code: error.code, request_id: error.requestId, hint: error.hint };
        const trouble = `${error.message}; what FLORA has already is not known yet, so new files wait`;
        log.warn(facts, trouble);
        await this.#note({ trouble });
        await clock.sleep(retryMs, signal);
      }
    }
  }

  /**
   * Ends the search for those of these folders, which were read whole, that hold anything, unless contents still wait for
   * its outcome: an empty folder may be a drive that is not mounted yet. Returns what it came to when it ended for any now.
   */
  async finish(folderIds: readonly number[]): Promise<MatchingSummary | null> {
    const { ledger, clock, log } = this.#deps;
    const open = ledger.directories.toMatch();
    if (open.length === 0 || ledger.contents.hasMatching()) return null;
    if (this.#deps.places.some((place) => !ledger.facts.isListed(keyOf(place)))) return null;
    const { directories } = ledger;
    // What could not be read yet may be in FLORA too.
    const isWhole = (id: number) => directories.hasFiles(id) && !directories.hasProblems(id, failureCodes);
    const ending = open.filter((id) => folderIds.includes(id) && isWhole(id));
    if (ending.length === 0) return null;
    const summary = await ledger.write((tables) => {
      if (tables.contents.hasMatching()) return null;
      for (const id of ending) tables.directories.setNeedsMatching(id, false);
      const { matching } = tables.facts;
      if (matching === null || ending.length < open.length) return matching;
      const ended = { ...matching, endedMs: clock.now() };
      tables.facts.setMatching(ended);
      tables.facts.forgetListed();
      tables.remoteAssets.clear();
      return ended;
    });
    if (summary !== null && summary.assets > 0) {
      const { assets, adopted, fetchedBytes } = summary;
      log.info({ assets, adopted, fetched_bytes: fetchedBytes }, 'looked for files that FLORA has already');
    }
    return summary;
  }

  async #listPlace(place: Place, signal: AbortSignal): Promise<void> {
    const { ledger, clock, log, onWork } = this.#deps;
    const key = keyOf(place);
    let unreadable = 0;
    // Walks of an earlier life count: what they saw is in the ledger.
    const { walks: made } = ledger.facts.listing(key);
    for (const [former, limit] of [...pageSizes.entries()].slice(made)) {
      const walks = former + 1;
      const before = ledger.remoteAssets.count();
      unreadable = 0;
      for await (const page of walkListing(this.#deps, { ...place, limit }, signal)) {
        unreadable += page.anonymous.length + page.unreadable;
        const listed = [
          ...page.assets.map((asset) => toRemote(place, asset, false)),
          ...page.anonymous.map((asset) => toRemote(place, { ...asset, assetId: madeUpId(asset) }, true)),
        ];
        await ledger.write((tables) => {
          for (const asset of listed) tables.remoteAssets.save(asset);
        });
      }
      if (signal.aborted) return;
      if (walks >= fewestWalks && ledger.remoteAssets.count() === before) break;
      await ledger.write((tables) => tables.facts.setListing(key, { walks, isDone: false }));
    }
    await this.#note({ unreadable, trouble: null, assets: ledger.remoteAssets.count() });
    await ledger.write((tables) => {
      tables.facts.setListing(key, { walks: pageSizes.length, isDone: true });
      tables.contents.unparkMatching(clock.now());
    });
    const { workspaceId, projectId } = place;
    const facts = { workspace_id: workspaceId, project_id: projectId, assets: ledger.remoteAssets.count() };
    log.debug(facts, 'listed what FLORA has');
    onWork();
  }

  /** What `status` shows of the search. */
  async #note(news: Partial<MatchingSummary>): Promise<void> {
    const { ledger, clock } = this.#deps;
    const sinceMs = clock.now();
    await ledger.write((tables) => {
      const known = tables.facts.matching;
      const isOpen = known !== null && known.endedMs === null;
      const begun = { sinceMs, endedMs: null, assets: 0, fetchedBytes: 0, adopted: 0, unreadable: 0, trouble: null };
      tables.facts.setMatching({ ...(isOpen ? known : begun), ...news });
    });
  }
}

function toRemote({ workspaceId, projectId }: Place, asset: ListedAsset, isAnonymous: boolean) {
  const { contentType, uploadContentType } = asset;
  const isConverted = contentType !== null && uploadContentType !== null && contentType !== uploadContentType;
  return { ...asset, workspaceId, projectId: asset.projectId ?? projectId, isConverted, isAnonymous };
}

/** The same for the same asset in each walk, as far as that can be told. */
function madeUpId({ name, sizeBytes, url, createdAtMs }: Omit<ListedAsset, 'assetId'>): string {
  return `without id: ${JSON.stringify([name, sizeBytes, url, createdAtMs])}`;
}
