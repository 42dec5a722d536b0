import { needsSource } from '../../core/content.ts';
import { onAbort } from '../../core/on-abort.ts';
import { longestWaitMs } from '../../core/steps.ts';
import type { WorkSignals } from '../flora/request.ts';
import type { DueWork } from '../ports/due-work.ts';
import type { Admitted, DueKind } from '../ports/ledger.ts';
import { advance, type WorkerDeps } from './worker.ts';

export interface SchedulerDeps extends WorkerDeps {
  readonly due: DueWork;
}

export interface Scheduler {
  /** Ids of the contents that a worker has claimed. */
  claimed(): ReadonlySet<number>;
  /** Milliseconds until anything may be due, as it stands; 0 while anything is in hand, Infinity when nothing waits. */
  quietForMs(): number;
  /** Resolves when the loop has ended and every worker has let go. */
  readonly finished: Promise<void>;
}

/**
 * How many contents are on their way for each upload that may run: while some wait for their rows to be durable, others have
 * the slots, and a group of the ledger gathers more rows. Never the whole backlog.
 */
const contentsPerEffect = 16;

/** So many that wait for an asset are in hand for each that may be uploaded, where reservations come one by one. */
const waitingPerEffect = 2;

/**
 * The ledger is the queue: takes rows that are due and brings each as far as it goes, until `stopping` is aborted; then
 * the effects under way are finished. The gate bounds the requests to the API, `Transfers` the uploads. `abort` cuts their
 * requests short.
 *
 * Rejects `finished` with the first error that is not a known failure: the process should end and start again.
 */
export function startScheduler(deps: SchedulerDeps, concurrency: number, signals: WorkSignals): Scheduler {
  const { due } = deps;
  const claimed = new Set<number>();
  /** Those of them that wait for an asset. */
  const waiting = new Set<number>();
  let failure: unknown;
  // Monotonic: when the loop looks again by itself.
  let nextLookMs = 0;

  const work = async (id: number, taking: Admitted | undefined) => {
    try {
      await advance(deps, id, signals, taking, (content) => {
        if (content.state !== 'queued' && waiting.delete(id) && deps.gate.isNarrow) due.announce();
      });
    } catch (error) {
      failure ??= error;
    } finally {
      claimed.delete(id);
      waiting.delete(id);
      deps.gate.unreserved(id);
      due.letGo(id);
      deps.creating.release(id);
      if (claimed.size === 0) deps.onIdle?.();
      due.announce();
    }
  };

  const loop = async () => {
    onAbort(signals.stopping, () => due.announce());
    let lastMs = Number.POSITIVE_INFINITY;
    while (!signals.stopping.aborted && failure === undefined) {
      const rung = due.next();
      const nowMs = deps.clock.now();
      // At the start, and whenever the clock was put back: what was written in its future would wait for that future.
      if (nowMs < lastMs) await deps.ledger.write((tables) => tables.contents.clampWaits(nowMs, longestWaitMs));
      lastMs = nowMs;
      const mostWaiting = deps.gate.isNarrow ? concurrency * waitingPerEffect : mostClaimed(concurrency);
      const room = { all: mostClaimed(concurrency) - claimed.size, queued: mostWaiting - waiting.size };
      const { ids: taking, queued, waitMs } = await nextContents(deps, nowMs, room, claimed);
      for (const id of queued) waiting.add(id);
      const read = readRows(deps, taking);
      for (const id of taking) {
        claimed.add(id);
        void work(id, due.atHand(id) ?? read.get(id));
      }
      // What nobody comes for any more was settled by others.
      if (claimed.size === 0 && waitMs === null) due.letAllGo();
      nextLookMs = waitMs === null ? Number.POSITIVE_INFINITY : deps.clock.monotonic() + waitMs;
      const timer = waitMs === null ? undefined : deps.clock.setTimer(waitMs, () => due.announce());
      await rung;
      timer?.cancel();
    }
    while (claimed.size > 0) await due.next();
    if (failure !== undefined) throw failure;
  };

  return {
    claimed: () => claimed,
    quietForMs: () => (claimed.size > 0 ? 0 : Math.max(0, nextLookMs - deps.clock.monotonic())),
    finished: loop(),
  };
}

/** How many contents are on their way at once. */
export function mostClaimed(concurrency: number): number {
  return concurrency * contentsPerEffect;
}

/**
 * The contents to begin with now: those that wait longest, of both kinds; of those that wait for an asset only as many as may be
 * asked for. With it the time until another look is worth it; null for none.
 */
async function nextContents(
  { ledger, creating, gate }: WorkerDeps,
  nowMs: number,
  room: { readonly all: number; readonly queued: number },
  claimed: ReadonlySet<number>,
): Promise<{ readonly ids: readonly number[]; readonly queued: readonly number[]; readonly waitMs: number | null }> {
  const { contents } = ledger;
  const dueOf = (kind: DueKind, most: number) =>
    most <= 0
      ? []
      : contents
          .due(kind, nowMs, most + claimed.size)
          .filter(({ id }) => !claimed.has(id))
          .slice(0, most);
  const begun = dueOf('begun', room.all);
  const wanted = dueOf('queued', Math.min(room.all, room.queued));
  const askable = wanted.length === 0 ? 0 : creating.room();
  // Where one is tried now and then, a file that is always refused must not be that one again and again.
  const next = askable > 0 && creating.slowReason !== null ? contents.nextInTurn(nowMs) : undefined;
  const queued = next === undefined || claimed.has(next.id) ? wanted.slice(0, askable) : [next];
  const both = [...begun, ...queued].sort((a, b) => a.notBeforeMs - b.notBeforeMs || a.id - b.id).slice(0, room.all);
  const ids = both.map(({ id }) => id);
  const taking = queued.map(({ id }) => id).filter((id) => ids.includes(id));
  for (const id of taking) creating.claim(id);
  const waits = (['queued', 'begun'] as const).flatMap((kind) => contents.nextDueAtMs(kind, nowMs) ?? []);
  const isFull = wanted.length > queued.length;
  const waitsMs = [
    ...waits.map((atMs) => atMs - nowMs),
    ...(isFull ? [await creating.full(gate.trouble === null)] : []),
  ];
  return { ids, queued: taking, waitMs: waitsMs.length === 0 ? null : Math.min(...waitsMs) };
}

/** The rows that are not at hand, each with a file that should have its bytes. They are used in this very turn. */
function readRows({ ledger, due }: SchedulerDeps, ids: readonly number[]): ReadonlyMap<number, Admitted> {
  const read = new Map<number, Admitted>();
  const missing = ids.filter((id) => due.atHand(id) === undefined);
  const readAll = () => {
    for (const id of missing) {
      const content = ledger.contents.get(id);
      if (content === undefined) continue;
      const [path] = needsSource(content) ? ledger.files.sources(id, 1) : [];
      read.set(id, { content, path });
    }
  };
  if (missing.length > 0) ledger.readTogether(readAll);
  return read;
}
