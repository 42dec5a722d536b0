import type { Config } from '../config/load.ts';
import type { LiveStatus } from '../control/protocol.ts';
import { type ControlServer, startControlServer } from '../control/server.ts';
import { joinPath, splitPath } from '../core/entry.ts';
import { displayName } from '../core/name.ts';
import { SyncError } from '../errors.ts';
import { remoteDevices } from '../local/file-system.ts';
import { type MountWatch, watchMounts } from '../local/watch/mounts.ts';
import { repeat, systemClock } from '../runtime/clock.ts';
import { keepHeapSmall } from '../runtime/heap.ts';
import type { Logger } from '../runtime/logger.ts';
import { describeRemote, tellRemote } from '../setup/log-lines.ts';
import type { OpenedLedger } from '../setup/open-ledger.ts';
import { commandsOf } from './commands.ts';
import { startSnapshots } from './daily-snapshot.ts';
import type { Engine } from './engine.ts';
import { type FolderWatchers, watchFolders } from './folder-watchers.ts';
import { lookForNewKey } from './key-rotation.ts';

const missingFolderMs = 5_000;
const ledgerCheckMs = 2_000;
const matchingMs = 2_000;
/** What other hosts write raises no event here, so it is looked for. */
const remoteLookMs = 30_000;

export interface ServiceDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly file: OpenedLedger['file'];
  /** Aborted when the engine is to stop. */
  readonly signal: AbortSignal;
  readonly liveStatus: () => LiveStatus;
  readonly onError: (error: unknown) => void;
}

/** What makes an engine a daemon: it watches, does things at their intervals, and answers other commands. */
export interface Service {
  readonly watchers: FolderWatchers;
  /** Begins the loops; they end with the signal. */
  begin(): void;
  /** Resolves when the loops have ended, however they did. */
  ended(): Promise<unknown>;
  close(): Promise<void>;
}

export async function openService(engine: Engine, deps: ServiceDeps): Promise<Service> {
  keepHeapSmall();
  const watchers = watchFolders(engine.folders, {
    log: deps.log,
    intake: () => engine.intake,
    onOverflow: (folder) => {
      deps.log.warn({ folder: folder.root }, 'events came faster than they could be read; everything is scanned again');
      engine.scanAll().catch(deps.onError);
    },
    isRemote: remoteDevices(systemClock.monotonic),
    onRemote: (folder, directory) => tellRemote(deps.log, displayName(joinPath(folder.root, directory)), remoteLookMs),
    onError: deps.onError,
  });
  const control = await answerCommands(engine, deps, watchers);
  let loops: readonly Promise<void>[] = [];
  return {
    watchers,
    begin: () => {
      loops = startLoops(engine, deps, watchers);
    },
    ended: () => Promise.allSettled(loops),
    close: async () => void (await Promise.allSettled([watchers.close(), control?.close()])),
  };
}

/** The daemon can do without: `status` then shows what the ledger knows. */
async function answerCommands(
  engine: Engine,
  deps: ServiceDeps,
  watchers: FolderWatchers,
): Promise<ControlServer | undefined> {
  const { config, log, liveStatus, signal, onError } = deps;
  const status = () => ({ ...liveStatus(), notices: noticesOf(engine, watchers) });
  try {
    const commands = commandsOf(engine);
    const onTrouble = ({ code, hint, message }: SyncError) => log.warn({ code, hint }, message);
    return await startControlServer(config.stateDir, { status, commands, signal, onError, onTrouble });
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    log.warn({ code: error.code, hint: error.hint }, error.message);
    return undefined;
  }
}

function startLoops(engine: Engine, deps: ServiceDeps, watchers: FolderWatchers): readonly Promise<void>[] {
  const { config, log, file, signal } = deps;
  const { intake, flora } = engine;
  // From before the first scan: what is mounted while it runs is found then or now.
  const mounts = watchMounts(engine.folders.map(({ root }) => root));
  const loops = [
    repeat(missingFolderMs, signal, () => intake.scanHalted()),
    repeat(missingFolderMs, signal, async () => scanMounted(engine, mounts, deps.onError)),
    repeat(remoteLookMs, signal, () => watchers.lookAtRemote(signal)),
    startSnapshots({ stateDir: config.stateDir, ledger: engine.ledger, log }, signal),
    repeat(ledgerCheckMs, signal, async () => file.check(String(systemClock.now()))),
    repeat(matchingMs, signal, async () => void (await engine.finishMatching())),
    lookForNewKey(flora.key, () => flora.gate.hurry(), signal),
    repeat(config.reconcileIntervalMs, signal, async () => void (await engine.reconcileNow())),
    repeat(config.rescanIntervalMs, signal, async () => {
      engine.state = 'scanning';
      await engine.scanAll();
      if (signal.aborted) return;
      engine.state = 'watching';
      log.info({ directories: watchers.watchedCount(), in_hand: intake.inHand }, 'scanned');
    }),
  ];
  for (const loop of loops) loop.catch(deps.onError);
  return loops;
}

/** What came with a mount is scanned, and not waited for: the next mount may be another drive. Of one that went, it says so. */
function scanMounted({ folders, intake }: Engine, mounts: MountWatch, onError: (error: unknown) => void): void {
  for (const { root, path } of mounts.changes()) {
    const folder = folders.find((each) => each.root === root);
    if (folder === undefined) continue;
    intake.scan(folder, path).catch(onError);
    // A file may be mounted too, and a mount point may have gone with what was mounted there.
    const { directory, name } = splitPath(path);
    intake.hint(folder.folderId, directory, name);
  }
}

/** What `status` says of folders that can be read. */
function noticesOf({ folders }: Engine, watchers: FolderWatchers): NonNullable<LiveStatus['notices']> {
  const notices = folders.map((folder) => {
    const places = watchers.remotePlaces(folder).map((directory) => displayName(joinPath(folder.root, directory)));
    return [displayName(folder.root), places.map((place) => `${place} is ${describeRemote(remoteLookMs)}`)] as const;
  });
  return Object.fromEntries(notices.filter(([, of]) => of.length > 0));
}
