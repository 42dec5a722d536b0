import type { Config } from '../config/load.ts';
import type { Content } from '../core/content.ts';
import { type DropFolder, uploadingMissing } from '../core/drop-folder.ts';
import type { FilePath } from '../core/entry.ts';
import { displayName } from '../core/name.ts';
import { onAbort } from '../core/on-abort.ts';
import type { MatchingSummary, ReconcileSummary } from '../core/records.ts';
import type { SyncError } from '../errors.ts';
import type { Inventory } from '../ledger/inventory.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Reports } from '../ledger/reports.ts';
import { createLocalFiles } from '../local/local-files.ts';
import type { FolderRules } from '../rules/folder-rules.ts';
import { systemClock } from '../runtime/clock.ts';
import { coalesce } from '../runtime/coalesce.ts';
import type { Logger } from '../runtime/logger.ts';
import { systemRandom } from '../runtime/random.ts';
import { tellFolder, tellGate, tellingShortage } from '../setup/log-lines.ts';
import { type OpenedLedger, openState } from '../setup/open-ledger.ts';
import { Matching } from '../sync/flora/matching.ts';
import { Polls } from '../sync/flora/polls.ts';
import type { ReconcileOptions } from '../sync/flora/reconcile-options.ts';
import { Reconciler } from '../sync/flora/reconciler.ts';
import { Hints } from '../sync/intake/hints.ts';
import { Intake } from '../sync/intake/intake.ts';
import { RuleBook } from '../sync/intake/rule-book.ts';
import { DueWork } from '../sync/ports/due-work.ts';
import type { WatchPort } from '../sync/ports/watch.ts';
import { RootGuard } from '../sync/roots/root-guard.ts';
import type { RetryDeps } from '../sync/upload/retry.ts';
import { startScheduler } from '../sync/upload/scheduler.ts';
import { affordable } from './affordable.ts';
import { EngineEvents, type EngineState } from './engine-events.ts';
import { type FloraSide, openFloraSide } from './flora-side.ts';
import { Lifetime } from './lifetime.ts';

/** Below systemd's patience and the 20 s that we promise. */
const drainMs = 15_000;

export interface EngineOptions<W extends WatchPort> {
  readonly events?: EngineEvents | undefined;
  /** Gives up what waits for the disk while it starts. */
  readonly stop?: AbortSignal | undefined;
  /** Who watches the folders and gives the hints, or `nobodyWatches`. */
  readonly watch: (parts: WatchParts) => W;
}

/** What watching needs of an engine. */
export interface WatchParts {
  readonly folders: readonly DropFolder[];
  readonly hints: Hints;
  readonly events: EngineEvents;
  readonly rulesOf: (root: string) => FolderRules;
  readonly fail: (error: unknown) => void;
}

/** The rooms, put together over one ledger: intake, scheduler and reconciler. Working on what is due from the start on. */
export interface Engine<W extends WatchPort = WatchPort> {
  readonly folders: readonly DropFolder[];
  readonly hints: Hints;
  readonly watch: W;
  readonly intake: Intake;
  readonly rules: RuleBook;
  readonly ledger: Ledger;
  readonly ledgerFile: OpenedLedger['file'];
  readonly reports: Reports;
  readonly inventory: Inventory;
  readonly flora: FloraSide;
  readonly events: EngineEvents;
  readonly life: Lifetime;
  /** Milliseconds since the epoch. */
  readonly startedMs: number;
  /** Folders that cannot be read now, by the path as it is shown. */
  readonly folderTroubles: ReadonlyMap<string, SyncError>;
  /** Bytes sent so far of the uploads under way, by content. */
  readonly sentBytes: ReadonlyMap<number, number>;
  /** With what a person's commands change the ledger. */
  readonly operating: Omit<RetryDeps, 'onLook'>;
  state: EngineState;
  /** How many contents are on their way to FLORA. */
  readonly claimedCount: number;
  /** Reads every folder and compares it with the ledger. One such scan runs at a time; a call during one adds another. */
  scanAll(): Promise<void>;
  /** Milliseconds until anything towards FLORA may be due; 0 while something is on its way or FLORA's assets are listed. */
  quietForMs(): number;
  /** Other rules of the folders: they count soon. */
  changeRules(folders: Config['folders']): void;
  /** Walks FLORA's listing once. */
  reconcileNow(options?: ReconcileOptions, signal?: AbortSignal): Promise<ReconcileSummary>;
  /** Once all is read, and compared with what FLORA has: from then on new files are new to FLORA too. */
  finishMatching(): Promise<MatchingSummary | null>;
  /** Lets the steps under way finish (15 s at most), then closes everything. */
  stop(): Promise<void>;
}

/**
 * Opens the ledger, puts the rooms together over it and starts working on what is due. Whatever was opened is closed again where a
 * later part cannot be. Throws what `openState` and `affordable` throw.
 */
export async function startEngine<W extends WatchPort>(
  config: Config,
  log: Logger,
  options: EngineOptions<W>,
): Promise<Engine<W>> {
  const life = new Lifetime();
  try {
    return await putTogether(affordable(config, log), log, options, life);
  } catch (error) {
    // Why it could not start says more than what could not be closed then.
    await Promise.allSettled([life.end(0)]);
    throw error;
  }
}

