import type { PartialConfig } from '../../config/load.ts';
import { joinPath } from '../../core/entry.ts';
import { locate } from '../../core/locate.ts';
import { showPath } from '../../core/show-text.ts';
import { usageError } from '../../errors.ts';
import { Inventory } from '../../ledger/inventory.ts';
import { createLocalFiles } from '../../local/local-files.ts';
import { systemClock } from '../../runtime/clock.ts';
import { rulesByRoot } from '../../setup/folder-rules.ts';
import { IdSet } from '../../sync/flora/id-set.ts';
import { withFlora } from '../flora-session.ts';
import { findTyped, knownRoots, meanings, neverSeen, openKnownLedger } from '../known-files.ts';
import { type Difference, Findings } from './difference.ts';
import { type Scope, verifyLocal } from './local.ts';
import { verifyRemote } from './remote.ts';

export interface VerifyRequest {
  /** With the key, if FLORA is to be asked. */
  readonly config: Pick<PartialConfig, 'stateDir' | 'apiKey' | 'baseUrl' | 'concurrency' | 'folders'>;
  /** Only these files or directories, as they stand on a command line; none for everything. */
  readonly typed: readonly string[];
  /** Whether FLORA is asked, too. */
  readonly isRemote: boolean;
  /** Whether the bytes behind each asset's URL are fetched, then. */
  readonly isDownload: boolean;
}

/** What was looked at, and how many differences there are, as `verify --json` shows it. */
export type VerifySummary = ReturnType<Findings['summary']>;

/**
 * Compares the ledger with the disk, and with FLORA if it may be asked; tells each difference as it is found.
 *
 * @throws SyncError `usage` where there is no ledger, or a path is nothing that it knows; what `withFlora` throws
 */
export async function verify(
  { config, typed, isRemote, isDownload }: VerifyRequest,
  tell: (difference: Difference) => Promise<void>,
  signal: AbortSignal,
): Promise<VerifySummary> {
  const startedMs = systemClock.monotonic();
  const findings = new Findings(tell);
  const database = openKnownLedger(config.stateDir);
  try {
    const inventory = new Inventory(database);
    const rulesOf = rulesByRoot(config.folders);
    const local = createLocalFiles({ now: systemClock.monotonic, accept: [], rulesOf });
    const scopes = readScopes(inventory, local, typed);
    const ids = new IdSet();
    const onContent = (id: number) => ids.add(id);
    const compareLocally = () => verifyLocal({ inventory, local, rulesOf, findings, signal, onContent }, scopes);
    if (!isRemote) await compareLocally();
    else {
      await withFlora(config, signal, async (session, cut) => {
        await compareLocally();
        const only = typed.length === 0 ? null : ids;
        const wanted = { concurrency: config.concurrency, isDownload, only, signal: cut };
        await verifyRemote({ ...session, ...wanted, inventory, findings });
      });
    }
    return findings.summary(startedMs, systemClock);
  } finally {
    database.close();
  }
}

/** What is meant by the paths; without any, every watched folder. */
function readScopes(
  inventory: Inventory,
  local: Pick<ReturnType<typeof createLocalFiles>, 'look'>,
  typed: readonly string[],
): readonly Scope[] {
  const folders = inventory.folders();
  if (typed.length === 0) return folders.map((folder) => ({ folder, directory: '', name: null }));
  return typed.map((each) => {
    const known = findTyped(inventory, each);
    if (known !== undefined) return { folder: known.folder, directory: known.path.directory, name: known.path.name };
    let isInside = false;
    for (const absolute of meanings(each)) {
      for (const folder of folders) {
        if (absolute === folder.root) return { folder, directory: '', name: null };
        const path = locate(folder.root, absolute);
        if (path === null) continue;
        isInside = true;
        const directory = joinPath(path.directory, path.name);
        if (local.look(path).kind === 'directory' || inventory.hasDirectory(folder.folderId, directory)) {
          return { folder, directory, name: null };
        }
        if (local.look(path).kind === 'file') return { folder, directory: path.directory, name: path.name };
      }
    }
    if (isInside) throw neverSeen(each);
    throw usageError(`${showPath(each)} is in no drop folder that the ledger knows`, knownRoots(folders));
  });
}
