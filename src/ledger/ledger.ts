import { SyncError } from '../errors.ts';
import { inTransaction } from '../runtime/sqlite.ts';
import { asLedgerError, type LedgerDatabase } from './database.ts';
import { GroupCommit, type GroupCommitOptions } from './group-commit.ts';
import { BoundAssetStore } from './tables/bound-assets.ts';
import { ContentStore } from './tables/contents.ts';
import { DirectoryStore } from './tables/directories.ts';
import { FactStore } from './tables/facts.ts';
import { FileStore } from './tables/files.ts';
import { HistoryStore } from './tables/history.ts';
import { RacyFileStore } from './tables/racy-files.ts';
import { RemoteAssetStore } from './tables/remote-assets.ts';
import { RuleStore } from './tables/rules.ts';

/** The tables. Read from them at any time; write to them only inside `Ledger.write`. */
export interface LedgerTables {
  readonly contents: ContentStore;
  readonly files: FileStore;
  readonly directories: DirectoryStore;
  readonly racyFiles: RacyFileStore;
  readonly rules: RuleStore;
  readonly history: HistoryStore;
  readonly facts: FactStore;
  readonly remoteAssets: RemoteAssetStore;
  readonly boundAssets: BoundAssetStore;
}

export interface Ledger extends LedgerTables {
  /**
   * Runs the writes in the next group and resolves when the group is durable. A write that throws undoes itself and
   * rejects; an error of the disk rejects this and every later write with a SyncError of scope `process`.
   */
  write<T>(run: (tables: LedgerTables) => T): Promise<T>;
  /** Several reads in one transaction: each alone takes and gives up SQLite's locks, which costs more than a short read. */
  readTogether<T>(read: () => T): T;
  /** Rejects the writes that wait for a full or read-only disk: nobody has time for them any more. */
  giveUp(): void;
  /** Commits what has gathered and closes the file. */
  close(): void;
}

/** The tables of a database. They hold prepared statements and nothing else. */
export function openTables(database: LedgerDatabase): LedgerTables {
  return {
    contents: new ContentStore(database),
    files: new FileStore(database),
    directories: new DirectoryStore(database),
    racyFiles: new RacyFileStore(database),
    rules: new RuleStore(database),
    history: new HistoryStore(database),
    facts: new FactStore(database),
    remoteAssets: new RemoteAssetStore(database),
    boundAssets: new BoundAssetStore(database),
  };
}

/**
 * @param tables of the same database, when they are open already: statements are never collected (sqlite.ts), so whoever
 *   opens ledgers over one database again and again hands them on
 */
export function openLedger(
  database: LedgerDatabase,
  options: GroupCommitOptions,
  tables: LedgerTables = openTables(database),
): Ledger {
  const group = new GroupCommit(database, options);
  return {
    ...tables,
    write: (run) => group.write(() => run(tables)),
    readTogether: (read) => inTransaction(database, read),
    giveUp: () => group.giveUp(blocked()),
    close: () => {
      group.flush();
      group.giveUp(blocked());
      try {
        database.close();
      } catch (error) {
        throw asLedgerError(error, 'close');
      }
    },
  };
}

function blocked(): SyncError {
  return new SyncError(
    'The ledger was closed before the disk took the last writes; they are made again at the next start',
    {
      code: 'ledger_closed',
      op: 'ledger close',
    },
  );
}
