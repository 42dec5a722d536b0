import type { Timers } from './timers.ts';

export interface BurstGuard {
  /** To be called for each raw event. */
  count(): void;
  close(): void;
}

// libuv has one inotify instance, hence one queue, for the whole process: all watchers fill it together.
const listeners = new Set<() => void>();
let eventsThisTurn = 0;

/**
 * Counts the raw events of each turn of the event loop. The kernel drops what exceeds its queue, and Node says nothing;
 * but a full queue arrives in one turn, so a turn with nearly that many events means that some may be lost, of any folder:
 * every guard's `onOverflow` is called.
 */
export function guardBursts(timers: Timers, maxQueuedEvents: number | null, onOverflow: () => void): BurstGuard {
  const listener = (): void => onOverflow();
  const suspicious = maxQueuedEvents === null ? Number.POSITIVE_INFINITY : Math.ceil(maxQueuedEvents * 0.75);
  listeners.add(listener);

  const endOfTurn = (): void => {
    const isSuspicious = eventsThisTurn >= suspicious;
    eventsThisTurn = 0;
    if (isSuspicious) for (const tell of [...listeners]) tell();
  };

  return {
    count() {
      if (eventsThisTurn === 0) timers.afterTurn(endOfTurn);
      eventsThisTurn += 1;
    },
    close() {
      listeners.delete(listener);
    },
  };
}
