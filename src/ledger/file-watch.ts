import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SyncError } from '../errors.ts';
import { type LedgerDatabase, ledgerFile } from './database.ts';

/**
 * A deleted database still accepts writes, and they are gone with the process. `check` notices that the ledger's file is not
 * the one that was opened, saves what the connection still sees, and throws.
 *
 * @throws SyncError `ledger_deleted` (saved in its own place again) or `ledger_replaced` (saved beside the stranger).
 */
export function watchLedgerFile(stateDir: string, database: LedgerDatabase): { check(stamp: string): void } {
  const path = join(stateDir, ledgerFile);
  const { ino, dev } = statSync(path);
  return {
    check: (stamp) => {
      const now = statSync(path, { throwIfNoEntry: false });
      if (now?.ino === ino && now.dev === dev) return;
      const rescue = now === undefined ? path : `${path}.rescued-${stamp}`;
      if (!existsSync(rescue)) database.prepare('VACUUM INTO ?').run(rescue);
      throw now === undefined ? deleted(path) : replaced(path, rescue);
    },
  };
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