async function putTogether<W extends WatchPort>(
  config: Config,
  log: Logger,
  options: EngineOptions<W>,
  life: Lifetime,
): Promise<Engine<W>> {
  const startedMs = systemClock.now();
  const { signals, fail } = life;
  const [clock, random] = [systemClock, systemRandom];

  const { events = new EngineEvents() } = options;
  const folderTroubles = new Map<string, SyncError>();
  const sentBytes = new Map<number, number>();
  events.on('flora:trouble', (trouble) => tellGate(log, trouble));
  events.on('folder:trouble', ({ root }, trouble) => tellFolder(log, displayName(root), trouble));
  events.on('folder:trouble', ({ root }, trouble) => {
    if (trouble === null) folderTroubles.delete(displayName(root));
    else folderTroubles.set(displayName(root), trouble);
  });
  events.on('content:changed', (_, { id }) => sentBytes.delete(id));
  events.on('content:sent', ({ id }, bytes) => sentBytes.set(id, (sentBytes.get(id) ?? 0) + bytes));

  const {
    ledger,
    file: ledgerFile,
    reports,
    inventory,
    folders,
    release,
  } = await openState(config, log, startedMs, options.stop);
  life.onEnd(release);
  life.onEnd(() => ledger.close());
  onAbort(signals.abort, () => ledger.giveUp());

  const due = new DueWork();
  const flora = openFloraSide({ config, log, ledger, events, due, fail });
  life.onEnd(() => flora.remote.close());

  const hints = new Hints(clock);
  const watch = options.watch({ folders, hints, events, rulesOf: (root) => rules.of(root), fail });
  life.onEnd(() => watch.close());
  const local = createLocalFiles({
    now: clock.monotonic,
    accept: config.accept,
    // It is also asked about files of folders that are watched no more.
    rulesOf: (root) => (rules.has(root) ? rules.of(root) : undefined),
    onShort: tellingShortage(log),
  });
  const roots = new RootGuard(
    { ledger, local, clock, onFolder: (folder, trouble) => void events.emit('folder:trouble', folder, trouble) },
    folders,
  );
  const common = { ...flora, ledger, local, roots, clock, random, log, due };
  const matching = new Matching({ ...common, onWork: () => due.announce() });
  const settingsOf = (root: string) => config.folders.find(({ path }) => path === root)?.rules;
  const rules = new RuleBook(
    {
      ...common,
      matching,
      signal: signals.stopping,
      isSearching: config.onNewLedger === 'match',
      onJudged: () => {
        due.letAllGo();
        due.announce();
        if (!matching.isListing) matching.list(signals.stopping).catch(fail);
      },
    },
    folders,
    settingsOf,
  );
  const intake = new Intake(
    {
      ...common,
      matching,
      rules,
      hints,
      watch,
      quietMs: config.settleMs,
      signal: signals.stopping,
      onWork: (admitted) => due.announce(admitted),
      onProgress: () => void events.emit('intake:changed'),
      onError: fail,
    },
    folders,
  );
  const worker = {
    ...common,
    matching,
    polls: new Polls(flora.gate, clock),
    uploadsMissing: uploadingMissing(config.folders),
    onWork: () => due.announce(),
    onChange: (before: Content, after: Content) => void events.emit('content:changed', before, after),
    onSent: (content: Content, bytes: number) => void events.emit('content:sent', content, bytes),
    onIdle: () => void events.emit('uploads:idle'),
    onDoubt: (path: FilePath) => hints.add(path),
  };
  const scheduler = startScheduler(worker, config.concurrency, signals);
  const reconciler = new Reconciler({ ...worker, claimed: () => scheduler.claimed() });
  const { stopping } = signals;
  const begun = [
    scheduler.finished,
    flora.creating.begin(),
    flora.workspaces.run(flora, stopping),
    matching.list(stopping),
  ];
  for (const each of begun) each.catch(fail);
  // What they ended with was told; here it is only waited for.
  life.onEnd(() => Promise.allSettled([...begun, intake.close()]));

  const scanned = new Set<number>();
  const scanAll = coalesce(async () => {
    for (const folder of folders) if (await intake.scan(folder)) scanned.add(folder.folderId);
  });
  const engine: Engine<W> = {
    ...{ folders, hints, watch, intake, rules, ledger, ledgerFile, reports, inventory, flora, events, life },
    ...{ startedMs, folderTroubles, sentBytes, operating: worker, scanAll },
    state: 'starting',
    get claimedCount() {
      return scheduler.claimed().size;
    },
    quietForMs: () => (matching.isListing ? 0 : scheduler.quietForMs()),
    changeRules: (changed) => {
      for (const { path, rules: settings } of changed) if (rules.has(path)) rules.change(path, settings);
    },
    reconcileNow: async (wish = { isFull: false, isDryRun: false }, signal = stopping) =>
      await reconciler.run(wish, signal),
    finishMatching: async () => (intake.isIdle ? await matching.finish([...scanned]) : null),
    stop: async () => {
      engine.state = 'draining';
      await life.end(drainMs, () => log.warn({}, 'uploads under way are cut short; they go on at the next start'));
    },
  };
  return engine;
}
