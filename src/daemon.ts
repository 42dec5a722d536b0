import { setMaxListeners } from 'node:events';
import { repeat, systemClock } from './clock.ts';
import { coalesce } from './coalesce.ts';
import type { Config } from './config.ts';
import { connect } from './connecting.ts';
import { type ControlServer, type LiveStatus, startControlServer } from './control.ts';
import type { Content } from './core/content.ts';
import { displayName } from './core/name.ts';
import { SyncError } from './errors.ts';
import { holdKey, type KeyHolder, lookForNewKey } from './key-holder.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Reports } from './ledger/reports.ts';
import { createLocalFiles } from './local/local-files.ts';
import type { Logger } from './logger.ts';
import type { EngineObserver } from './observer.ts';
import { type OpenedLedger, openState } from './opening.ts';
import { systemRandom } from './random.ts';
import type { FloraClient } from './remote/client.ts';
import type { IntakeFolder } from './sync/folders.ts';
import { Gate } from './sync/gate.ts';
import { Intake } from './sync/intake.ts';
import { type ReconcilerDeps, reconcile } from './sync/reconciler.ts';
import { type Scheduler, startScheduler } from './sync/scheduler.ts';
import { describeUploads, tellFolder, tellGate } from './telling.ts';
import { type FolderWatchers, watchFolders } from './watching.ts';

/** Below systemd's patience and the 20 s that we promise. */
const drainMs = 15_000;
const missingFolderMs = 5_000;
const ledgerCheckMs = 2_000;

/**
 * The rooms, put together over one ledger: intake, scheduler, reconciler and, when it watches, the watchers. Opened by
 * `startEngine`, closed by `stop`.
 */
export class Engine {
  readonly folders: readonly IntakeFolder[];
  readonly intake: Intake;
  readonly ledger: Ledger;
  readonly reports: Reports;
  readonly remote: FloraClient;
  readonly gate: Gate;
  /** Milliseconds since the epoch. */
  readonly startedMs: number;
  /** Rejects with what ended the engine from inside; never resolves. */
  readonly failed: Promise<never>;
  /** Folders that cannot be read now. */
  readonly folderTroubles = new Map<string, SyncError>();
  state = 'starting';

  readonly #key: KeyHolder;
  readonly #file: OpenedLedger['file'];
  readonly #config: Config;
  readonly #log: Logger;
  readonly #release: () => void;
  readonly #stopping = new AbortController();
  readonly #abort = new AbortController();
  readonly #scheduler: Scheduler;
  readonly #reconciler: ReconcilerDeps;
  readonly #sent = new Map<number, number>();
  #fail: (error: unknown) => void = () => {};
  #watchers: FolderWatchers | undefined;
  #control: ControlServer | undefined;
  #loops: Promise<void>[] = [];

