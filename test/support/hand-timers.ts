export interface HandTimer {
  readonly delayMs: number;
  readonly callback: () => void;
  isCancelled: boolean;
}

/** Timers that run out when a test says so. */
export function handTimers() {
  const set: HandTimer[] = [];
  return {
    set,
    setTimer(delayMs: number, callback: () => void): { cancel(): void } {
      const timer = { delayMs, callback, isCancelled: false };
      set.push(timer);
      return {
        cancel: () => {
          timer.isCancelled = true;
        },
      };
    },
  };
}
