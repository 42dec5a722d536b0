import { setMaxListeners } from 'node:events';
import type { Content } from '../../src/core/content.ts';
import type { DropFolder } from '../../src/core/drop-folder.ts';
import { type FilePath, joinPath } from '../../src/core/entry.ts';
import type { LedgerDatabase } from '../../src/ledger/database.ts';
import { type Ledger, type LedgerTables, openLedger } from '../../src/ledger/ledger.ts';
import { repeat } from '../../src/runtime/clock.ts';
import { coalesce } from '../../src/runtime/coalesce.ts';
import { registerFolders } from '../../src/setup/open-ledger.ts';
import { Creating, type CreatingDeps } from '../../src/sync/flora/creating.ts';
import { Gate } from '../../src/sync/flora/gate.ts';
import { Learning } from '../../src/sync/flora/learning.ts';
import { type Place, placesOf } from '../../src/sync/flora/listing.ts';
import { Matching } from '../../src/sync/flora/matching.ts';
import { Polls } from '../../src/sync/flora/polls.ts';
import { Reconciler } from '../../src/sync/flora/reconciler.ts';
import { Transfers } from '../../src/sync/flora/transfers.ts';
import { Hints } from '../../src/sync/intake/hints.ts';
import { Intake } from '../../src/sync/intake/intake.ts';
import { RuleBook } from '../../src/sync/intake/rule-book.ts';
import { DueWork } from '../../src/sync/ports/due-work.ts';
import type { RemotePort } from '../../src/sync/ports/flora.ts';
import type { Admitted } from '../../src/sync/ports/ledger.ts';
import type { ClockPort, LogPort, RandomPort } from '../../src/sync/ports/runtime.ts';
import { RootGuard } from '../../src/sync/roots/root-guard.ts';
import { mostClaimed, startScheduler } from '../../src/sync/upload/scheduler.ts';
import type { Guard } from './invariants.ts';
import { createLocal } from './local.ts';
import type { Life } from './machine.ts';
import { createRemote } from './network.ts';
import type { World } from './world.ts';

const minute = 60_000;
const incremental = { isFull: false, isDryRun: false };

export interface RunningEngine {
  readonly folders: readonly DropFolder[];
  hint(root: string, directory: string, name: string | null): void;
  /** Whether FLORA is asked freely: nothing was learned that spreads requests. */
  isOpen(): boolean;
  /** As when a person asks for it. */
  reconcileFully(): Promise<unknown>;
  /** As at SIGTERM: steps under way may finish, 15 s at most. */
  stop(): Promise<void>;
}

/** What one life is made of. */
export interface Built {
  readonly ledger: Ledger;
  readonly remote: RemotePort;
  readonly gate: Gate;
  readonly creating: Creating;
  readonly places: readonly Place[];
  readonly log: LogPort;
  readonly signal: AbortSignal;
  readonly fail: (error: unknown) => void;
}

/** What other tests put in the place of the simulation's own parts. */
export interface Parts {
  readonly remote: (life: Life, ledger: Ledger, clock: ClockPort, random: RandomPort) => RemotePort;
  readonly creating: (deps: CreatingDeps) => Creating;
  readonly onBuilt: (built: Built) => void;
}

/** What one life has of time: everything in it ends with the life. Counts looks at the clock, to see who runs in circles. */
function createClock(world: World, life: Life): ClockPort {
  const { timeline } = world;
  let looks = 0;
  let lastStep = 0;
  const setTimer: ClockPort['setTimer'] = (delayMs, callback) =>
    // A real timer is never early, and often a little late.
    life.after(Math.max(1, Math.ceil(delayMs)) + world.engineRng.between(0, 2), callback);
  return {
    now: () => {
      looks = lastStep === timeline.steps ? looks + 1 : 0;
      lastStep = timeline.steps;
      if (looks > 10_000) throw new Error('The engine runs in circles');
      return timeline.wallMs();
    },
    monotonic: () => timeline.nowMs,
    setTimer,
    sleep: (delayMs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const done = () => {
          timer.cancel();
          signal?.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimer(delayMs, done);
        signal?.addEventListener('abort', done, { once: true });
      }),
    turn: () => new Promise((resolve) => life.after(0, resolve)),
  };
}

function createRandom(world: World): RandomPort {
  return {
    fraction: () => world.engineRng.fraction(),
    token: () => {
      world.counters.tokens += 1;
      return `key-${world.counters.tokens}`;
    },
  };
}

