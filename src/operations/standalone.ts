import type { Config } from '../config/load.ts';
import { uploadingMissing } from '../core/drop-folder.ts';
import { displayName } from '../core/name.ts';
import { Inventory } from '../ledger/inventory.ts';
import { openTables } from '../ledger/ledger.ts';
import { createLocalFiles } from '../local/local-files.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import { systemRandom } from '../runtime/random.ts';
import { inTransaction } from '../runtime/sqlite.ts';
import { openFlora } from '../setup/flora-client.ts';
import { type TakenLedger, takeLedger } from '../setup/open-ledger.ts';
import { placesOf } from '../sync/flora/listing.ts';
import { Reconciler } from '../sync/flora/reconciler.ts';
import type { LedgerPort } from '../sync/ports/ledger.ts';
import { openKnownLedger, requireLedger } from './known-files.ts';
import { type ReconcileItem, type ReconcileRequest, type ReconcileResult, reconcileAsked } from './reconcile.ts';
import { type Accepted, folderAt, type ResumeRequest } from './resume.ts';
import { type RetryItem, type RetryRequest, type RetryResult, retryFiles } from './retry.ts';

// What the commands do where no daemon runs: on the ledger itself, which is theirs meanwhile. Nothing is uploaded.

const nothing = () => {};

/** Tries files again; the next `run` or `sync` carries on. Throws what `takeLedger` and `openKnownLedger` throw. */
export async function retryAlone(
  stateDir: string,
  log: Logger,
  request: RetryRequest,
  tell: (item: RetryItem) => Promise<void>,
  signal: AbortSignal,
): Promise<RetryResult> {
  return await withLedger(stateDir, log, async ({ ledger, database }) => {
    const deps = { clock: systemClock, random: systemRandom, log, inventory: new Inventory(database) };
    const untold = { onChange: nothing, onLook: nothing, onWork: nothing, uploadsMissing: () => false, creating: null };
    return await retryFiles({ ...deps, ...untold, ledger }, request, tell, signal);
  });
}

/** Has the next `run` or `sync` take the folder's root as it is then. Throws what `takeLedger` and `openKnownLedger` throw. */
export async function resumeAlone(stateDir: string, log: Logger, request: ResumeRequest): Promise<Accepted> {
  return await withLedger(stateDir, log, async ({ ledger, database }) => {
    const { root, folderId } = folderAt(new Inventory(database).folders(), request.folder);
    const folder = displayName(root);
    const local = createLocalFiles({ now: systemClock.monotonic, accept: [] });
    if (local.rootIdentity(root) === null) {
      return { folder, outcome: 'halted', message: 'is not there or cannot be read' };
    }
    await ledger.write((tables) => tables.directories.forgetRootIdentity(folderId));
    return { folder, outcome: 'accepted', message: 'is taken as it is at the next `run` or `sync`' };
  });
}

/** Does work on the ledger that is there, ours alone meanwhile. */
async function withLedger<T>(stateDir: string, log: Logger, work: (taken: TakenLedger) => Promise<T>): Promise<T> {
  // None is begun for this.
  requireLedger(stateDir);
  const taken = takeLedger(stateDir, log, systemClock.now());
  try {
    return await work(taken);
  } finally {
    taken.ledger.close();
    taken.release();
  }
}

/** Walks FLORA's listing once. A dry run only reads the ledger, and does not even take it. */
export async function reconcileAlone(
  config: Config,
  log: Logger,
  request: ReconcileRequest,
  tell: (item: ReconcileItem) => Promise<void>,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const reconcileIn = async (ledger: LedgerPort, inventory: Inventory) => {
    const { remote, gate } = openFlora(config, () => config.apiKey.reveal());
    const reconciler = new Reconciler({
      ledger,
      remote,
      gate,
      log,
      clock: systemClock,
      random: systemRandom,
      places: placesOf(config.folders.map((folder) => folder.destination)),
      claimed: () => new Set(),
      onWork: nothing,
      onChange: nothing,
      creating: null,
      uploadsMissing: uploadingMissing(config.folders),
    });
    const pathOf = (id: number) => inventory.pathOf(id);
    const work = { remote, gate, pathOf, run: (...how: Parameters<Reconciler['run']>) => reconciler.run(...how) };
    return await reconcileAsked(work, request, tell, signal).finally(() => remote.close());
  };
  if (request.dry_run === true) return await withLedgerToRead(config.stateDir, reconcileIn);
  return await withLedger(config.stateDir, log, ({ ledger, database }) => reconcileIn(ledger, new Inventory(database)));
}

async function withLedgerToRead<T>(
  stateDir: string,
  work: (ledger: LedgerPort, inventory: Inventory) => Promise<T>,
): Promise<T> {
  const database = openKnownLedger(stateDir);
  try {
    const write = () => Promise.reject(new Error('A dry run writes nothing'));
    const readTogether = <R>(read: () => R): R => inTransaction(database, read);
    return await work({ ...openTables(database), write, readTogether }, new Inventory(database));
  } finally {
    database.close();
  }
}
