import PQueue from 'p-queue';
import { type ConcurrencyWindow, narrow, openWindow, widen } from '../core/concurrency.ts';
import { type Content, needsSource } from '../core/content.ts';
import type { Action } from '../core/next-action.ts';
import { longestWaitMs } from '../core/steps.ts';
import type { Admitted } from './admit.ts';
import type { WorkSignals } from './asking.ts';
import type { DueKind } from './ports.ts';
import { advance, type InTurn, type WorkerDeps } from './worker.ts';

export interface Scheduler {
  /** Something may have become due: look now. What was written just now comes with it, and need not be read again. */
  wake(admitted?: Admitted): void;
  /** Ids of the contents that a worker has in hand. */
  taken(): ReadonlySet<number>;
  /** Ids of the contents with an effect under way now. */
  inFlight(): ReadonlySet<number>;
  /** FLORA asks for less: half as many effects at once, growing back slowly. */
  slower(): void;
  /** How many effects may run at once now. */
  concurrency(): number;
  /** Milliseconds until anything may be due, as it stands; 0 while anything is in hand, Infinity when nothing waits. */
  quietForMs(): number;
  /** Resolves when the loop has ended and every worker has let go. */
  readonly finished: Promise<void>;
}

/**
 * How many contents are on their way for each effect that may run: while some wait for their rows to be durable, others have
 * the effects, and a group of the ledger gathers more rows. Never the whole backlog.
 */
const contentsPerEffect = 16;

/** So many contents that were admitted a moment ago are kept at hand for when their turn comes. */
const mostAtHand = 4_096;

/** What brings a content nearer to its end comes first. */
const priorities: Readonly<Partial<Record<Action['type'], number>>> = { complete: 3, upload: 2, check: 1, renew: 1 };

/**
 * The ledger is the queue: takes rows that are due and brings each as far as it goes, until `stopping` is aborted; then
 * the effects under way are finished. p-queue bounds the effects that run at once. `abort` cuts their requests short.
 *
 * Rejects `finished` with the first error that is not a known failure: the process should end and start again.
 */
export function startScheduler(deps: WorkerDeps, concurrency: number, signals: WorkSignals): Scheduler {
  const queue = new PQueue({ concurrency });
  let window = openWindow(concurrency);
  const resize = (next: ConcurrencyWindow) => {
    window = next;
    queue.concurrency = Math.floor(window.limit);
  };
  const taken = new Set<number>();
  const inFlight = new Set<number>();
  const atHand = new Map<number, Admitted>();
  const bell = new Bell();
  let failure: unknown;
  // Monotonic: when the loop looks again by itself.
  let nextLookMs = 0;

  const inTurn: InTurn = (content, action, effect) =>
    queue.add(
      async () => {
        // Its turn came too late: nothing begins any more.
        if (signals.stopping.aborted) return null;
        inFlight.add(content.id);
        try {
          return await effect();
        } finally {
          inFlight.delete(content.id);
        }
      },
      { priority: priorities[action.type] ?? 0 },
    );

  const work = async (id: number, taking: Admitted | undefined) => {
    try {
      await advance(deps, id, inTurn, signals, taking);
      if (window.limit < window.most && deps.gate.trouble === null) resize(widen(window));
    } catch (error) {
      failure ??= error;
    } finally {
      taken.delete(id);
      atHand.delete(id);
      deps.creating.release(id);
      if (taken.size === 0) deps.onIdle?.();
      bell.ring();
    }
  };

  const loop = async () => {
    signals.stopping.addEventListener('abort', () => bell.ring(), { once: true });
    let lastMs = Number.POSITIVE_INFINITY;
    while (!signals.stopping.aborted && failure === undefined) {
      const rung = bell.next();
      const nowMs = deps.clock.now();
      // At the start, and whenever the clock was put back: what was written in its future would wait for that future.
      if (nowMs < lastMs) await deps.ledger.write((tables) => tables.contents.clampWaits(nowMs, longestWaitMs));
      lastMs = nowMs;
      const { ids: taking, waitMs } = await nextContents(deps, nowMs, mostInHand(concurrency) - taken.size, taken);
      const read = readRows(deps, taking, atHand);
      for (const id of taking) {
        taken.add(id);
        void work(id, atHand.get(id) ?? read.get(id));
      }
      // What nobody comes for any more was settled by others.
      if (taking.length === 0 && taken.size === 0 && waitMs === null) atHand.clear();
      nextLookMs = waitMs === null ? Number.POSITIVE_INFINITY : deps.clock.monotonic() + waitMs;
      const timer = waitMs === null ? undefined : deps.clock.setTimer(waitMs, () => bell.ring());
      await rung;
      timer?.cancel();
    }
    while (taken.size > 0) await bell.next();
    if (failure !== undefined) throw failure;
  };

  return {
    slower: () => resize(narrow(window)),
    concurrency: () => queue.concurrency,
    wake: (admitted) => {
      if (admitted !== undefined && atHand.size < mostAtHand && isUntouched(admitted.content, taken)) {
        atHand.set(admitted.content.id, admitted);
      }
      bell.ring();
    },
    taken: () => taken,
    inFlight: () => inFlight,
    quietForMs: () => (taken.size > 0 ? 0 : Math.max(0, nextLookMs - deps.clock.monotonic())),
    finished: loop(),
  };
}

