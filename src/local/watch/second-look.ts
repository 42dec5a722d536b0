import type { Timer, Timers } from './timers.ts';

export interface SecondLook {
  /** Gives the directory out once more, one to two delays from now. */
  schedule(directory: string): void;
  cancel(): void;
}

/** One timer however many directories wait: what was scheduled during one period is given out at the end of the next. */
export function scheduleSecondLooks(timers: Timers, delayMs: number, look: (directory: string) => void): SecondLook {
  let young = new Set<string>();
  let old = new Set<string>();
  let timer: Timer | null = null;

  const turn = (): void => {
    const due = old;
    old = young;
    young = new Set();
    timer = old.size > 0 ? timers.setTimer(delayMs, turn) : null;
    for (const directory of due) look(directory);
  };

  return {
    schedule(directory) {
      young.add(directory);
      timer ??= timers.setTimer(delayMs, turn);
    },
    cancel() {
      timer?.cancel();
    },
  };
}
