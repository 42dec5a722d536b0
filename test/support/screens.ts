import type { Screen } from '../../src/cli/show/lines.ts';

const nowMs = Date.UTC(2026, 10, 27, 12);

/** Nobody looks: nothing is cut, and times are exact. */
export const pipe: Screen = { columns: null, isTerminal: false, isLong: false, nowMs };

/** The same with `--long`. */
export const longPipe: Screen = { ...pipe, isLong: true };

export function terminal(columns: number): Screen {
  return { columns, isTerminal: true, isLong: false, nowMs };
}

/** A terminal, with `--long`. */
export const longTerminal: Screen = { columns: null, isTerminal: true, isLong: true, nowMs };
