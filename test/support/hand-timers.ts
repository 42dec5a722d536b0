export interface HandTimer {
  readonly delayMs: number;
  readonly callback: () => void;
  /** The callback, once it is called so. */
  readonly run: () => void;
  hasRun: boolean;
  isCancelled: boolean;
}

/** Timers that run out when a test says so. */
export function handTimers() {
  const set: HandTimer[] = [];
  return {
    set,
    setTimer(delayMs: number, callback: () => void): { cancel(): void } {
      const run = () => {
        timer.hasRun = true;
        callback();
      };
      const timer: HandTimer = { delayMs, callback, run, hasRun: false, isCancelled: false };
      set.push(timer);
      return {
        cancel: () => {
          timer.isCancelled = true;
        },
      };
    },
  };
}