  constructor(config: Config, log: Logger, observer: EngineObserver, opened: OpenedLedger, startedMs: number) {
    this.#config = config;
    this.#log = log;
    this.#release = opened.release;
    this.startedMs = startedMs;
    this.ledger = opened.ledger;
    this.#file = opened.file;
    this.reports = opened.reports;
    this.folders = opened.folders;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {}); // whoever runs the engine awaits it, if later
    // One listener for each request under way, taken off when it ends: no leak, however many.
    setMaxListeners(0, this.#stopping.signal, this.#abort.signal);
    this.#key = holdKey(config, log);
    this.gate = new Gate({
      clock: systemClock,
      random: systemRandom,
      onFailure: (error) => {
        if (error.code === 'rate_limited') this.#scheduler.slower();
        if (error.disposition === 'wait') this.reloadKey();
      },
      onChange: (trouble) => {
        tellGate(log, trouble);
        observer.onTrouble?.(trouble);
      },
    });
    this.remote = connect(config, this.#key.current);
    const local = createLocalFiles({ now: systemClock.monotonic, accept: config.accept });
    const common = { ledger: this.ledger, clock: systemClock, random: systemRandom, log, local };
    this.intake = new Intake(
      {
        ...common,
        quietMs: config.settleMs,
        signal: this.#stopping.signal,
        onWork: () => this.#scheduler.wake(),
        onDirectory: (folder, listing) => this.#watchers?.onDirectory(folder, listing),
        isWatched: (folder, directory) => this.#watchers?.isWatched(folder, directory) ?? true,
        onDirectoryGone: (folder, directory) => this.#watchers?.onDirectoryGone(folder, directory),
        onFolder: (folder, trouble) => this.#folderChanged(folder, trouble),
        onProgress: () => observer.onIntake?.(),
        onError: (error) => this.#fail(error),
      },
      this.folders,
    );
    const worker = {
      ...common,
      remote: this.remote,
      gate: this.gate,
      isRootThere: (root: string, directory: string) => this.intake.isRootThere(root, directory),
      onChange: (before: Content, after: Content) => {
        this.#sent.delete(after.id);
        observer.onChange?.(before, after);
      },
      onSent: (content: Content, bytes: number) => {
        this.#sent.set(content.id, (this.#sent.get(content.id) ?? 0) + bytes);
        observer.onSent?.(content, bytes);
      },
      onDoubt: (path: { directory: string; name: string; root: string }) => {
        const folder = this.folders.find((each) => each.root === path.root);
        if (folder !== undefined) this.intake.hint(folder.folderId, path.directory, path.name);
      },
    };
    this.#scheduler = startScheduler(worker, config.concurrency, {
      stopping: this.#stopping.signal,
      abort: this.#abort.signal,
    });
    this.#scheduler.finished.catch((error) => this.#fail(error));
    const workspaceIds = [...new Set(config.folders.map((folder) => folder.destination.workspaceId))];
    this.#reconciler = {
      ...worker,
      workspaceIds,
      inHand: () => this.#scheduler.taken(),
      onWork: () => this.#scheduler.wake(),
    };
  }

  /** Reads every folder and compares it with the ledger. One such scan runs at a time; a call during one adds another. */
  readonly scanAll = coalesce(async () => {
    for (const folder of this.folders) await this.intake.scan(folder);
  });

  /** Reads the key anew from where it came; with another one FLORA is asked again at once. */
  reloadKey(): void {
    if (this.#key.reload()) this.gate.hurry();
  }

  /** Walks FLORA's listing once. */
  async reconcileNow(): Promise<void> {
    await reconcile(this.#reconciler, this.#stopping.signal);
  }

  /** Begins to watch, to scan and reconcile at their intervals, and to answer `status`. */
  async watch(): Promise<void> {
    const onError = (error: unknown) => this.#fail(error);
    try {
      this.#control = await startControlServer(this.#config.stateDir, () => this.#liveStatus());
    } catch (error) {
      if (!(error instanceof SyncError)) throw error;
      this.#log.warn({ code: error.code, hint: error.hint }, error.message);
    }
    this.#watchers = watchFolders(this.folders, {
      log: this.#log,
      intake: () => this.intake,
      onOverflow: (folder) => {
        this.#log.warn(
          { folder: folder.root },
          'events came faster than they could be read; everything is scanned again',
        );
        this.scanAll().catch(onError);
      },
      onError,
    });
    const { signal } = this.#stopping;
    this.#loops = [
      repeat(missingFolderMs, signal, () => this.intake.scanHalted()),
      repeat(ledgerCheckMs, signal, async () => this.#file.check(String(systemClock.now()))),
      lookForNewKey(
        this.#key,
        () => this.gate.trouble?.disposition === 'wait',
        () => this.gate.hurry(),
        signal,
      ),
      repeat(this.#config.reconcileIntervalMs, signal, () => this.reconcileNow()),
      repeat(this.#config.rescanIntervalMs, signal, async () => {
        this.state = 'scanning';
        await this.scanAll();
        if (signal.aborted) return;
        this.state = 'watching';
        this.#log.info({ directories: this.#watchers?.watchedCount(), in_hand: this.intake.inHand }, 'scanned');
      }),
    ];
    for (const loop of this.#loops) loop.catch(onError);
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
    await Promise.allSettled([this.#scheduler.finished, this.intake.close(), ...this.#loops]);
    deadline.cancel();
    await Promise.allSettled([this.#watchers?.close(), this.#control?.close(), this.remote.close()]);
    this.ledger.close();
    this.#release();
  }

  #folderChanged(folder: IntakeFolder, trouble: SyncError | null): void {
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
      inflight: describeUploads(this.ledger, this.#scheduler.inFlight(), this.#sent),
      trouble: this.gate.trouble?.message ?? null,
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
  return new Engine(config, log, observer, await openState(config, log, startedMs, stop), startedMs);
}
