import Database from 'better-sqlite3';
import { errnoCode, SyncError } from '../errors.ts';

export type SqliteDatabase = Database.Database;

/**
 * What better-sqlite3 made, kept for as long as the process lives. Its 12.x objects inherit `node::ObjectWrap`, whose
 * destructor asserts an environment since Node 24.19: a garbage collection between two turns of the event loop then aborts
 * the whole process (WiseLibs/better-sqlite3#1515, not to be mended in 12.x; 13.x does not run on Node 20). What is never
 * collected is never destroyed. Prepare statements once, at the start: each one stays.
 */
const kept: unknown[] = [];

/**
 * Opens a database through which nothing is left to the garbage collector. The only place that opens one.
 *
 * Write `LIMIT 0 + ?`, not `LIMIT ?`: since 3.47 SQLite looks at a bare limit's value while it plans, and so plans the statement
 * anew at each call (7 to 24 microseconds instead of 0.3).
 *
 * @throws SyncError `sqlite_unusable` (exit code 78) when better-sqlite3 is not built for this Node.js; SQLite's own errors
 */
export function openSqlite(path: string, options: Database.Options = {}): SqliteDatabase {
  const database = open(path, options);
  const prepare = database.prepare.bind(database);
  const keep = <T>(made: T): T => {
    kept.push(made);
    return made;
  };
  keep(database);
  // better-sqlite3 types `prepare` by overloads over the text's parameters, which a wrapper cannot repeat.
  database.prepare = ((source: string) => {
    const statement = keep(prepare(source));
    const iterate = statement.iterate.bind(statement);
    statement.iterate = (...parameters: unknown[]) => keep(iterate(...parameters));
    return statement;
  }) as typeof database.prepare;
  // The original prepares its statement behind our back.
  database.pragma = (source: string, { simple = false }: Database.PragmaOptions = {}) => {
    const statement = database.prepare(`PRAGMA ${source}`);
    if (!statement.reader) return statement.run();
    return simple ? statement.pluck().get() : statement.all();
  };
  return database;
}

const transactions = new WeakMap<SqliteDatabase, (run: () => unknown) => unknown>();

/**
 * Runs it in a transaction of its own, or as a savepoint within the one that is open; what throws is undone. better-sqlite3 makes eight
 * functions for each `database.transaction`, which costs more than a short transaction does: here each database has one.
 */
export function inTransaction<T>(database: SqliteDatabase, run: () => T): T {
  let transaction = transactions.get(database);
  if (transaction === undefined) {
    transaction = database.transaction((body: () => unknown) => body());
    transactions.set(database, transaction);
  }
  return transaction(run) as T;
}

function open(path: string, options: Database.Options): SqliteDatabase {
  try {
    return new Database(path, options);
  } catch (error) {
    const why = whyUnusable(error);
    if (why === null) throw error;
    throw new SyncError(`better-sqlite3 cannot be loaded: ${why}`, {
      code: 'sqlite_unusable',
      op: 'open ledger',
      hint: `Run \`npm rebuild better-sqlite3\` where flora-sync is installed, with the Node.js that runs it (${process.version}, ${process.arch}). The ledger is as it was.`,
      cause: error,
    });
  }
}

/** The first database that is opened loads the binding: whether that failed, and why. Null for SQLite's errors. */
function whyUnusable(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const code = errnoCode(error);
  // `bindings` has no code for a file that it found nowhere.
  if (error.message.startsWith('Could not locate the bindings file')) return 'its binding is not there';
  if (code !== 'ERR_DLOPEN_FAILED' && code !== 'MODULE_NOT_FOUND') return null;
  const built = /NODE_MODULE_VERSION (\d+)/.exec(error.message)?.[1];
  if (built === undefined) return error.message.split('\n')[0] ?? 'its binding cannot be read';
  return `it was built for another Node.js (NODE_MODULE_VERSION ${built}, and this is ${process.versions.modules})`;
}
