import { repeat, systemClock } from './clock.ts';
import { commandsOf } from './commands.ts';
import type { Config } from './config.ts';
import type { LiveStatus } from './control.ts';
import { type ControlServer, startControlServer } from './control-server.ts';
import type { Engine } from './daemon.ts';
import { SyncError } from './errors.ts';
import { keepHeapSmall } from './heap.ts';
import { lookForNewKey } from './key-holder.ts';
import type { Logger } from './logger.ts';
import type { OpenedLedger } from './opening.ts';
import { startSnapshots } from './snapshotting.ts';
import { type FolderWatchers, watchFolders } from './watching.ts';

const missingFolderMs = 5_000;
const ledgerCheckMs = 2_000;
const matchingMs = 2_000;

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
  const control = await answerCommands(engine, deps);
  const watchers = watchFolders(engine.folders, {
    log: deps.log,
    intake: () => engine.intake,
    onOverflow: (folder) => {
      deps.log.warn({ folder: folder.root }, 'events came faster than they could be read; everything is scanned again');
      engine.scanAll().catch(deps.onError);
    },
    onError: deps.onError,
  });
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
async function answerCommands(engine: Engine, deps: ServiceDeps): Promise<ControlServer | undefined> {
  const { config, log, liveStatus: status, signal, onError } = deps;
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
  const loops = [
    repeat(missingFolderMs, signal, () => intake.scanHalted()),
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
