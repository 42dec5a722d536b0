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
import { commandsOf } from './commands.ts';
import { startSnapshots } from './daily-snapshot.ts';
import { type Engine, type EngineOptions, startEngine, type WatchParts } from './engine.ts';
import { type FolderWatchers, watchFolders } from './folder-watchers.ts';
import { lookForNewKey } from './key-rotation.ts';
import { liveStatus } from './status.ts';

const missingFolderMs = 5_000;
const rulesMs = 2_000;
const ledgerCheckMs = 2_000;
const matchingMs = 2_000;
/** What other hosts write raises no event here, so it is looked for. */
const remoteLookMs = 30_000;

type WatchingEngine = Engine<FolderWatchers>;

/**
 * An engine that watches its folders, does things at their intervals and answers other commands, until `stop`. Throws what
 * `startEngine` throws.
 */
export async function startDaemon(
  config: Config,
  log: Logger,
  options: Pick<EngineOptions<FolderWatchers>, 'events' | 'stop'> = {},
): Promise<Engine> {
  keepHeapSmall();
  const engine = await startEngine(config, log, { ...options, watch: (parts) => openWatchers(parts, log) });
  const { events, life } = engine;
  events.on('watch:overflow', ({ root }) => {
    log.warn({ folder: root }, 'events came faster than they could be read; everything is scanned again');
    engine.scanAll().catch(life.fail);
  });
  try {
    const control = await answerCommands(engine, config, log);
    life.onEnd(() => control?.close());
    // Only now: what is asked of a daemon that has begun is answered.
    const loops = startLoops(engine, config, log);
    for (const loop of loops) loop.catch(life.fail);
    life.onEnd(() => Promise.allSettled(loops));
    return engine;
  } catch (error) {
    await Promise.allSettled([engine.stop()]);
    throw error;
  }
}

function openWatchers({ folders, hints, events, rulesOf, fail }: WatchParts, log: Logger): FolderWatchers {
  return watchFolders(folders, {
    log,
    hints,
    rulesOf,
    onOverflow: (folder) => void events.emit('watch:overflow', folder),
    isRemote: remoteDevices(systemClock.monotonic),
    onRemote: ({ root }, directory) => tellRemote(log, displayName(joinPath(root, directory)), remoteLookMs),
    onError: fail,
  });
}

/** The daemon can do without: `status` then shows what the ledger knows. */
async function answerCommands(
  engine: WatchingEngine,
  { stateDir }: Config,
  log: Logger,
): Promise<ControlServer | undefined> {
  const { life, watch } = engine;
  const onTrouble = ({ code, hint, message }: SyncError) => log.warn({ code, hint }, message);
  try {
    return await startControlServer(stateDir, {
      status: () => ({ ...liveStatus(engine), notices: noticesOf(engine, watch) }),
      commands: commandsOf(engine),
      signal: life.signals.stopping,
      onError: life.fail,
      onTrouble,
    });
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    onTrouble(error);
    return undefined;
  }
}

function startLoops(engine: WatchingEngine, config: Config, log: Logger): readonly Promise<void>[] {
  const { intake, flora, watch, life, ledger, ledgerFile } = engine;
  const signal = life.signals.stopping;
  // From before the first scan: what is mounted while it runs is found then or now.
  const mounts = watchMounts(engine.folders.map(({ root }) => root));
  return [
    repeat(missingFolderMs, signal, () => intake.scanHalted()),
    repeat(rulesMs, signal, () => intake.scanReruled()),
    repeat(missingFolderMs, signal, async () => scanMounted(engine, mounts)),
    repeat(remoteLookMs, signal, () => watch.lookAtRemote(signal)),
    startSnapshots({ stateDir: config.stateDir, ledger, log }, signal),
    repeat(ledgerCheckMs, signal, async () => ledgerFile.check(String(systemClock.now()))),
    repeat(matchingMs, signal, async () => void (await engine.finishMatching())),
    lookForNewKey(flora.key, () => flora.gate.hurry(), signal),
    repeat(config.reconcileIntervalMs, signal, async () => void (await engine.reconcileNow())),
    repeat(config.rescanIntervalMs, signal, async () => {
      engine.state = 'scanning';
      await engine.scanAll();
      if (signal.aborted) return;
      engine.state = 'watching';
      log.info({ directories: watch.watchedCount(), in_hand: intake.pendingFiles }, 'scanned');
    }),
  ];
}

/** What came with a mount is scanned, and not waited for: the next mount may be another drive. Of one that went, it says so. */
function scanMounted({ folders, intake, hints, life }: Engine, mounts: MountWatch): void {
  for (const { root, path } of mounts.changes()) {
    const folder = folders.find((each) => each.root === root);
    if (folder === undefined) continue;
    intake.scan(folder, path).catch(life.fail);
    // A file may be mounted too, and a mount point may have gone with what was mounted there.
    hints.add({ root, ...splitPath(path) });
  }
}

/** What `status` says of folders that can be read. */
function noticesOf({ folders, rules }: Engine, watchers: FolderWatchers): NonNullable<LiveStatus['notices']> {
  const notices = folders.map((folder) => {
    const places = watchers.remotePlaces(folder).map((directory) => displayName(joinPath(folder.root, directory)));
    const remote = places.map((place) => `${place} is ${describeRemote(remoteLookMs)}`);
    return [displayName(folder.root), [...rules.notices(folder.root), ...remote]] as const;
  });
  return Object.fromEntries(notices.filter(([, of]) => of.length > 0));
}
