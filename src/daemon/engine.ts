import { setMaxListeners } from 'node:events';
import type { Config } from '../config/load.ts';
import type { LiveStatus } from '../control/protocol.ts';
import type { Content } from '../core/content.ts';
import type { DropFolder } from '../core/drop-folder.ts';
import type { FilePath } from '../core/entry.ts';
import { displayName } from '../core/name.ts';
import type { MatchingSummary, ReconcileSummary } from '../core/records.ts';
import type { SyncError } from '../errors.ts';
import type { Inventory } from '../ledger/inventory.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Reports } from '../ledger/reports.ts';
import { createLocalFiles } from '../local/local-files.ts';
import { systemClock } from '../runtime/clock.ts';
import { coalesce } from '../runtime/coalesce.ts';
import type { Logger } from '../runtime/logger.ts';
import { systemRandom } from '../runtime/random.ts';
import { tellFolder, tellingShortage } from '../setup/log-lines.ts';
import { type OpenedLedger, openState } from '../setup/open-ledger.ts';
import { Matching } from '../sync/flora/matching.ts';
import { Polls } from '../sync/flora/polls.ts';
import type { ReconcileOptions } from '../sync/flora/reconcile-options.ts';
import { Reconciler } from '../sync/flora/reconciler.ts';
import { Intake } from '../sync/intake/intake.ts';
import type { Admitted } from '../sync/ports/ledger.ts';
import type { RetryDeps } from '../sync/upload/retry.ts';
import { type Scheduler, startScheduler } from '../sync/upload/scheduler.ts';
import { affordable } from './affordable.ts';
import { openService, type Service } from './daemon.ts';
import type { EngineObserver } from './engine-events.ts';
import { type FloraSide, openFloraSide } from './flora-side.ts';
import { describeUploads, livePace } from './status.ts';

/** Below systemd's patience and the 20 s that we promise. */
const drainMs = 15_000;

/**
 * The rooms, put together over one ledger: intake, scheduler, reconciler and, when it watches, the watchers. Opened by
 * `startEngine`, closed by `stop`.
 */
export class Engine {
  readonly folders: readonly DropFolder[];
  readonly intake: Intake;
  readonly ledger: Ledger;
  readonly reports: Reports;
  readonly inventory: Inventory;
  readonly flora: FloraSide;
  /** Milliseconds since the epoch. */
  readonly startedMs: number;
  /** Rejects with what ended the engine from inside; never resolves. */
  readonly failed: Promise<never>;
  /** Folders that cannot be read now. */
  readonly folderTroubles = new Map<string, SyncError>();
  /** With what a person's commands change the ledger. */
  readonly operating: Omit<RetryDeps, 'onLook'>;
  state = 'starting';

  readonly #file: OpenedLedger['file'];
  readonly #config: Config;
  readonly #log: Logger;
  readonly #release: () => void;
  readonly #stopping = new AbortController();
  readonly #abort = new AbortController();
  readonly #scheduler: Scheduler;
  readonly #reconciler: Reconciler;
  readonly #matching: Matching;
  readonly #sent = new Map<number, number>();
  #fail: (error: unknown) => void = () => {};
  #service: Service | undefined;
  readonly #begun: readonly Promise<void>[];
  readonly #scanned = new Set<number>();

