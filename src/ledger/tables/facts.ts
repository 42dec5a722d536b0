import type { Statement } from 'better-sqlite3';
import type { Creation } from '../../core/creation.ts';
import {
  type Learnt,
  type ListingOrder,
  type MatchingSummary,
  nothingLearnt,
  type PlaceListing,
  type ReconcileSummary,
  type SavedPace,
} from '../../core/records.ts';
import type { LedgerDatabase } from '../database.ts';

/** Small single facts that survive a restart. */
export class FactStore {
  readonly #get: Statement<[string], { value: string }>;
  readonly #set: Statement<[string, string]>;
  readonly #removeAll: Statement<[string]>;
  readonly #all: Statement<[string], { key: string; value: string }>;

  constructor(database: LedgerDatabase) {
    this.#get = database.prepare('SELECT value FROM fact WHERE key = ?');
    this.#set = database.prepare(
      'INSERT INTO fact (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    );
    this.#all = database.prepare('SELECT key, value FROM fact WHERE key GLOB ? ORDER BY key');
    this.#removeAll = database.prepare('DELETE FROM fact WHERE key GLOB ?');
  }

  get lastReconcile(): ReconcileSummary | null {
    const last = this.#read<ReconcileSummary>('last_reconcile');
    // One of an earlier version counted none.
    return last === null ? null : { ...last, unreadable: last.unreadable ?? 0 };
  }

  setLastReconcile(summary: ReconcileSummary): void {
    this.#write('last_reconcile', summary);
  }

  /** How the last full walk through a listing went: what a shorter walk may build on. */
  listingOrder(place: string): ListingOrder | null {
    return this.#read<ListingOrder>(`order:${place}`);
  }

  setListingOrder(place: string, order: ListingOrder): void {
    this.#write(`order:${place}`, order);
  }

  /** The search for bytes that FLORA has already, of this ledger or the one before; null when there was none. */
  get matching(): MatchingSummary | null {
    const matching = this.#read<MatchingSummary>('matching');
    if (matching === null) return null;
    return { ...matching, unreadable: matching.unreadable ?? 0, trouble: matching.trouble ?? null };
  }

  setMatching(summary: MatchingSummary): void {
    this.#write('matching', summary);
  }

  /** The budget of assets that never got a byte; null when none was ever asked for. */
  get creation(): Creation | null {
    return this.#read<Creation>('creation');
  }

  setCreation(creation: Creation): void {
    this.#write('creation', creation);
  }

  /** How fast FLORA may be asked, as it was learned last; null where nothing is known. */
  get pace(): SavedPace | null {
    return this.#read<SavedPace>('pace');
  }

  setPace(pace: SavedPace): void {
    this.#write('pace', pace);
  }

  /** What was learnt of how FLORA answers in this workspace. */
  learnt(workspaceId: string): Learnt {
    return { ...nothingLearnt, ...this.#read<Learnt>(`learnt:${workspaceId}`) };
  }

  /** All that was learnt, by workspace. */
  allLearnt(): Readonly<Record<string, Learnt>> {
    const rows = this.#all.all('learnt:*');
    return Object.fromEntries(rows.map(({ key }) => key.slice('learnt:'.length)).map((id) => [id, this.learnt(id)]));
  }

  setLearnt(workspaceId: string, learnt: Learnt): void {
    this.#write(`learnt:${workspaceId}`, learnt);
  }

  /** Whether this place's assets were listed for the search. */
  isListed(place: string): boolean {
    return this.listing(place).isDone;
  }

  /** How many whole walks the search has made through this place's listing. */
  listing(place: string): PlaceListing {
    return this.#read<PlaceListing>(`listed:${place}`) ?? { walks: 0, isDone: false };
  }

  setListing(place: string, listing: PlaceListing): void {
    this.#write(`listed:${place}`, listing);
  }

  forgetListed(): void {
    this.#removeAll.run('listed:*');
  }

  /** What is read was written by `#write` below, under the same key, and by nobody else. */
  #read<T>(key: string): T | null {
    const row = this.#get.get(key);
    return row === undefined ? null : (JSON.parse(row.value) as T);
  }

  #write(key: string, value: object): void {
    this.#set.run(key, JSON.stringify(value));
  }
}
