import type { Statement } from 'better-sqlite3';
import { type Content, oneBufferBytes } from '../../core/content.ts';
import type { NewContent } from '../../core/records.ts';
import type { LedgerDatabase } from '../database.ts';
import { begun, type ContentRow, maybeContent, toContent } from './content-row.ts';
import { ContentUpdate } from './content-update.ts';

// The predicates of the indexes content_due and content_queued, word for word, or the planner will not use them. Together they
// are what is active.
const begunWork = `state <> 'queued' AND state <> 'ready' AND state <> 'missing' AND state <> 'rejected' AND state <> 'gone'`;
const queued = `state = 'queued'`;

/** What is due: contents that wait for an asset, or those whose work has begun (`matching` among them). */
type DueKind = 'queued' | 'begun';

interface DueContent {
  readonly id: number;
  readonly notBeforeMs: number;
}

/** The contents table: one row for each (destination, sha256). Call its writing methods inside `Ledger.write`. */
export class ContentStore {
  readonly #byId: Statement<[number], ContentRow>;
  readonly #byBytes: Statement<[number, string], ContentRow>;
  readonly #byAsset: Statement<[string], ContentRow>;
  readonly #due: Readonly<Record<DueKind, Statement<[number, number], DueContent>>>;
  readonly #nextInTurn: Statement<[number], DueContent>;
  readonly #nextDue: Readonly<Record<DueKind, Statement<[number], { not_before: number }>>>;
  readonly #any: Statement<[], { id: number }>;
  readonly #anyActive: readonly Statement<[], { id: number }>[];
  readonly #withoutBytes: Statement<[], { id: number }>;
  readonly #backlog: Statement<[], { count: number; bytes: number }>;
  readonly #anyMatching: Statement<[], { id: number }>;
  readonly #unpark: Statement<[number]>;
  readonly #control: Statement<[Record<string, unknown>], { asset_id: string }>;
  readonly #missing: Statement<[], { id: number }>;
  readonly #missingCount: Statement<[], number>;
  readonly #stateSince: Statement<[number], { at: number }>;
  readonly #oldestBound: Statement<[], number | null>;
  readonly #doubtUnanswered: Statement<[number]>;
  readonly #clampWaits: readonly Statement<[{ nowMs: number; longestMs: number }]>[];
  readonly #insert: Statement<unknown[]>;
  readonly #update: ContentUpdate;

