import { chmodSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SyncError } from '../../errors.ts';
import { asLedgerError, type LedgerDatabase, ledgerFile } from '../database.ts';
import { makeDirectory, moveTo, putInPlace, syncDirectory } from './put-in-place.ts';

const companions = ['-wal', '-shm'] as const;

/**
 * A deleted database still accepts writes, and they are gone with the process. `check` notices that the ledger's file is not
 * the one that was opened, puts what the connection still sees in its place again (a stranger there is set aside: next to a
 * running daemon it can only be older, and would have files sent twice), and throws.
 *
 * @throws SyncError `ledger_deleted` or `ledger_replaced`, or `ledger_*` when it could not be saved.
 */
export function watchLedgerFile(stateDir: string, database: LedgerDatabase): { check(stamp: string): void } {
  const path = join(stateDir, ledgerFile);
  const own = ['', ...companions].map((suffix) => identityOf(path + suffix));
  return {
    check: (stamp) => {
      const stranger = `${path}.stranger-${stamp}`;
      let now: string | null;
      try {
        now = identityOf(path);
        if (now !== null && now === own[0]) return;
        makeDirectory(stateDir);
        // Written whole under another name first: half a ledger would look like one.
        const saved = `${path}.new`;
        rmSync(saved, { force: true });
        database.prepare('VACUUM INTO ?').run(saved);
        chmodSync(saved, 0o600);
        for (const [index, suffix] of ['', ...companions].entries()) {
          const found = identityOf(path + suffix);
          // Our log belongs to no file now: whoever opens the ledger next would replay it.
          if (found === own[index]) rmSync(path + suffix, { force: true });
          else if (found !== null) moveTo(path + suffix, stranger + suffix);
        }
        // Gone for good before the ledger is there that it does not belong to.
        syncDirectory(stateDir);
        putInPlace(saved, path);
      } catch (error) {
        throw asLedgerError(error, 'rescue');
      }
      throw now === null ? deleted(path) : replaced(path, stranger);
    },
  };
}

function identityOf(path: string): string | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? null : `${stats.dev}:${stats.ino}`;
}

function deleted(path: string): SyncError {
  return new SyncError(`The ledger ${path} was deleted under the running daemon; it was written anew from memory`, {
    code: 'ledger_deleted',
    op: 'ledger check',
    path,
    hint: 'Nothing is lost. Start flora-sync again (systemd does), and find out who deletes files there.',
  });
}

function replaced(path: string, stranger: string): SyncError {
  return new SyncError(`The ledger ${path} was replaced under the running daemon; the other file is now ${stranger}`, {
    code: 'ledger_replaced',
    op: 'ledger check',
    path,
    hint: 'The daemon put its own back; start it again. To restore a backup, stop the daemon first.',
  });
}
