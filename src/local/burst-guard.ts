import type { Timers } from './timers.ts';

/**
 * Counts the raw events of each turn of the event loop. The kernel drops what exceeds its queue, and Node says nothing;
 * but a full queue arrives in one turn, so a turn with nearly that many events means that some may be lost.
 */
export function guardBursts(timers: Timers, maxQueuedEvents: number | null, onOverflow: () => void): () => void {
  if (maxQueuedEvents === null) return () => {};
  const suspicious = Math.ceil(maxQueuedEvents * 0.75);
  let count = 0;
  const endOfTurn = (): void => {
    const isSuspicious = count >= suspicious;
    count = 0;
    if (isSuspicious) onOverflow();
  };
  return () => {
    if (count === 0) timers.afterTurn(endOfTurn);
    count += 1;
  };
}