  constructor(database: LedgerDatabase) {
    this.#byId = database.prepare('SELECT * FROM content WHERE id = ?');
    this.#byBytes = database.prepare('SELECT * FROM content WHERE destination_id = ? AND sha256 = ? ORDER BY twin');
    this.#byAsset = database.prepare('SELECT * FROM content WHERE asset_id = ?');
    const dueOf = (kind: string) =>
      database.prepare<[number, number], DueContent>(
        `SELECT id, not_before AS notBeforeMs FROM content WHERE ${kind} AND not_before <= ? ORDER BY not_before, id LIMIT 0 + ?`,
      );
    this.#due = { queued: dueOf(queued), begun: dueOf(begunWork) };
    this.#nextInTurn = database.prepare(
      `SELECT id, not_before AS notBeforeMs FROM content WHERE ${queued} AND not_before <= ? ORDER BY min(attempts, 2), not_before, id LIMIT 1`,
    );
    const nextOf = (kind: string) =>
      database.prepare<[number], { not_before: number }>(
        `SELECT not_before FROM content WHERE ${kind} AND not_before > ? ORDER BY not_before`,
      );
    this.#nextDue = { queued: nextOf(queued), begun: nextOf(begunWork) };
    this.#any = database.prepare('SELECT id FROM content');
    this.#anyActive = [queued, begunWork].map((kind) => database.prepare(`SELECT id FROM content WHERE ${kind}`));
    this.#withoutBytes = database.prepare(
      `SELECT id FROM content INDEXED BY content_due WHERE ${begunWork} AND asset_id IS NOT NULL AND complete_sent = 0`,
    );
    this.#backlog = database.prepare(
      `SELECT sum(count) AS count, sum(bytes) AS bytes FROM (
         SELECT count(*) AS count, ifnull(sum(size_bytes), 0) AS bytes FROM content WHERE ${queued}
         UNION ALL SELECT count(*), ifnull(sum(size_bytes), 0) FROM content WHERE ${begunWork})`,
    );
    this.#anyMatching = database.prepare(`SELECT id FROM content WHERE ${begunWork} AND state = 'matching'`);
    this.#unpark = database.prepare(`UPDATE content SET not_before = ? WHERE ${begunWork} AND state = 'matching'`);
    this.#control = database.prepare(
      // The plus keeps the planner from sorting all of a destination instead of walking back from the latest.
      `SELECT asset_id FROM content
       WHERE id <> @contentId AND state = 'ready' AND +destination_id IN (SELECT id FROM destination WHERE workspace_id =
         (SELECT workspace_id FROM content JOIN destination ON destination.id = content.destination_id
          WHERE content.id = @contentId))
       ORDER BY id DESC LIMIT 0 + @limit`,
    );
    this.#missing = database.prepare(`SELECT id FROM content WHERE state = 'missing'`);
    this.#missingCount = database
      .prepare<[], number>(`SELECT count(*) FROM content WHERE state = 'missing'`)
      .pluck(true);
    this.#stateSince = database.prepare('SELECT updated_at AS at FROM content WHERE id = ?');
    this.#oldestBound = database
      .prepare<[], number | null>(
        `SELECT min(created_at) FROM content INDEXED BY content_due WHERE ${begunWork} AND asset_id IS NOT NULL`,
      )
      .pluck(true);
    this.#doubtUnanswered = database.prepare(
      `UPDATE content SET may_have_all_bytes = 1 WHERE ${begunWork} AND state = 'reserved' AND size_bytes <= ?`,
    );
    this.#clampWaits = [queued, begunWork].map((kind) =>
      database.prepare(`UPDATE content SET not_before = @nowMs WHERE ${kind} AND not_before > @nowMs + @longestMs`),
    );
    this.#insert = database.prepare(
      `INSERT INTO content (destination_id, sha256, twin, size_bytes, content_type, file_name, state, idempotency_key,
         not_before, created_at, updated_at, generation, renewals, bytes_confirmed, complete_sent, complete_accepted, attempts,
         strikes, failures, revision)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 0, 0, 0, 0, 0, 0, 0, 1)`,
    );
    this.#update = new ContentUpdate(database);
  }

  get(id: number): Content | undefined {
    return maybeContent(this.#byId.get(id));
  }

  /** The contents with these bytes, by twin: one, or none, unless copies do not share an asset. */
  withBytes(destinationId: number, sha256: string): readonly Content[] {
    return this.#byBytes.all(destinationId, sha256).map(toContent);
  }

  findByAsset(assetId: string): Content | undefined {
    return maybeContent(this.#byAsset.get(assetId));
  }

  /** The contents of a kind that are due, those that wait longest first. */
  due(kind: DueKind, nowMs: number, limit: number): readonly DueContent[] {
    return this.#due[kind].all(nowMs, limit);
  }

  /** Of those that wait for an asset and are due, whose turn it is: what is new, and then in a round. Reads them all. */
  nextInTurn(nowMs: number): DueContent | undefined {
    return this.#nextInTurn.get(nowMs);
  }

  /** When the next content of a kind that is not due yet will be; undefined when none waits. */
  nextDueAtMs(kind: DueKind, nowMs: number): number | undefined {
    return this.#nextDue[kind].get(nowMs)?.not_before;
  }

  /** Ids of the contents that have an asset none of whose bytes was ever accepted. */
  withoutBytes(): readonly number[] {
    return this.#withoutBytes.all().map((row) => row.id);
  }

  hasAny(): boolean {
    return this.#any.get() !== undefined;
  }

  /** Whether any content is not at its end yet; costs the same for any number of them. */
  hasActive(): boolean {
    return this.#anyActive.some((any) => any.get() !== undefined);
  }

  /** What is not at its end yet: contents, and their bytes. */
  backlog(): { readonly count: number; readonly bytes: number } {
    return this.#backlog.get() as { count: number; bytes: number };
  }

  hasMatching(): boolean {
    return this.#anyMatching.get() !== undefined;
  }

  /** Makes everything due that waits for FLORA's assets to be listed. */
  unparkMatching(nowMs: number): void {
    this.#unpark.run(nowMs);
  }

  /** Other ready assets in the content's workspace, the latest first: FLORA should show them if it shows anything. */
  controlAssets(contentId: number, limit: number): readonly string[] {
    return this.#control.all({ contentId, limit }).map((row) => row.asset_id);
  }

  /** When the content came into its state, milliseconds since the epoch by our clock; undefined without such a content. */
  stateSinceMs(id: number): number | undefined {
    return this.#stateSince.get(id)?.at;
  }

  missing(): readonly number[] {
    return this.#missing.all().map((row) => row.id);
  }

  missingCount(): number {
    return this.#missingCount.get() as number;
  }

  /** When the oldest content that has an asset and is not at its end was first seen; null when none is. */
  oldestBoundAtMs(): number | null {
    return this.#oldestBound.get() as number | null;
  }

  /**
   * At the start, before anything is read: what was about to be sent in one piece may have been sent whole, by a process that was
   * killed before it could note what came of it.
   */
  doubtUnanswered(): void {
    this.#doubtUnanswered.run(oneBufferBytes);
  }

  /** Makes due what would wait longer than anything may: it was written while the clock was ahead. */
  clampWaits(nowMs: number, longestMs: number): void {
    for (const clamp of this.#clampWaits) clamp.run({ nowMs, longestMs });
  }

  /** Begins a new content. Throws SQLite's constraint error when these bytes already have one. */
  insert(content: NewContent, nowMs: number): Content {
    const { destinationId, sha256, twin, sizeBytes, contentType, fileName, state, idempotencyKey, notBeforeMs } =
      content;
    const { lastInsertRowid } = this.#insert.run(
      destinationId,
      sha256,
      twin,
      sizeBytes,
      contentType,
      fileName,
      state,
      idempotencyKey,
      notBeforeMs,
      nowMs,
      nowMs,
    );
    return { ...content, ...begun, id: Number(lastInsertRowid) };
  }

  /** Compare-and-set: writes `next` if the row is still exactly `previous`; false when it is not (drop the result). */
  save(previous: Content, next: Content, nowMs: number): boolean {
    return this.#update.run(previous, next, nowMs);
  }
}
