// The tables, as a list of steps: a database that an older emulator left gets those that it lacks.
import type { SqliteDatabase } from '../runtime/sqlite.ts';
import type { Asset } from './lifecycle.ts';

const steps: readonly string[] = [
  `CREATE TABLE assets (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    asset_id TEXT NOT NULL UNIQUE,
    workspace_id TEXT NOT NULL,
    project_id TEXT,
    name TEXT,
    folder TEXT,
    upload_content_type TEXT,
    uploaded_via TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    failure_message TEXT,
    settles_at INTEGER,
    settled_status TEXT,
    token TEXT UNIQUE,
    upload_style TEXT NOT NULL,
    expires_at INTEGER,
    sha256 TEXT,
    size_bytes INTEGER,
    content_type TEXT,
    width INTEGER,
    height INTEGER,
    hidden INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX assets_by_workspace ON assets (workspace_id, hidden);
  CREATE INDEX assets_by_project ON assets (project_id, workspace_id, hidden);
  CREATE TABLE idempotency (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
  ) STRICT, WITHOUT ROWID;`,
  `ALTER TABLE assets ADD COLUMN form_fields TEXT NOT NULL DEFAULT 'policy';
  ALTER TABLE assets ADD COLUMN target_uses TEXT NOT NULL DEFAULT 'many';
  ALTER TABLE assets ADD COLUMN is_target_spent INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE assets ADD COLUMN completed_at INTEGER;
  ALTER TABLE assets ADD COLUMN conversion TEXT NOT NULL DEFAULT 'none';`,
  'ALTER TABLE assets ADD COLUMN fault TEXT;',
];

export const mutableColumns = [
  'name',
  'status',
  'failure_message',
  'settles_at',
  'settled_status',
  'token',
  'upload_style',
  'form_fields',
  'target_uses',
  'is_target_spent',
  'expires_at',
  'completed_at',
  'sha256',
  'size_bytes',
  'content_type',
  'width',
  'height',
  'fault',
  'conversion',
  'hidden',
] as const satisfies readonly (keyof Asset)[];
const fixedColumns = [
  'asset_id',
  'workspace_id',
  'project_id',
  'folder',
  'upload_content_type',
  'uploaded_via',
  'created_at',
] as const satisfies readonly (keyof Asset)[];

export const columns = [...fixedColumns, ...mutableColumns];

/** Brings the tables up to date; to be run in a transaction. */
export function migrate(db: SqliteDatabase): void {
  const taken = Number(db.pragma('user_version', { simple: true }));
  if (taken >= steps.length) return;
  for (const step of steps.slice(taken)) db.exec(step);
  db.pragma(`user_version = ${steps.length}`);
}
