import { errnoCode } from '../errors.ts';
import { inTransaction } from '../runtime/sqlite.ts';
import { asLedgerError, type LedgerDatabase } from './database.ts';

interface PendingWrite {
  readonly run: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommitOptions {
  /** Calls back soon, once the writes of this moment have gathered; `isBusy` when the last group held several. */
  readonly defer: (flush: () => void, isBusy: boolean) => void;
  /** Calls back after a pause, to try again what the disk would not take. */
  readonly pause: (retry: () => void) => void;
  /** The disk takes no writes (with SQLite's code), or takes them again (null). Told once for each change. */
  readonly onBlocked: (code: string | null) => void;
}

/** The disk is full or read-only: nothing was written, and later the same write may go through. */
const blockedCodes = /^SQLITE_(FULL|READONLY)/;

/** The ledger itself cannot be relied on any more. */
const fatalCodes = /^SQLITE_(IOERR|CORRUPT|NOTADB|NOMEM)/;

/**
 * Gathers the writes of several workers into one durable transaction. A write's promise settles after its group is on
 * disk (`synchronous=FULL`), so an effect that awaits it never precedes its durable row. A write that throws undoes itself
 * and rejects alone: its group is undone and made again with a savepoint around each write, which nobody pays for
 * otherwise. A full or read-only disk holds the whole group up until it takes it, and with it whoever waits. Any other
 * error of the commit rejects everything, for good: after a failed sync SQLite's next commit may succeed without the lost
 * pages.
 */
export class GroupCommit {
  readonly #database: LedgerDatabase;
  readonly #options: GroupCommitOptions;
  #pending: PendingWrite[] = [];
  #isScheduled = false;
  #isBlocked = false;
  #isBusy = false;
  #failure: unknown;

  constructor(database: LedgerDatabase, options: GroupCommitOptions) {
    this.#database = database;
    this.#options = options;
  }

  /** `run` may be called again after its transaction was undone: it must do nothing but write. */
  write<T>(run: () => T): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise<T>((resolve, reject) => {
      this.#pending.push({ run, resolve, reject });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      this.#options.defer(() => this.flush(), this.#isBusy);
    });
  }

  /** Commits what has gathered, now. */
  flush(): void {
    this.#isScheduled = false;
    const group = this.#pending;
    this.#pending = [];
    if (group.length === 0) return;
    this.#isBusy = group.length > 1;
    let settle: (() => void)[];
    try {
      if (this.#failure !== undefined) throw this.#failure;
      settle = this.#together(group) ?? this.#oneByOne(group);
    } catch (error) {
      if (this.#failure === undefined && isBlocked(error)) this.#wait(group, errnoCode(error) ?? '');
      else this.#fail(group, error);
      return;
    }
    if (this.#isBlocked) {
      this.#isBlocked = false;
      this.#options.onBlocked(null);
    }
    for (const done of settle) done();
  }

  /** Rejects what waits, and every later write: the ledger is being closed. */
  giveUp(error: unknown): void {
    this.#failure ??= error;
    this.flush();
  }

  /** Null, with nothing written, when one of them threw. */
  #together(group: readonly PendingWrite[]): (() => void)[] | null {
    let isWriting = true;
    try {
      return inTransaction(this.#database, () => {
        const settle = group.map(({ run, resolve }) => {
          const value = run();
          return () => resolve(value as never);
        });
        isWriting = false;
        return settle;
      });
    } catch (error) {
      if (isWriting && !isBlocked(error) && !fatalCodes.test(errnoCode(error) ?? '')) return null;
      throw error;
    }
  }

  #oneByOne(group: readonly PendingWrite[]): (() => void)[] {
    return inTransaction(this.#database, () => group.map((write) => this.#attempt(write)));
  }

  #attempt(write: PendingWrite): () => void {
    try {
      const value = inTransaction(this.#database, write.run);
      return () => write.resolve(value as never);
    } catch (error) {
      if (isBlocked(error) || !this.#database.inTransaction) throw error;
      return () => write.reject(asLedgerError(error, 'write'));
    }
  }

  #wait(group: PendingWrite[], code: string): void {
    this.#pending = [...group, ...this.#pending];
    this.#isScheduled = true;
    if (!this.#isBlocked) {
      this.#isBlocked = true;
      this.#options.onBlocked(code);
    }
    this.#options.pause(() => this.flush());
  }

  #fail(group: readonly PendingWrite[], error: unknown): void {
    this.#failure ??= asLedgerError(error, 'commit');
    for (const write of group) write.reject(this.#failure);
  }
}

function isBlocked(error: unknown): boolean {
  return blockedCodes.test(errnoCode(error) ?? '');
}
