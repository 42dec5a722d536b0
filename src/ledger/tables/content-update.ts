import type { Statement } from 'better-sqlite3';
import type { Content } from '../../core/content.ts';
import type { LedgerDatabase } from '../database.ts';

/** What a step may change, and the column that holds it. The rest is what the content is. */
const columns = [
  ['state', 'state'],
  ['generation', 'generation'],
  ['idempotencyKey', 'idempotency_key'],
  ['renewals', 'renewals'],
  ['assetId', 'asset_id'],
  ['url', 'url'],
  ['remoteSizeBytes', 'remote_size_bytes'],
  ['target', 'target'],
  ['targetExpiresAtMs', 'target_expires_at'],
  ['areBytesConfirmed', 'bytes_confirmed'],
  ['isCompleteSent', 'complete_sent'],
  ['isCompleteAccepted', 'complete_accepted'],
  ['attempts', 'attempts'],
  ['strikes', 'strikes'],
  ['failures', 'failures'],
  ['missingSinceMs', 'missing_since'],
  ['notBeforeMs', 'not_before'],
  ['reasonCode', 'reason_code'],
  ['reason', 'reason'],
  ['mayHaveAllBytes', 'may_have_all_bytes'],
] as const satisfies readonly (readonly [keyof Content, string])[];

type ColumnKey = (typeof columns)[number][0];

const keys: readonly ColumnKey[] = columns.map(([key]) => key);

/**
 * Writes what has changed of a content's row, and nothing else: SQLite writes an index anew whenever one of its columns is
 * named, changed or not. There is one statement for each set of columns that ever changed together, a few dozen.
 */
export class ContentUpdate {
  readonly #database: LedgerDatabase;
  readonly #statements = new Map<number, Statement<unknown[]>>();

  constructor(database: LedgerDatabase) {
    this.#database = database;
  }

  /** Compare-and-set: false when the row is not `previous` any more. */
  run(previous: Content, next: Content, nowMs: number): boolean {
    const values: unknown[] = [];
    let changed = 0;
    // Without an iterator of pairs: this runs three times for each file.
    for (let index = 0; index < keys.length; index += 1) {
      const key = keys[index] as ColumnKey;
      if (previous[key] === next[key]) continue;
      changed |= 1 << index;
      values.push(toStored(next[key]));
    }
    if (previous.state !== next.state) values.push(nowMs);
    values.push(previous.id, previous.state, previous.generation, previous.revision);
    return this.#statement(changed).run(...values).changes === 1;
  }

  #statement(changed: number): Statement<unknown[]> {
    const known = this.#statements.get(changed);
    if (known !== undefined) return known;
    const named = columns.filter((_, index) => (changed & (1 << index)) !== 0).map(([, column]) => `${column} = ?, `);
    // The state comes first.
    const moved = (changed & 1) === 0 ? '' : 'updated_at = ?, ';
    const statement = this.#database.prepare<unknown[]>(
      `UPDATE content SET ${named.join('')}${moved}revision = revision + 1
       WHERE id = ? AND state = ? AND generation = ? AND revision = ?`,
    );
    this.#statements.set(changed, statement);
    return statement;
  }
}

function toStored(value: Content[ColumnKey]): unknown {
  if (typeof value === 'boolean') return Number(value);
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}