  constructor(config: Config, log: Logger, observer: EngineObserver, opened: OpenedLedger, startedMs: number) {
    this.#config = config;
    this.#log = log;
    this.#release = opened.release;
    this.startedMs = startedMs;
    this.ledger = opened.ledger;
    this.#file = opened.file;
    this.reports = opened.reports;
    this.inventory = opened.inventory;
    this.folders = opened.folders;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {}); // whoever runs the engine awaits it, if later
    // One listener for each request under way, taken off when it ends: no leak, however many.
    setMaxListeners(0, this.#stopping.signal, this.#abort.signal);
    this.flora = openFloraSide({
      config,
      log,
      ledger: this.ledger,
      observer,
      onWork: () => this.#scheduler?.wake(),
      onError: (error) => this.#fail(error),
    });
    const { gate, transfers, remote, places, learning, creating } = this.flora;
    const onShort = tellingShortage(log);
    const local = createLocalFiles({ now: systemClock.monotonic, accept: config.accept, onShort });
    const listing = {
      ledger: this.ledger,
      remote,
      gate,
      transfers,
      learning,
      creating,
      clock: systemClock,
      log,
      places,
      onWork: (admitted?: Admitted) => this.#scheduler.wake(admitted),
    };
    this.#matching = new Matching(listing);
    const isRootThere = (root: string, directory: string) => this.intake.isRootThere(root, directory);
    const common = { ...listing, random: systemRandom, local, matching: this.#matching, isRootThere };
    this.intake = new Intake(
      {
        ...common,
        quietMs: config.settleMs,
        signal: this.#stopping.signal,
        onDirectory: (folder, listing) => this.#service?.watchers.onDirectory(folder, listing),
        isWatched: (folder, directory) => this.#service?.watchers.isWatched(folder, directory) ?? true,
        onDirectoryGone: (folder, directory) => this.#service?.watchers.onDirectoryGone(folder, directory),
        onFolder: (folder, trouble) => this.#folderChanged(folder, trouble),
        onProgress: () => observer.onIntake?.(),
        onError: (error) => this.#fail(error),
      },
      this.folders,
    );
    const worker = {
      ...common,
      polls: new Polls(gate, systemClock),
      uploadsMissing: (root: string) =>
        config.folders.some((each) => each.path === root && each.onMissing === 'upload'),
      onChange: (before: Content, after: Content) => {
        this.#sent.delete(after.id);
        observer.onChange?.(before, after);
      },
      onSent: (content: Content, bytes: number) => {
        this.#sent.set(content.id, (this.#sent.get(content.id) ?? 0) + bytes);
        observer.onSent?.(content, bytes);
      },
      onIdle: () => observer.onIdle?.(),
      onDoubt: (path: FilePath) => {
        const folder = this.folders.find(({ root }) => root === path.root);
        if (folder !== undefined) this.intake.hint(folder.folderId, path.directory, path.name);
      },
    };
    this.operating = worker;
    const signals = { stopping: this.#stopping.signal, abort: this.#abort.signal };
    this.#scheduler = startScheduler(worker, config.concurrency, signals);
    this.#scheduler.finished.catch((error) => this.#fail(error));
    this.#reconciler = new Reconciler({ ...worker, inHand: () => this.#scheduler.taken() });
    const { signal } = this.#stopping;
    this.#begun = [creating.begin(), this.flora.workspaces.run(signal), this.#matching.list(signal)];
    for (const each of this.#begun) each.catch((error) => this.#fail(error));
  }

  /** Reads every folder and compares it with the ledger. One such scan runs at a time; a call during one adds another. */
  readonly scanAll = coalesce(async () => {
    for (const folder of this.folders) if (await this.intake.scan(folder)) this.#scanned.add(folder.folderId);
  });

  /** How many contents are on their way to FLORA. */
  get inWork(): number {
    return this.#scheduler.taken().size;
  }

  /** Milliseconds until anything towards FLORA may be due; 0 while something is on its way or FLORA's assets are listed. */
  quietForMs(): number {
    return this.#matching.isListing ? 0 : this.#scheduler.quietForMs();
  }

  /** Walks FLORA's listing once. */
  async reconcileNow(
    options: ReconcileOptions = { isFull: false, isDryRun: false },
    signal: AbortSignal = this.#stopping.signal,
  ): Promise<ReconcileSummary> {
    return await this.#reconciler.run(options, signal);
  }

  /** Once all is read, and compared with what FLORA has: from then on new files are new to FLORA too. */
  async finishMatching(): Promise<MatchingSummary | null> {
    return this.intake.isIdle ? await this.#matching.finish([...this.#scanned]) : null;
  }

  /** Begins to watch, to scan and reconcile at their intervals, and to answer other commands. */
  async watch(): Promise<void> {
    this.#service = await openService(this, {
      config: this.#config,
      log: this.#log,
      file: this.#file,
      signal: this.#stopping.signal,
      liveStatus: () => this.#liveStatus(),
      onError: (error) => this.#fail(error),
    });
    // Only now: the first directories that are read are to be watched.
    this.#service.begin();
  }

  /** Lets the steps under way finish (15 s at most), then closes everything. */
  async stop(): Promise<void> {
    this.state = 'draining';
    this.#stopping.abort();
    const deadline = systemClock.setTimer(drainMs, () => {
      this.#log.warn({}, 'uploads under way are cut short; they go on at the next start');
      this.#abort.abort();
      this.ledger.giveUp();
    });
    await Promise.allSettled([this.#scheduler.finished, this.intake.close(), ...this.#begun, this.#service?.ended()]);
    // A command of somebody else's may wait for the ledger too.
    await Promise.allSettled([this.#service?.close(), this.flora.remote.close()]);
    deadline.cancel();
    this.ledger.close();
    this.#release();
  }

  #folderChanged(folder: DropFolder, trouble: SyncError | null): void {
    const path = displayName(folder.root);
    if (trouble === null) this.folderTroubles.delete(path);
    else this.folderTroubles.set(path, trouble);
    tellFolder(this.#log, path, trouble);
  }

  #liveStatus(): LiveStatus {
    return {
      pid: process.pid,
      state: this.state,
      since: this.startedMs,
      inflight: describeUploads(this.ledger, this.flora.transfers.uploading, this.#sent),
      trouble: this.flora.gate.trouble?.message ?? this.flora.workspaces.notice,
      pace: livePace(this.flora.gate),
      folders: Object.fromEntries([...this.folderTroubles].map(([path, trouble]) => [path, trouble.message])),
    };
  }
}

/** Opens the ledger, puts the rooms together over it and starts working on what is due. Throws what `openState` throws. */
export async function startEngine(
  config: Config,
  log: Logger,
  observer: EngineObserver = {},
  stop?: AbortSignal,
): Promise<Engine> {
  const startedMs = systemClock.now();
  const able = affordable(config, log);
  return new Engine(able, log, observer, await openState(able, log, startedMs, stop), startedMs);
}
