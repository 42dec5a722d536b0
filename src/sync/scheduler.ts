import PQueue from 'p-queue';
import { type ConcurrencyWindow, narrow, openWindow, widen } from '../core/concurrency.ts';
import { longestWaitMs } from '../core/steps.ts';
import type { WorkSignals } from './asking.ts';
import { advance, type WorkerDeps } from './worker.ts';

export interface Scheduler {
  /** Something may have become due: look now. */
  wake(): void;
  /** Ids of the contents that a worker has in hand, or will have next. */
  taken(): ReadonlySet<number>;
  /** Ids of the contents that a worker has in hand now. */
  inFlight(): ReadonlySet<number>;
  /** FLORA asks for less: half as many uploads at once, growing back slowly. */
  slower(): void;
  /** How many uploads may run at once now. */
  concurrency(): number;
  /** Resolves when the loop has ended and every worker has let go. */
  readonly finished: Promise<void>;
}

/** How many batches of due rows p-queue holds ahead: enough to stay busy, never the whole backlog. */
const batchesAhead = 3;

/**
 * The ledger is the queue: takes rows that are due and hands them to p-queue, which bounds the concurrency, until
 * `stopping` is aborted; then workers finish their step. `abort` cuts their requests short.
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
  const bell = new Bell();
  let failure: unknown;

  const work = async (id: number) => {
    inFlight.add(id);
    try {
      await advance(deps, id, signals);
      if (window.limit < window.most && deps.gate.trouble === null) resize(widen(window));
    } catch (error) {
      failure ??= error;
    } finally {
      inFlight.delete(id);
      taken.delete(id);
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
      const room = concurrency * batchesAhead - taken.size;
      const due = room <= 0 ? [] : deps.ledger.contents.due(nowMs, room + taken.size).filter((id) => !taken.has(id));
      for (const id of due.slice(0, room)) {
        taken.add(id);
        void queue.add(() => work(id));
      }
      const nextDueAtMs = deps.ledger.contents.nextDueAtMs(nowMs);
      const timer = nextDueAtMs === undefined ? undefined : deps.clock.setTimer(nextDueAtMs - nowMs, () => bell.ring());
      await rung;
      timer?.cancel();
    }
    queue.clear();
    await queue.onIdle();
    taken.clear();
    if (failure !== undefined) throw failure;
  };

  return {
    slower: () => resize(narrow(window)),
    concurrency: () => queue.concurrency,
    wake: () => bell.ring(),
    taken: () => taken,
    inFlight: () => inFlight,
    finished: loop(),
  };
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
