import { ConfigError } from '../config/config-error.ts';
import type { Config } from '../config/load.ts';
import { overlappingPlaces } from '../config/paths.ts';
import { settingOf } from '../config/schema.ts';
import type { DropFolder } from '../core/drop-folder.ts';
import { onAbort } from '../core/on-abort.ts';
import { type LedgerDatabase, openDatabase } from '../ledger/database.ts';
import { Inventory } from '../ledger/inventory.ts';
import { type Ledger, openLedger } from '../ledger/ledger.ts';
import { watchLedgerFile } from '../ledger/recovery/file-watch.ts';
import { takeOwnership } from '../ledger/recovery/owner-lock.ts';
import { Reports } from '../ledger/reports.ts';
import { placeOf } from '../local/place.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import { tellBlocked, tellLedger } from './log-lines.ts';

/** How long the ledger gathers writes while several come at a time; a lone one goes to disk at once. */
const busyGroupMs = 8;
/** How long until a write that a full or read-only disk refused is tried again. */
const blockedRetryMs = 2_000;

/** The ledger, ours alone until `release`, with the watched folders in it. */
export interface OpenedLedger {
  readonly ledger: Ledger;
  /** Notices when the ledger's file is deleted or replaced under us. */
  readonly file: { check(stamp: string): void };
  readonly reports: Reports;
  readonly inventory: Inventory;
  readonly folders: readonly DropFolder[];
  readonly release: () => void;
}

/** The ledger, ours alone until `release`. */
export interface TakenLedger {
  readonly ledger: Ledger;
  readonly database: LedgerDatabase;
  /** After the ledger was closed. */
  readonly release: () => void;
}

/**
 * Takes the ledger of the state directory.
 *
 * @throws SyncError `ledger_owned` when another process has it, `state_dir` or `ledger_*` when it cannot be used.
 */
export function takeLedger(stateDir: string, log: Logger, startedMs: number): TakenLedger {
  const lock = takeOwnership(stateDir, { pid: process.pid, since: startedMs });
  try {
    const database = openDatabase(stateDir, startedMs, (notice) => tellLedger(log, notice));
    const ledger = openLedger(database, {
      defer: (flush, isBusy) => void (isBusy ? systemClock.setTimer(busyGroupMs, flush) : setImmediate(flush)),
      pause: (retry) => void systemClock.setTimer(blockedRetryMs, retry),
      onBlocked: (code) => tellBlocked(log, stateDir, code),
    });
    return { ledger, database, release: () => lock.release() };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * Takes the ledger of the state directory and registers the folders in it. Throws what `takeLedger` throws, and a ConfigError
 * where directories that the settings name apart are one, or in one another.
 */
export async function openState(
  config: Config,
  log: Logger,
  startedMs: number,
  stop: AbortSignal | undefined,
): Promise<OpenedLedger> {
  // Before anything is made there: a state directory among the files to upload would be one of them.
  refuseOverlaps(config);
  const { ledger, database, release } = takeLedger(config.stateDir, log, startedMs);
  try {
    // A full disk holds the very first write up; nobody may have to wait for that who wants it stopped.
    const off = stop && onAbort(stop, () => ledger.giveUp());
    const folders = await registerFolders(ledger, config);
    off?.();
    const file = watchLedgerFile(config.stateDir, database);
    return { ledger, file, reports: new Reports(database), inventory: new Inventory(database), folders, release };
  } catch (error) {
    release();
    throw error;
  }
}

function refuseOverlaps({ folders, stateDir }: Pick<Config, 'folders' | 'stateDir'>): void {
  const settings = { folder: settingOf('folder').variable, stateDir: settingOf('state_dir').variable };
  const places = folders.map(({ path }) => placeOf(path));
  const problems = overlappingPlaces(settings, places, placeOf(stateDir));
  if (problems.length > 0) throw new ConfigError(problems);
}

/** Makes exactly the settings' folders the watched ones. */
export async function registerFolders(
  ledger: Ledger,
  config: Pick<Config, 'onNewLedger'> & {
    readonly folders: readonly Pick<Config['folders'][number], 'path' | 'destination' | 'copies'>[];
  },
): Promise<readonly DropFolder[]> {
  return await ledger.write((tables) => {
    const places = config.folders.map(({ path, destination, copies }) => ({
      path,
      copies,
      destinationId: tables.directories.destinationId(destination),
    }));
    const ids = tables.directories.activateFolders(places);
    if (config.onNewLedger === 'upload') for (const id of ids) tables.directories.setNeedsMatching(id, false);
    // Settings and permissions may be others than last time: what was refused is looked at anew.
    tables.files.doubtProblems();
    tables.contents.doubtUnanswered();
    return places.map(({ path, ...rest }, index) => {
      const folderId = ids[index];
      if (folderId === undefined) throw new Error(`The ledger has no number for the folder ${path}`);
      return { root: path, ...rest, folderId };
    });
  });
}
