import { asLedgerError, type LedgerDatabase } from './database.ts';

interface PendingWrite {
  readonly run: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers the writes of several workers into one durable transaction. A write's promise settles after its group is on
 * disk (`synchronous=FULL`), so an effect that awaits it never precedes its durable row. Each write runs in a savepoint:
 * one that throws undoes itself and rejects alone; an error of the commit itself rejects them all and is fatal.
 */
export class GroupCommit {
  readonly #database: LedgerDatabase;
  readonly #defer: (flush: () => void) => void;
  #pending: PendingWrite[] = [];
  #isScheduled = false;
  #failure: unknown;

  /** @param defer calls back soon, once the writes of this moment have gathered */
  constructor(database: LedgerDatabase, defer: (flush: () => void) => void) {
    this.#database = database;
    this.#defer = defer;
  }

  write<T>(run: () => T): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise<T>((resolve, reject) => {
      this.#pending.push({ run, resolve, reject });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      this.#defer(() => this.flush());
    });
  }

  /** Commits what has gathered, now. */
  flush(): void {
    this.#isScheduled = false;
    const group = this.#pending;
    this.#pending = [];
    if (group.length === 0) return;
    if (this.#failure !== undefined) {
      rejectAll(group, this.#failure);
      return;
    }
    const settle: (() => void)[] = [];
    try {
      this.#database.transaction(() => {
        for (const write of group) settle.push(this.#attempt(write));
      })();
    } catch (error) {
      // After a failed sync SQLite's next commit may succeed without the lost pages: nothing may be written any more.
      this.#failure = asLedgerError(error, 'commit');
      rejectAll(group, this.#failure);
      return;
    }
    for (const done of settle) done();
  }

  #attempt(write: PendingWrite): () => void {
    try {
      const value = this.#database.transaction(write.run)();
      return () => write.resolve(value as never);
    } catch (error) {
      if (!this.#database.inTransaction) throw error;
      return () => write.reject(asLedgerError(error, 'write'));
    }
  }
}

function rejectAll(group: readonly PendingWrite[], error: unknown): void {
  for (const write of group) write.reject(error);
}