/** The production rooms over the model world, put together as src/daemon/engine.ts does. */
export async function startEngine(
  world: World,
  life: Life,
  guard: Guard,
  database: LedgerDatabase,
  tables: LedgerTables,
  keys: { inFile: number },
  parts: Partial<Parts> = {},
): Promise<RunningEngine> {
  const { knobs, trace } = world;
  const clock = createClock(world, life);
  const random = createRandom(world);
  let inHand = () => 0;
  const defer = (flush: () => void) =>
    void life.after(world.engineRng.between(0, 3), () => {
      if (life.mayCrash(knobs.crashAtCommit, 'before a commit')) return;
      flush();
      trace.add('commit');
      world.economy.spend('commit');
      world.economy.atOnce('contents in hand', inHand(), knobs.concurrency);
      guard.checkCommitted();
      life.mayCrash(knobs.crashAtCommit, 'after a commit');
    });
  const pause = (retry: () => void) => void life.after(2_000, retry);
  const ledger = openLedger(database, { defer, pause, onBlocked: () => {} }, tables);
  const folders = await registerFolders(ledger, {
    folders: world.folders.map(({ root, destination, copies }) => ({
      path: root,
      destination,
      copies,
      onMissing: knobs.onMissing,
    })),
    onNewLedger: 'match',
  });
  const stopping = new AbortController();
  const abort = new AbortController();
  setMaxListeners(0, stopping.signal, abort.signal);
  const log: LogPort = {
    debug: () => {},
    info: () => {},
    warn: (facts, message) => life.isAlive && trace.add(`  warn ${message} ${JSON.stringify(facts)}`),
    error: (facts, message) => life.isAlive && trace.add(`  error ${message} ${JSON.stringify(facts)}`),
  };
  const fail = (error: unknown) => {
    if (!life.isAlive) return;
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    trace.violate(`the engine failed: ${why.split('\n').slice(0, 4).join(' | ')}`);
  };
  let key = keys.inFile;
  const gate = new Gate({
    most: knobs.concurrency,
    clock,
    random,
    onChange: (trouble) => trace.add(`  gate ${trouble?.code ?? 'open'}`),
    onFailure: (error) => {
      if (error.code === 'key_refused') key = keys.inFile;
    },
  });
  const remote = parts.remote?.(life, ledger, clock, random) ?? createRemote(world, life, guard, () => key);
  const places = placesOf(world.folders.map(({ destination }) => destination));
  const transfers = new Transfers(knobs.concurrency);
  const flora = { ledger, remote, gate, transfers, clock, log, places };
  const most = mostClaimed(knobs.concurrency);
  const due = new DueWork();
  const creatingDeps: CreatingDeps = { ...flora, version: '1', most, onChange: () => due.announce() };
  const creating = parts.creating?.(creatingDeps) ?? new Creating(creatingDeps);
  const listing = {
    ...flora,
    learning: new Learning(flora),
    creating,
    onWork: (admitted?: Admitted) => due.announce(admitted),
  };
  const matching = new Matching(listing);
  const local = createLocal(world, life, (root) => rules.of(root));
  const hints = new Hints(clock);
  const roots = new RootGuard(
    {
      ...{ ledger, local, clock },
      onFolder: (folder, trouble) => trace.add(`  folder ${folder.root} ${trouble?.code ?? 'is back'}`),
    },
    folders,
  );
  const common = { ...listing, random, local, matching, roots, due };
  const rules = new RuleBook(
    {
      ...common,
      local: {
        ...local,
        ignoreFileStamp: (root) => world.ignoreFiles?.stamp(root) ?? null,
        readIgnoreFile: (root) => world.ignoreFiles?.read(root) ?? { kind: 'none' },
      },
      signal: stopping.signal,
      isSearching: true,
      onJudged: () => {
        due.letAllGo();
        due.announce();
        if (!matching.isListing) matching.list(stopping.signal).catch(fail);
      },
    },
    folders,
  );
  const watched = new Set<string>();
  const scanned = new Set<number>();
  const intake = new Intake(
    {
      ...common,
      rules,
      quietMs: knobs.quietMs,
      knownPerSlice: knobs.knownPerSlice,
      signal: stopping.signal,
      hints,
      watch: {
        add: (folder, { directory }) => watched.add(joinPath(folder.root, directory)),
        isWatched: (folder, directory) => watched.has(joinPath(folder.root, directory)),
        retain: () => {},
        remove: (folder, directory) => watched.delete(joinPath(folder.root, directory)),
        close: async () => {},
      },
      onError: fail,
    },
    folders,
  );
  const worker = {
    ...common,
    polls: new Polls(gate, clock),
    uploadsMissing: () => knobs.onMissing === 'upload',
    onChange: (before: Content, after: Content) => {
      if (life.isAlive) trace.add(`  content ${after.id} ${before.state} -> ${after.state} ${after.reasonCode}`);
    },
    onSent: () => {},
    onDoubt: (path: FilePath) => hints.add(path),
  };
  const scheduler = startScheduler(worker, knobs.concurrency, { stopping: stopping.signal, abort: abort.signal });
  scheduler.finished.catch(fail);
  inHand = () => scheduler.claimed().size;
  const reconciler = new Reconciler({ ...worker, claimed: () => scheduler.claimed() });
  const scanAll = coalesce(async () => {
    for (const folder of folders) if (await intake.scan(folder)) scanned.add(folder.folderId);
  });
  const { signal } = stopping;
  parts.onBuilt?.({ ledger, remote, gate, creating, places, log, signal, fail });
  const finish = async () => {
    if (intake.isIdle && (await matching.finish([...scanned])) !== null) trace.add('  the search has ended');
  };
  // Where nobody touches anything for a day, looking each second would only cost the run its time.
  const calmly = {
    sleep: (ms: number, by: AbortSignal = signal) =>
      world.isCalm()
        ? clock.sleep(5 * minute, world.calmOver.signal.aborted ? by : AbortSignal.any([by, world.calmOver.signal]))
        : clock.sleep(ms, by),
  };
  const loops = [
    matching.list(signal),
    repeat(30_000, signal, () => intake.scanHalted(), calmly),
    repeat(2_000, signal, finish, calmly),
    ...(world.ignoreFiles === null ? [] : [repeat(2_000, signal, () => intake.scanReruled(), calmly)]),
    repeat(15 * minute, signal, async () => void (await reconciler.run(incremental, signal)), clock),
    repeat(10 * minute, signal, scanAll, clock),
  ];
  for (const loop of loops) loop.catch(fail);
  return {
    folders,
    hint: (root, directory, name) => {
      if (watched.has(joinPath(root, directory))) hints.add({ root, directory, name });
    },
    isOpen: () => gate.trouble === null && !gate.isNarrow,
    reconcileFully: () => reconciler.run({ isFull: true, isDryRun: false }, signal),
    stop: async () => {
      stopping.abort();
      clock.setTimer(15_000, () => abort.abort());
      await Promise.allSettled([scheduler.finished, intake.close(), ...loops]);
    },
  };
}
