import type { Timer, Timers } from './timers.ts';

/** Called with the directory and the name of the entry, or null where the whole directory is to be read again. */
export type OnHint = (directory: string, name: string | null) => void;

export interface Hints {
  push(directory: string, name: string | null): void;
  cancel(): void;
}

export interface HintOptions {
  readonly timers: Timers;
  readonly onHint: OnHint;
  readonly delayMs?: number;
  /** With more names than this, reading the directory once is cheaper than looking at each. */
  readonly mostNames?: number;
}

/**
 * Collects hints for 20 ms from the first one on, and then gives each out once. The window does not move on with later
 * hints: a directory that is never quiet must not starve.
 */
export function collectHints(options: HintOptions): Hints {
  const { timers, onHint, delayMs = 20, mostNames = 64 } = options;
  let waiting = new Map<string, Set<string> | null>();
  let timer: Timer | null = null;

  const give = (): void => {
    timer = null;
    const due = waiting;
    waiting = new Map();
    for (const [directory, names] of due) {
      if (names === null) onHint(directory, null);
      else for (const name of names) onHint(directory, name);
    }
  };

  return {
    push(directory, name) {
      const names = waiting.get(directory);
      if (name === null) waiting.set(directory, null);
      else if (names === undefined) waiting.set(directory, new Set([name]));
      else if (names !== null) {
        names.add(name);
        if (names.size > mostNames) waiting.set(directory, null);
      }
      timer ??= timers.setTimer(delayMs, give);
    },
    cancel() {
      timer?.cancel();
      timer = null;
      waiting.clear();
    },
  };
}
