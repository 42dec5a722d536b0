import Database from 'better-sqlite3';

export type SqliteDatabase = Database.Database;

/**
 * What better-sqlite3 made, kept for as long as the process lives. Its 12.x objects inherit `node::ObjectWrap`, whose
 * destructor asserts an environment since Node 24.19: a garbage collection between two turns of the event loop then aborts
 * the whole process (WiseLibs/better-sqlite3#1515, not to be mended in 12.x; 13.x does not run on Node 20). What is never
 * collected is never destroyed. Prepare statements once, at the start: each one stays.
 */
const kept: unknown[] = [];

/** Opens a database through which nothing is left to the garbage collector. The only place that opens one. */
export function openSqlite(path: string, options: Database.Options = {}): SqliteDatabase {
  const database = new Database(path, options);
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
