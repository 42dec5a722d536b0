import type { LedgerDatabase } from '../../src/ledger/database.ts';

/** Has every statement that is prepared from now on tell when it runs, and whether it may change contents. */
export function counted(database: LedgerDatabase, onRun: (mayChangeContents: boolean) => void): void {
  const prepare = database.prepare.bind(database);
  database.prepare = ((source: string) => {
    const statement = prepare(source);
    const mayChange = /\b(INSERT INTO|UPDATE|DELETE FROM) content\b/.test(source);
    for (const name of ['get', 'all', 'run', 'iterate'] as const) {
      const run = statement[name].bind(statement) as (...parameters: unknown[]) => never;
      statement[name] = (...parameters: unknown[]) => {
        onRun(mayChange);
        return run(...parameters);
      };
    }
    return statement;
  }) as typeof database.prepare;
}