/** How many contents are on their way at once. */
export function mostInHand(concurrency: number): number {
  return concurrency * contentsPerEffect;
}

/**
 * The contents to begin with now: those that wait longest, of both kinds; of those that wait for an asset only as many as may be
 * asked for. With it the time until another look is worth it; null for none.
 */
async function nextContents(
  { ledger, creating, gate }: WorkerDeps,
  nowMs: number,
  room: number,
  taken: ReadonlySet<number>,
): Promise<{ readonly ids: readonly number[]; readonly waitMs: number | null }> {
  const { contents } = ledger;
  const dueOf = (kind: DueKind, most: number) =>
    most <= 0
      ? []
      : contents
          .due(kind, nowMs, most + taken.size)
          .filter(({ id }) => !taken.has(id))
          .slice(0, most);
  const begun = dueOf('begun', room);
  const wanted = dueOf('queued', room);
  const queued = wanted.slice(0, wanted.length === 0 ? 0 : creating.room());
  const both = [...begun, ...queued].sort((a, b) => a.notBeforeMs - b.notBeforeMs || a.id - b.id).slice(0, room);
  const ids = both.map(({ id }) => id);
  for (const { id } of queued) if (ids.includes(id)) creating.take(id);
  const waits = (['queued', 'begun'] as const).flatMap((kind) => contents.nextDueAtMs(kind, nowMs) ?? []);
  const isFull = wanted.length > queued.length;
  const waitsMs = [
    ...waits.map((atMs) => atMs - nowMs),
    ...(isFull ? [await creating.full(gate.trouble === null)] : []),
  ];
  return { ids, waitMs: waitsMs.length === 0 ? null : Math.min(...waitsMs) };
}

/** The rows that are not at hand, each with a file that should have its bytes. They are used in this very turn. */
function readRows(
  { ledger }: WorkerDeps,
  ids: readonly number[],
  atHand: ReadonlyMap<number, Admitted>,
): ReadonlyMap<number, Admitted> {
  const read = new Map<number, Admitted>();
  const missing = ids.filter((id) => !atHand.has(id));
  if (missing.length === 0) return read;
  ledger.readTogether(() => {
    for (const id of missing) {
      const content = ledger.contents.get(id);
      if (content === undefined) continue;
      const [path] = needsSource(content) ? ledger.files.sources(id, 1) : [];
      read.set(id, { content, path });
    }
  });
  return read;
}

/**
 * Whether a row may be worked on as it was written, without reading it again: nothing but reserving begins with it, which may
 * repeat. What is further on may be another by the time of its turn, and bytes would go where they must not.
 */
function isUntouched({ id, state, revision }: Content, taken: ReadonlySet<number>): boolean {
  return state === 'queued' && revision === 1 && !taken.has(id);
}

/** Lets one loop wait for the next ring. */
class Bell {
  #ring: () => void = () => {};

  /** Resolves at the first ring after this call. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#ring = resolve;
    });
  }

  ring(): void {
    this.#ring();
  }
}
