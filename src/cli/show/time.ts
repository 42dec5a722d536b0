const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const mostDays = 99_999;

/**
 * A duration: `4.2 s`, `42 s`, `3 min 20 s`, `2 h 5 min`, `3 days 4 h`; never 60 of a unit. `?` for what is no number,
 * `99,999+ days` for what is longer than that.
 */
export function showSeconds(seconds: number): string {
  if (Number.isNaN(seconds)) return '?';
  if (seconds < 0) return negative(showSeconds(-seconds));
  // What is rounded decides about the unit, not what it was before.
  if (Number(seconds.toFixed(1)) < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < minute) return `${whole} s`;
  if (whole < hour) return `${Math.floor(whole / minute)} min ${whole % minute} s`;
  const minutes = Math.round(seconds / minute);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  const hours = Math.round(seconds / hour);
  const days = Math.floor(hours / 24);
  return days > mostDays
    ? `${mostDays.toLocaleString('en-US')}+ days`
    : `${days.toLocaleString('en-US')} days ${hours % 24} h`;
}

/** The same in one unit, for what is only known roughly: `42 s`, `4 min`, `2 h`, `3 days`; at least a second. */
export function showAbout(seconds: number): string {
  if (Number.isNaN(seconds)) return '?';
  const whole = Math.max(1, Math.round(seconds));
  if (whole < minute) return `${whole} s`;
  const minutes = Math.round(seconds / minute);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.round(seconds / hour);
  if (hours < 48) return `${hours} h`;
  const days = Math.round(seconds / day);
  return days > mostDays ? `${mostDays.toLocaleString('en-US')}+ days` : `${days.toLocaleString('en-US')} days`;
}

/** Times further away than this are told by their date. */
const recentDays = 14;

/** A moment as seen from another, both in ms since the epoch: `just now`, `3 min ago`, `in 2 h`, or its local date. */
export function showAgo(ms: number, nowMs: number): string {
  const seconds = (nowMs - ms) / 1000;
  if (!Number.isFinite(seconds)) return '?';
  if (Math.abs(seconds) < 2) return 'just now';
  if (Math.abs(seconds) > recentDays * day) return showLocal(ms).slice(0, -' hh:mm:ss'.length);
  return seconds > 0 ? `${showAbout(seconds)} ago` : `in ${showAbout(-seconds)}`;
}

/** Beyond these a `Date` holds nothing (ECMA-262, time values), while a file's time may be any number. */
const mostMs = 8.64e15;

function dateOf(ms: number): Date {
  return new Date(Math.min(mostMs, Math.max(-mostMs, ms)));
}

/** Local time to the second: `2026-11-27 17:03:12`; `?` for what is no number. */
export function showLocal(ms: number): string {
  if (Number.isNaN(ms)) return '?';
  const date = dateOf(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  const on = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${on} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The same to the millisecond, as log lines have it. */
export function showLocalExactly(ms: number): string {
  return Number.isNaN(ms) ? '?' : `${showLocal(ms)}.${String(dateOf(ms).getMilliseconds()).padStart(3, '0')}`;
}

/**
 * ISO 8601 in UTC, as all our JSON has it. What no `Date` can hold is the nearest that one can.
 *
 * @throws RangeError for what is no number: there is none in the ledger
 */
export function isoTime(ms: number): string {
  return dateOf(ms).toISOString();
}

function negative(shown: string): string {
  return shown === '0.0 s' ? shown : `-${shown}`;
}
