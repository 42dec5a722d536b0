import type { Screen } from './lines.ts';
import { showAgo, showLocal, showLocalExactly } from './time.ts';

/** A moment (ms since the epoch) for this screen: `3 min ago` on a terminal; local time where all was asked for, and elsewhere. */
export function moment(ms: number, { isTerminal, isLong, nowMs }: Screen): string {
  return isTerminal && !isLong ? showAgo(ms, nowMs) : showLocal(ms);
}

/** The same of a moment as JSON has it. */
export function momentOf(iso: string, screen: Screen): string {
  return moment(Date.parse(iso), screen);
}

/** A moment among others that are close to it: the time of day, with the day where that is another; all of it with `--long`. */
export function timeOfDay(ms: number, { isTerminal, isLong, nowMs }: Screen): string {
  const whole = showLocal(ms);
  if (!isTerminal || isLong) return showLocalExactly(ms);
  const [day = '', time = ''] = whole.split(' ');
  return day === showLocal(nowMs).split(' ')[0] ? time : whole;
}
