import type { Config } from '../config/load.ts';
import { uploadingMissing } from '../core/drop-folder.ts';
import { displayName } from '../core/name.ts';
import { openDatabaseReadOnly } from '../ledger/database.ts';
import { Inventory, type InventoryFolder } from '../ledger/inventory.ts';
import { openTables } from '../ledger/ledger.ts';
import { createLocalFiles } from '../local/local-files.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import { systemRandom } from '../runtime/random.ts';
import { connect } from '../setup/flora-client.ts';
import { takeLedger } from '../setup/open-ledger.ts';
import { Gate } from '../sync/flora/gate.ts';
import { placesOf } from '../sync/flora/listing.ts';
import { Reconciler } from '../sync/flora/reconciler.ts';
import type { LedgerPort } from '../sync/ports/ledger.ts';
import { type Accepted, type ReconcileWish, type RetryWish, reconcileAsked, retryFiles } from './operations.ts';

// What the commands do where no daemon runs: on the ledger itself, which is theirs meanwhile. Nothing is uploaded.

type Tell = (line: object) => Promise<void>;

const nothing = () => {};

/** Tries files again; the next `run` or `sync` carries on. Throws what `takeLedger` throws. */
export async function retryAlone(stateDir: string, log: Logger, wish: RetryWish, tell: Tell, signal: AbortSignal) {
  const { ledger, database, release } = takeLedger(stateDir, log, systemClock.now());
  try {
    const deps = { clock: systemClock, random: systemRandom, log, inventory: new Inventory(database) };
    const untold = { onChange: nothing, onLook: nothing, onWork: nothing, uploadsMissing: () => false, creating: null };
    return await retryFiles({ ...deps, ...untold, ledger }, wish, tell, signal);
  } finally {
    ledger.close();
    release();
  }
}

/** Has the next `run` or `sync` take the folder's root as it is then. Throws what `takeLedger` throws. */
export async function resumeAlone(stateDir: string, log: Logger, folder: InventoryFolder): Promise<Accepted> {
  const { ledger, release } = takeLedger(stateDir, log, systemClock.now());
  try {
    const path = displayName(folder.root);
    const local = createLocalFiles({ now: systemClock.monotonic, accept: [] });
    if (local.rootIdentity(folder.root) === null) {
      return { folder: path, outcome: 'halted', message: 'is not there or cannot be read' };
    }
    await ledger.write((tables) => tables.directories.forgetRootIdentity(folder.folderId));
    return { folder: path, outcome: 'accepted', message: 'is taken as it is at the next `run` or `sync`' };
  } finally {
    ledger.close();
    release();
  }
}

/** Walks FLORA's listing once. A dry run only reads the ledger, and does not even take it. */
export async function reconcileAlone(
  config: Config,
  log: Logger,
  wish: ReconcileWish,
  tell: Tell,
  signal: AbortSignal,
) {
  const { ledger, inventory, close } = wish.isDryRun ? readLedger(config) : ownLedger(config, log);
  const remote = connect(config, () => config.apiKey.reveal());
  try {
    const gate = new Gate({ clock: systemClock, random: systemRandom, most: config.concurrency, onChange: nothing });
    const reconciler = new Reconciler({
      ledger,
      remote,
      gate,
      log,
      clock: systemClock,
      random: systemRandom,
      places: placesOf(config.folders.map((folder) => folder.destination)),
      inHand: () => new Set(),
      onWork: nothing,
      onChange: nothing,
      creating: null,
      uploadsMissing: uploadingMissing(config.folders),
    });
    const pathOf = (id: number) => inventory.pathOf(id);
    return await reconcileAsked({ remote, gate, pathOf, run: (...how) => reconciler.run(...how) }, wish, tell, signal);
  } finally {
    await remote.close();
    close();
  }
}

interface UsedLedger {
  readonly ledger: LedgerPort;
  readonly inventory: Inventory;
  readonly close: () => void;
}

function ownLedger({ stateDir }: Config, log: Logger): UsedLedger {
  const { ledger, database, release } = takeLedger(stateDir, log, systemClock.now());
  const close = () => {
    ledger.close();
    release();
  };
  return { ledger, inventory: new Inventory(database), close };
}

function readLedger({ stateDir }: Config): UsedLedger {
  const database = openDatabaseReadOnly(stateDir);
  if (database === undefined) throw new Error(`The ledger in ${stateDir} vanished`);
  const write = () => Promise.reject(new Error('A dry run writes nothing'));
  const readTogether = <T>(read: () => T): T => database.transaction(read)();
  const ledger = { ...openTables(database), write, readTogether };
  return { ledger, inventory: new Inventory(database), close: () => database.close() };
}
