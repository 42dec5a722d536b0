/** The schema of version 1, as it has shipped: the first of `migrations`. */
export const firstSchema = `
  CREATE TABLE destination (
    id           INTEGER PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    folder       TEXT,
    project_id   TEXT
  ) STRICT;
  CREATE UNIQUE INDEX destination_place ON destination (workspace_id, ifnull(folder, ''), ifnull(project_id, ''));

  CREATE TABLE folder (
    id             INTEGER PRIMARY KEY,
    path           ANY NOT NULL UNIQUE,
    destination_id INTEGER NOT NULL REFERENCES destination (id),
    is_active      INTEGER NOT NULL,
    -- What told this root from another in its place when it was last scanned whole.
    root_identity  TEXT
  ) STRICT;

  CREATE TABLE directory (
    id        INTEGER PRIMARY KEY,
    folder_id INTEGER NOT NULL REFERENCES folder (id),
    parent_id INTEGER REFERENCES directory (id),
    path      ANY NOT NULL,
    is_gone   INTEGER NOT NULL DEFAULT 0,
    UNIQUE (folder_id, path)
  ) STRICT;
  CREATE INDEX directory_parent ON directory (parent_id) WHERE is_gone = 0;

  CREATE TABLE content (
    id                 INTEGER PRIMARY KEY,
    destination_id     INTEGER NOT NULL REFERENCES destination (id),
    sha256             TEXT NOT NULL,
    size_bytes         INTEGER NOT NULL,
    content_type       TEXT NOT NULL,
    file_name          TEXT NOT NULL,
    state              TEXT NOT NULL CHECK (state IN
      ('queued', 'reserved', 'uploaded', 'checking', 'renewing', 'ready', 'rejected', 'gone')),
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
    not_before         INTEGER NOT NULL,
    reason_code        TEXT,
    reason             TEXT,
    revision           INTEGER NOT NULL,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    CHECK (iif(asset_id IS NULL, state IN ('queued', 'rejected', 'gone'), state <> 'queued'))
  ) STRICT;
  -- One content, hence at most one live asset, for the same bytes at the same place.
  CREATE UNIQUE INDEX content_bytes ON content (destination_id, sha256);
  CREATE UNIQUE INDEX content_asset ON content (asset_id) WHERE asset_id IS NOT NULL;
  CREATE INDEX content_due ON content (not_before)
    WHERE state IN ('queued', 'reserved', 'uploaded', 'checking', 'renewing');

  CREATE TABLE file (
    directory_id INTEGER NOT NULL REFERENCES directory (id),
    name         ANY NOT NULL,
    size_bytes   REAL NOT NULL,
    mtime_ms     REAL NOT NULL,
    ctime_ms     REAL NOT NULL,
    inode        REAL NOT NULL,
    device       REAL NOT NULL,
    content_id   INTEGER REFERENCES content (id),
    problem_code TEXT,
    problem      TEXT,
    is_gone      INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (directory_id, name),
    CHECK ((content_id IS NULL) <> (problem_code IS NULL))
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX file_content ON file (content_id) WHERE content_id IS NOT NULL;

  CREATE TABLE history (
    id           INTEGER PRIMARY KEY,
    at           INTEGER NOT NULL,
    content_id   INTEGER,
    directory_id INTEGER,
    name         ANY,
    event        TEXT NOT NULL,
    from_state   TEXT,
    to_state     TEXT,
    asset_id     TEXT,
    request_id   TEXT,
    attempt      INTEGER,
    detail       TEXT
  ) STRICT;
  CREATE INDEX history_content ON history (content_id) WHERE content_id IS NOT NULL;
  CREATE INDEX history_file ON history (directory_id, name) WHERE directory_id IS NOT NULL;
  CREATE TRIGGER history_is_append_only_update BEFORE UPDATE ON history
    BEGIN SELECT raise(ABORT, 'history is append-only'); END;
  CREATE TRIGGER history_is_append_only_delete BEFORE DELETE ON history
    BEGIN SELECT raise(ABORT, 'history is append-only'); END;

  CREATE TABLE fact (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `;
