import { firstSchema } from './first-schema.ts';

/**
 * The ledger's schema as an append-only list: a migration that has shipped is never edited, only followed. `user_version`
 * counts those that ran. Names of files and directories are `ANY`: text where the bytes on disk are UTF-8, a blob where
 * they are not. Stats are REAL (see FileStat). Times are milliseconds since the epoch.
 */
export const migrations: readonly string[] = [
  firstSchema,
  // Two more states, twins and the time of a 404 (a CHECK cannot be altered: the table is made anew); folders whose bytes are
  // to be looked for in FLORA first; what its listing showed meanwhile.
  `
  CREATE TABLE content_2 (
    id                 INTEGER PRIMARY KEY,
    destination_id     INTEGER NOT NULL REFERENCES destination (id),
    sha256             TEXT NOT NULL,
    -- Above 0 only for copies that do not share an asset.
    twin               INTEGER NOT NULL,
    size_bytes         INTEGER NOT NULL,
    content_type       TEXT NOT NULL,
    file_name          TEXT NOT NULL,
    state              TEXT NOT NULL CHECK (state IN
      ('matching', 'queued', 'reserved', 'uploaded', 'checking', 'renewing', 'ready', 'missing', 'rejected', 'gone')),
    generation         INTEGER NOT NULL,
    idempotency_key    TEXT NOT NULL UNIQUE,
    renewals           INTEGER NOT NULL,
    asset_id           TEXT,
    url                TEXT,
    target             TEXT,
    target_expires_at  INTEGER,
    bytes_confirmed    INTEGER NOT NULL,
    complete_sent      INTEGER NOT NULL,
    complete_accepted  INTEGER NOT NULL,
    attempts           INTEGER NOT NULL,
    strikes            INTEGER NOT NULL,
    failures           INTEGER NOT NULL,
    -- When FLORA first answered 404 for the asset.
    missing_since      INTEGER,
    not_before         INTEGER NOT NULL,
    reason_code        TEXT,
    reason             TEXT,
    revision           INTEGER NOT NULL,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    CHECK (iif(asset_id IS NULL, state IN ('matching', 'queued', 'rejected', 'gone'), state <> 'queued'))
  ) STRICT;
  INSERT INTO content_2 (id, destination_id, sha256, size_bytes, content_type, file_name, state, generation, idempotency_key,
    renewals, asset_id, url, target, target_expires_at, bytes_confirmed, complete_sent, complete_accepted, attempts, strikes,
    failures, not_before, reason_code, reason, revision, created_at, updated_at, twin)
    SELECT id, destination_id, sha256, size_bytes, content_type, file_name, state, generation, idempotency_key,
    renewals, asset_id, url, target, target_expires_at, bytes_confirmed, complete_sent, complete_accepted, attempts, strikes,
    failures, not_before, reason_code, reason, revision, created_at, updated_at, 0 FROM content;
  DROP TABLE content;
  ALTER TABLE content_2 RENAME TO content;
  CREATE UNIQUE INDEX content_bytes ON content (destination_id, sha256, twin);
  CREATE UNIQUE INDEX content_asset ON content (asset_id) WHERE asset_id IS NOT NULL;
  CREATE INDEX content_due ON content (not_before)
    WHERE state IN ('matching', 'queued', 'reserved', 'uploaded', 'checking', 'renewing');
  CREATE INDEX content_missing ON content (id) WHERE state = 'missing';

  -- A ledger that was there before has seen its folders; every other begins by looking for their bytes in FLORA.
  ALTER TABLE folder ADD COLUMN needs_matching INTEGER NOT NULL DEFAULT 1;
  UPDATE folder SET needs_matching = 0;

  CREATE TABLE remote_asset (
    asset_id     TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    project_id   TEXT,
    name         TEXT,
    size_bytes   INTEGER,
    status       TEXT NOT NULL,
    url          TEXT,
    created_at   INTEGER,
    sha256       TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX remote_asset_bytes ON remote_asset (workspace_id, size_bytes, sha256);
  CREATE INDEX remote_asset_digest ON remote_asset (workspace_id, sha256);
  CREATE INDEX remote_asset_name ON remote_asset (workspace_id, name);

  CREATE INDEX file_problem ON file (directory_id) WHERE problem_code IS NOT NULL;
  `,
  // The same table, with the states written out in its CHECKs and its index: SQLite builds a table of its own for each
  // `IN (…)` there, each time that a row is written, which took ten times as long as the row.
  `
  CREATE TABLE content_3 (
    id                 INTEGER PRIMARY KEY,
    destination_id     INTEGER NOT NULL REFERENCES destination (id),
    sha256             TEXT NOT NULL,
    twin               INTEGER NOT NULL,
    size_bytes         INTEGER NOT NULL,
    content_type       TEXT NOT NULL,
    file_name          TEXT NOT NULL,
    state              TEXT NOT NULL CHECK (state = 'matching' OR state = 'queued' OR state = 'reserved'
      OR state = 'uploaded' OR state = 'checking' OR state = 'renewing' OR state = 'ready' OR state = 'missing'
      OR state = 'rejected' OR state = 'gone'),
    generation         INTEGER NOT NULL,
    idempotency_key    TEXT NOT NULL UNIQUE,
    renewals           INTEGER NOT NULL,
    asset_id           TEXT,
    url                TEXT,
    target             TEXT,
    target_expires_at  INTEGER,
    bytes_confirmed    INTEGER NOT NULL,
    complete_sent      INTEGER NOT NULL,
    complete_accepted  INTEGER NOT NULL,
    attempts           INTEGER NOT NULL,
    strikes            INTEGER NOT NULL,
    failures           INTEGER NOT NULL,
    missing_since      INTEGER,
    not_before         INTEGER NOT NULL,
    reason_code        TEXT,
    reason             TEXT,
    revision           INTEGER NOT NULL,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    CHECK (iif(asset_id IS NULL, state = 'matching' OR state = 'queued' OR state = 'rejected' OR state = 'gone',
      state <> 'queued'))
  ) STRICT;
  INSERT INTO content_3 SELECT id, destination_id, sha256, twin, size_bytes, content_type, file_name, state, generation,
    idempotency_key, renewals, asset_id, url, target, target_expires_at, bytes_confirmed, complete_sent, complete_accepted,
    attempts, strikes, failures, missing_since, not_before, reason_code, reason, revision, created_at, updated_at
    FROM content;
  DROP TABLE content;
  ALTER TABLE content_3 RENAME TO content;
  CREATE UNIQUE INDEX content_bytes ON content (destination_id, sha256, twin);
  CREATE UNIQUE INDEX content_asset ON content (asset_id) WHERE asset_id IS NOT NULL;
  CREATE INDEX content_due ON content (not_before)
    WHERE state <> 'ready' AND state <> 'missing' AND state <> 'rejected' AND state <> 'gone';
  CREATE INDEX content_missing ON content (id) WHERE state = 'missing';
  `,
  // What FLORA made of the bytes; contents that wait for an asset apart from those that go on without; more of what is listed.
  `
  ALTER TABLE content ADD COLUMN remote_size_bytes INTEGER;
  DROP INDEX content_due;
  CREATE INDEX content_due ON content (not_before)
    WHERE state <> 'queued' AND state <> 'ready' AND state <> 'missing' AND state <> 'rejected' AND state <> 'gone';
  CREATE INDEX content_queued ON content (not_before) WHERE state = 'queued';
  CREATE INDEX content_finding ON content (reason_code) WHERE state = 'ready' AND reason_code IS NOT NULL;

  ALTER TABLE remote_asset ADD COLUMN is_converted INTEGER NOT NULL DEFAULT 0;
  -- Its id is made up: FLORA named none.
  ALTER TABLE remote_asset ADD COLUMN is_anonymous INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX remote_asset_url ON remote_asset (url) WHERE is_anonymous = 0;
  `,
  // Of uploads whose answer was lost, or may have been: earlier versions did not note which.
  `
  ALTER TABLE content ADD COLUMN may_have_all_bytes INTEGER NOT NULL DEFAULT 0;
  UPDATE content SET may_have_all_bytes = 1 WHERE asset_id IS NOT NULL AND complete_sent = 0;
  `,
  // When a file is to be read once more although it looks the same: it was looked at within a tick of its own times. Earlier
  // versions did not know of ticks: where times are whole seconds, what was taken in within an hour of its last change.
  `
  ALTER TABLE file ADD COLUMN racy_until REAL;
  UPDATE file SET racy_until = max(mtime_ms, ctime_ms) + 2000
    WHERE content_id IS NOT NULL AND is_gone = 0 AND ctime_ms > 0
      AND ctime_ms = 1000.0 * CAST(ctime_ms / 1000 AS INTEGER)
      AND updated_at < max(mtime_ms, ctime_ms) + 3600000;
  CREATE INDEX file_racy ON file (racy_until) WHERE racy_until IS NOT NULL;
  `,
  // Which rule leaves a known file alone; by which rules a folder's files were judged last, the last of its .floraignore that could be
  // read, and which rules held when its bytes were last looked for in FLORA.
  `
  ALTER TABLE file ADD COLUMN excluded_by TEXT;
  ALTER TABLE folder ADD COLUMN rules_hash TEXT;
  ALTER TABLE folder ADD COLUMN ignore_file TEXT;
  ALTER TABLE folder ADD COLUMN searched_by TEXT;
  `,
];
