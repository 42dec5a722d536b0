import type { Statement } from 'better-sqlite3';
import type { Content, ContentState, UploadTarget } from '../core/content.ts';
import type { NewContent } from '../core/records.ts';
import type { LedgerDatabase } from './database.ts';

interface ContentRow {
  id: number;
  destination_id: number;
  sha256: string;
  twin: number;
  size_bytes: number;
  content_type: string;
  file_name: string;
  state: ContentState;
  generation: number;
  idempotency_key: string;
  renewals: number;
  asset_id: string | null;
  url: string | null;
  target: string | null;
  target_expires_at: number | null;
  bytes_confirmed: number;
  complete_sent: number;
  complete_accepted: number;
  attempts: number;
  strikes: number;
  failures: number;
  missing_since: number | null;
  not_before: number;
  reason_code: string | null;
  reason: string | null;
  revision: number;
}

// Must be the predicate of the index content_due, word for word, or the planner will not use it.
const active = `state IN ('matching', 'queued', 'reserved', 'uploaded', 'checking', 'renewing')`;

/** The contents table: one row for each (destination, sha256). Call its writing methods inside `Ledger.write`. */
export class ContentStore {
  readonly #byId: Statement<[number], ContentRow>;
  readonly #byBytes: Statement<[number, string], ContentRow>;
  readonly #byAsset: Statement<[string], ContentRow>;
  readonly #due: Statement<[number, number], { id: number }>;
  readonly #nextDue: Statement<[number], { not_before: number }>;
  readonly #any: Statement<[], { id: number }>;
  readonly #anyActive: Statement<[], { id: number }>;
  readonly #backlog: Statement<[], { count: number; bytes: number }>;
  readonly #anyMatching: Statement<[], { id: number }>;
  readonly #unpark: Statement<[number]>;
  readonly #control: Statement<[Record<string, unknown>], { asset_id: string }>;
  readonly #readyAfter: Statement<[number, number], { id: number }>;
  readonly #missing: Statement<[], { id: number }>;
  readonly #missingCount: Statement<[], { count: number }>;
  readonly #oldestBound: Statement<[], { at: number | null }>;
  readonly #clampWaits: Statement<[{ nowMs: number; longestMs: number }]>;
  readonly #insert: Statement<[NewContent & { nowMs: number }]>;
  readonly #update: Statement<[Record<string, unknown>]>;

