import { chmodSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SyncError } from '../errors.ts';
import { asLedgerError, type LedgerDatabase, ledgerFile } from './database.ts';

const companions = ['-wal', '-shm'] as const;

/**
 * A deleted database still accepts writes, and they are gone with the process. `check` notices that the ledger's file is not
 * the one that was opened, saves what the connection still sees, and throws.
 *
 * @throws SyncError `ledger_deleted` (saved in its own place again), `ledger_replaced` (saved beside the stranger), or
 *   `ledger_*` when it could not be saved.
 */
export function watchLedgerFile(stateDir: string, database: LedgerDatabase): { check(stamp: string): void } {
  const path = join(stateDir, ledgerFile);
  const own = ['', ...companions].map((suffix) => identityOf(path + suffix));
  return {
    check: (stamp) => {
      const now = identityOf(path);
      if (now !== null && now === own[0]) return;
      const rescue = now === null ? path : `${path}.rescued-${stamp}`;
      try {
        mkdirSync(stateDir, { recursive: true, mode: 0o700 });
        save(database, rescue);
        // Our log belongs to nobody's file now: whoever opens the ledger next would replay it into the wrong one.
        for (const [index, suffix] of companions.entries()) {
          if (own[index + 1] === identityOf(path + suffix)) rmSync(path + suffix, { force: true });
        }
      } catch (error) {
        throw asLedgerError(error, 'rescue');
      }
      throw now === null ? deleted(path) : replaced(path, rescue);
    },
  };
}

/** Written whole under another name first: half a ledger would look like one. */
function save(database: LedgerDatabase, target: string): void {
  const part = `${target}.new`;
  rmSync(part, { force: true });
  database.prepare('VACUUM INTO ?').run(part);
  chmodSync(part, 0o600);
  renameSync(part, target);
}

function identityOf(path: string): string | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? null : `${stats.dev}:${stats.ino}`;
}

function deleted(path: string): SyncError {
  return new SyncError(`The ledger ${path} was deleted under the running daemon; it was written anew from memory`, {
    code: 'ledger_deleted',
    scope: 'process',
    disposition: 'exit',
    op: 'ledger check',
    path,
    hint: 'Nothing is lost. Start flora-sync again (systemd does), and find out who deletes files there.',
  });
}

function replaced(path: string, rescue: string): SyncError {
  return new SyncError(`The ledger ${path} was replaced under the running daemon; its own one is saved as ${rescue}`, {
    code: 'ledger_replaced',
    scope: 'process',
    disposition: 'exit',
    op: 'ledger check',
    path,
    hint: 'Keep the right one of the two as ledger.sqlite, then start again.',
  });
}
