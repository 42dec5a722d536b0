import type { LedgerDatabase } from '../../src/ledger/database.ts';
import { placeKey } from './asset.ts';

interface StoredRow {
  readonly id: number;
  readonly folder: string | null;
  readonly project_id: string | null;
  readonly sha256: string;
  readonly file_name: string;
  readonly state: string;
  readonly asset_id: string | null;
  readonly target: string | null;
  readonly bytes_confirmed: number;
  readonly complete_sent: number;
  readonly may_have_all_bytes: number;
  readonly size_bytes: number;
  readonly reason_code: string | null;
  readonly reason: string | null;
}

export interface Row extends StoredRow {
  readonly place: string;
}

/** A line of the history that says that an asset is not in FLORA any more. */
export interface Verdict {
  readonly id: number;
  readonly asset_id: string;
}

/** Reads what is committed, beside the production code's own statements. */
export function openCommitted(database: LedgerDatabase) {
  const columns = `content.id, destination.folder, destination.project_id, sha256, file_name, state, asset_id, target,
    bytes_confirmed, complete_sent, may_have_all_bytes, size_bytes, reason_code, reason
    FROM content JOIN destination ON destination.id = content.destination_id`;
  const all = database.prepare<[], StoredRow>(`SELECT ${columns}`);
  const byAsset = database.prepare<[string], StoredRow>(`SELECT ${columns} WHERE asset_id = ?`);
  const byKey = database.prepare<[string], StoredRow>(`SELECT ${columns} WHERE idempotency_key = ?`);
  const verdicts = database.prepare<[number], Verdict>(
    `SELECT id, asset_id FROM history WHERE id > ? AND event = 'asset-missing' AND to_state = 'missing'`,
  );
  const last = database.prepare<[], { id: number | null }>('SELECT max(id) AS id FROM history');
  const searching = database.prepare<[], { id: number }>(
    'SELECT id FROM folder WHERE needs_matching = 1 AND is_active = 1',
  );
  let known: readonly Row[] | null = null;
  return {
    /** What there was is not what there is. */
    contentsChanged: () => {
      known = null;
    },
    /** The very same array as before where nothing can have changed. */
    rows: () => {
      known ??= all.all().map(toRow);
      return known;
    },
    byAsset: (assetId: string) => maybeRow(byAsset.get(assetId)),
    byKey: (key: string) => maybeRow(byKey.get(key)),
    verdictsAfter: (id: number) => verdicts.all(id),
    lastHistoryId: () => last.get()?.id ?? 0,
    /** Whether the ledger still looks for bytes that FLORA has already. */
    isSearching: () => searching.get() !== undefined,
  };
}

export type Committed = ReturnType<typeof openCommitted>;

function maybeRow(row: StoredRow | undefined): Row | undefined {
  return row === undefined ? undefined : toRow(row);
}

function toRow(row: StoredRow): Row {
  return { ...row, place: placeKey({ folder: row.folder, projectId: row.project_id }) };
}
