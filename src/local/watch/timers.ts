export interface Timer {
  cancel(): void;
}

/** The port through which this room waits; tests put a hand-wound clock in its place. */
export interface Timers {
  /** Calls `fn` once after `delayMs` milliseconds, unless it is cancelled before. */
  setTimer(delayMs: number, fn: () => void): Timer;
  /** Calls `fn` once the events of this turn of the event loop were delivered (`setImmediate`). */
  afterTurn(fn: () => void): void;
}