  constructor(database: LedgerDatabase) {
    this.#byId = database.prepare('SELECT * FROM content WHERE id = ?');
    this.#byBytes = database.prepare('SELECT * FROM content WHERE destination_id = ? AND sha256 = ? ORDER BY twin');
    this.#byAsset = database.prepare('SELECT * FROM content WHERE asset_id = ?');
    this.#due = database.prepare(
      `SELECT id FROM content WHERE ${active} AND not_before <= ? ORDER BY not_before, id LIMIT ?`,
    );
    this.#nextDue = database.prepare(
      `SELECT not_before FROM content WHERE ${active} AND not_before > ? ORDER BY not_before LIMIT 1`,
    );
    this.#any = database.prepare('SELECT id FROM content LIMIT 1');
    this.#anyActive = database.prepare(`SELECT id FROM content WHERE ${active} LIMIT 1`);
    this.#backlog = database.prepare(
      `SELECT count(*) AS count, ifnull(sum(size_bytes), 0) AS bytes FROM content WHERE ${active}`,
    );
    this.#anyMatching = database.prepare(`SELECT id FROM content WHERE ${active} AND state = 'matching' LIMIT 1`);
    this.#unpark = database.prepare(`UPDATE content SET not_before = ? WHERE ${active} AND state = 'matching'`);
    this.#control = database.prepare(
      // The plus keeps the planner from sorting all of a destination instead of walking back from the latest.
      `SELECT asset_id FROM content
       WHERE id <> @contentId AND state = 'ready' AND +destination_id IN (SELECT id FROM destination WHERE workspace_id =
         (SELECT workspace_id FROM content JOIN destination ON destination.id = content.destination_id
          WHERE content.id = @contentId))
       ORDER BY id DESC LIMIT @limit`,
    );
    this.#readyAfter = database.prepare(`SELECT id FROM content WHERE id > ? AND state = 'ready' ORDER BY id LIMIT ?`);
    this.#missing = database.prepare(`SELECT id FROM content WHERE state = 'missing'`);
    this.#missingCount = database.prepare(`SELECT count(*) AS count FROM content WHERE state = 'missing'`);
    this.#oldestBound = database.prepare(
      `SELECT min(created_at) AS at FROM content WHERE ${active} AND asset_id IS NOT NULL`,
    );
    this.#clampWaits = database.prepare(
      `UPDATE content SET not_before = @nowMs WHERE ${active} AND not_before > @nowMs + @longestMs`,
    );
    this.#insert = database.prepare(
      `INSERT INTO content (destination_id, sha256, twin, size_bytes, content_type, file_name, state, generation,
         idempotency_key, renewals, bytes_confirmed, complete_sent, complete_accepted, attempts, strikes, failures, not_before,
         revision, created_at, updated_at)
       VALUES (@destinationId, @sha256, @twin, @sizeBytes, @contentType, @fileName, @state, 1,
         @idempotencyKey, 0, 0, 0, 0, 0, 0, 0, @notBeforeMs, 1, @nowMs, @nowMs)`,
    );
    this.#update = database.prepare(
      `UPDATE content SET state = @state, generation = @generation, idempotency_key = @idempotencyKey,
         renewals = @renewals, asset_id = @assetId, url = @url, target = @target,
         target_expires_at = @targetExpiresAtMs, bytes_confirmed = @areBytesConfirmed,
         complete_sent = @isCompleteSent, complete_accepted = @isCompleteAccepted, attempts = @attempts,
         strikes = @strikes, failures = @failures, missing_since = @missingSinceMs, not_before = @notBeforeMs, reason_code = @reasonCode, reason = @reason,
         revision = revision + 1, updated_at = iif(state = @state, updated_at, @nowMs)
       WHERE id = @id AND state = @expectedState AND generation = @expectedGeneration AND revision = @expectedRevision`,
    );
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

  /** Ids of the contents that are due, those that wait longest first. */
  due(nowMs: number, limit: number): readonly number[] {
    return this.#due.all(nowMs, limit).map((row) => row.id);
  }

  /** When the next content that is not due yet will be; undefined when none waits. */
  nextDueAtMs(nowMs: number): number | undefined {
    return this.#nextDue.get(nowMs)?.not_before;
  }

  hasAny(): boolean {
    return this.#any.get() !== undefined;
  }

  /** Whether any content is not at its end yet; costs the same for any number of them. */
  hasActive(): boolean {
    return this.#anyActive.get() !== undefined;
  }

  /** What is not at its end yet: contents, and their bytes. */
  backlog(): { readonly count: number; readonly bytes: number } {
    return this.#backlog.get() ?? { count: 0, bytes: 0 };
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

  /** The next ready contents by id. */
  readyAfter(id: number, limit: number): readonly number[] {
    return this.#readyAfter.all(id, limit).map((row) => row.id);
  }

  missing(): readonly number[] {
    return this.#missing.all().map((row) => row.id);
  }

  missingCount(): number {
    return this.#missingCount.get()?.count ?? 0;
  }

  /** When the oldest content that has an asset and is not at its end was first seen; null when none is. */
  oldestBoundAtMs(): number | null {
    return this.#oldestBound.get()?.at ?? null;
  }

  /** Makes due what would wait longer than anything may: it was written while the clock was ahead. */
  clampWaits(nowMs: number, longestMs: number): void {
    this.#clampWaits.run({ nowMs, longestMs });
  }

  /** Begins a new content. Throws SQLite's constraint error when these bytes already have one. */
  insert(content: NewContent, nowMs: number): Content {
    const id = Number(this.#insert.run({ ...content, nowMs }).lastInsertRowid);
    const inserted = this.get(id);
    if (inserted === undefined) throw new Error(`Content ${id} vanished inside its own transaction`);
    return inserted;
  }

  /** Compare-and-set: writes `next` if the row is still exactly `previous`; false when it is not (drop the result). */
  save(previous: Content, next: Content, nowMs: number): boolean {
    const { changes } = this.#update.run({
      ...next,
      target: next.target === null ? null : JSON.stringify(next.target),
      areBytesConfirmed: Number(next.areBytesConfirmed),
      isCompleteSent: Number(next.isCompleteSent),
      isCompleteAccepted: Number(next.isCompleteAccepted),
      expectedState: previous.state,
      expectedGeneration: previous.generation,
      expectedRevision: previous.revision,
      nowMs,
    });
    return changes === 1;
  }
}

function maybeContent(row: ContentRow | undefined): Content | undefined {
  return row === undefined ? undefined : toContent(row);
}

function toContent(row: ContentRow): Content {
  return {
    id: row.id,
    destinationId: row.destination_id,
    sha256: row.sha256,
    twin: row.twin,
    sizeBytes: row.size_bytes,
    contentType: row.content_type,
    fileName: row.file_name,
    state: row.state,
    generation: row.generation,
    idempotencyKey: row.idempotency_key,
    renewals: row.renewals,
    assetId: row.asset_id,
    url: row.url,
    // Written by `save` from an UploadTarget, and by nobody else.
    target: row.target === null ? null : (JSON.parse(row.target) as UploadTarget),
    targetExpiresAtMs: row.target_expires_at,
    areBytesConfirmed: row.bytes_confirmed === 1,
    isCompleteSent: row.complete_sent === 1,
    isCompleteAccepted: row.complete_accepted === 1,
    attempts: row.attempts,
    strikes: row.strikes,
    failures: row.failures,
    missingSinceMs: row.missing_since,
    notBeforeMs: row.not_before,
    reasonCode: row.reason_code,
    reason: row.reason,
    revision: row.revision,
  };
}
