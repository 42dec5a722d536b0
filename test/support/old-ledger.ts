import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ledgerFile } from '../../src/ledger/database.ts';
import { migrations } from '../../src/ledger/migrations.ts';
import { openSqlite, type SqliteDatabase } from '../../src/runtime/sqlite.ts';

/** The states of version 1, and whether a content in them has an asset. */
const states = {
  queued: false,
  reserved: true,
  uploaded: true,
  checking: true,
  renewing: true,
  ready: true,
  rejected: false,
  gone: false,
} as const;

/** A ledger as version 1 left it, still open: two folders, and in the first a file for a content in each state. */
export function oldLedger(stateDir: string): SqliteDatabase {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const database = openSqlite(join(stateDir, ledgerFile));
  database.pragma('journal_mode = WAL');
  database.exec(migrations[0] ?? '');
  database.pragma('user_version = 1');
  database.exec(`
    INSERT INTO destination (id, workspace_id, folder) VALUES (1, 'ws_1', NULL), (2, 'ws_1', 'elsewhere');
    INSERT INTO folder (id, path, destination_id, is_active, root_identity) VALUES (1, '/drop', 1, 1, 'root'), (2, '/b', 2, 0, NULL);
    INSERT INTO directory (id, folder_id, parent_id, path, is_gone) VALUES (1, 1, NULL, '', 0), (2, 1, 1, 'sub', 0);
    INSERT INTO file VALUES (2, x'61e9', 0, 1.5, 2.25, 3, 4, NULL, 'empty', 'no bytes', 0, 7);
    INSERT INTO fact VALUES ('last_reconcile', '{}');
  `);
  const content = database.prepare(
    `INSERT INTO content VALUES (@id, 1, @sha256, 3, 'image/png', @name, @state, 2, @key, 1, @assetId, @url, @target, @expires,
       1, @sent, 0, 4, 1, 2, 5, 'server_error', 'because', 9, 6, 7)`,
  );
  const file = database.prepare('INSERT INTO file VALUES (1, @name, 3, 1.5, 2.25, 1e15, 5, @id, NULL, NULL, 0, 8)');
  const history = database.prepare(
    `INSERT INTO history (at, content_id, directory_id, name, event, to_state, detail) VALUES (7, @id, 1, @name, 'x', @state, 'y')`,
  );
  for (const [index, [state, isBound]] of Object.entries(states).entries()) {
    const id = index + 1;
    const name = `${state}.png`;
    content.run({
      id,
      sha256: `digest-${state}`,
      name,
      state,
      key: `key-${state}`,
      assetId: isBound ? `asset-${state}` : null,
      url: isBound ? `https://cdn.example/${state}` : null,
      target: isBound ? '{"kind":"put","url":"https://uploads.example"}' : null,
      expires: isBound ? 123 : null,
      sent: Number(state === 'ready'),
    });
    file.run({ id, name });
    history.run({ id, name, state });
  }
  return database;
}

/** Every row of every table, with these columns only where a table is named. */
export function rowsOf(
  database: SqliteDatabase,
  columns: Readonly<Record<string, string>> = {},
): Record<string, readonly unknown[]> {
  const tables = database
    .prepare<[], string>(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
    .pluck()
    .all();
  return Object.fromEntries(
    tables.map((table) => [
      table,
      database.prepare(`SELECT ${columns[table] ?? '*'} FROM ${table} ORDER BY 1, 2`).all(),
    ]),
  );
}
