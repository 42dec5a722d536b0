import { ContentStore } from './contents.ts';
import { asLedgerError, type LedgerDatabase } from './database.ts';
import { DirectoryStore } from './directories.ts';
import { FactStore } from './facts.ts';
import { FileStore } from './files.ts';
import { GroupCommit } from './group-commit.ts';
import { HistoryStore } from './history.ts';

/** The tables. Read from them at any time; write to them only inside `Ledger.write`. */
export interface LedgerTables {
  readonly contents: ContentStore;
  readonly files: FileStore;
  readonly directories: DirectoryStore;
  readonly history: HistoryStore;
  readonly facts: FactStore;
}

export interface Ledger extends LedgerTables {
  /**
   * Runs the writes in the next group and resolves when the group is durable. A write that throws undoes itself and
   * rejects; an error of the disk rejects this and every later write with a SyncError of scope `process`.
   */
  write<T>(run: (tables: LedgerTables) => T): Promise<T>;
  /** Commits what has gathered and closes the file. */
  close(): void;
}

/** @param defer calls back once the writes of this moment have gathered; `setImmediate` in production */
export function openLedger(database: LedgerDatabase, defer: (flush: () => void) => void): Ledger {
  const tables: LedgerTables = {
    contents: new ContentStore(database),
    files: new FileStore(database),
    directories: new DirectoryStore(database),
    history: new HistoryStore(database),
    facts: new FactStore(database),
  };
  const group = new GroupCommit(database, defer);
  return {
    ...tables,
    write: (run) => group.write(() => run(tables)),
    close: () => {
      group.flush();
      try {
        database.close();
      } catch (error) {
        throw asLedgerError(error, 'close');
      }
    },
  };
}
