// Durations, addresses, lists and names: text in, value or the reason in words out. Pure.
import { isLoopbackHost } from '../core/host.ts';

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string; readonly hint: string };

const durationUnits = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/** Milliseconds of `500ms`, `2s`, `15m` or `1h`; nothing else is a duration (no fraction, no bare number, no spaces). */
export function parseDuration(text: string): Parsed<number> {
  const hint = 'write a whole number and its unit, such as 500ms, 2s, 15m or 1h';
  const [, digits, unit = ''] = /^([0-9]+)([A-Za-z]*)$/.exec(text) ?? [];
  if (text === '') return { ok: false, problem: 'is empty, not a duration', hint };
  if (digits === undefined) return { ok: false, problem: 'is not a duration', hint };
  if (unit === '') {
    return { ok: false, problem: 'is a duration without a unit', hint: `write ${digits}s, or ${digits}ms` };
  }
  const factor = durationUnits.get(unit);
  if (factor === undefined) return { ok: false, problem: `has the unknown unit ${unit}`, hint };
  const value = Number(digits) * factor;
  return Number.isSafeInteger(value) ? { ok: true, value } : { ok: false, problem: 'is too large', hint };
}

/** The same within limits in milliseconds, both included. */
export function durationBetween(leastMs: number, mostMs: number): (text: string) => Parsed<number> {
  return (text) => {
    const parsed = parseDuration(text);
    if (!parsed.ok) return parsed;
    const hint = `write something from ${formatDuration(leastMs)} to ${formatDuration(mostMs)}`;
    if (parsed.value < leastMs) return { ok: false, problem: 'is too short', hint };
    return parsed.value > mostMs ? { ok: false, problem: 'is too long', hint } : parsed;
  };
}

/** The text that `parseDuration` reads as that many milliseconds, in the largest unit that divides it. */
export function formatDuration(durationMs: number): string {
  for (const [unit, factor] of [...durationUnits].reverse()) {
    if (durationMs >= factor && durationMs % factor === 0) return `${durationMs / factor}${unit}`;
  }
  return `${durationMs}ms`;
}

/** `a, b,c` as its trimmed parts; empty parts stay, so that whoever checks them can name them. */
export function splitList(text: string): readonly string[] {
  return text.split(',').map((part) => part.trim());
}

/** The candidate that was most likely meant, or null when none is near. Case, `-` and `_` do not count. */
export function nearestName(name: string, candidates: readonly string[]): string | null {
  const wanted = comparable(name);
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, comparable(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function comparable(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[-_\s]/g, '')
    .replace(/^(?:florasync|flora)/, '');
}

/** Levenshtein distance, row by row. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length }, (_, column) => column + 1);
  let left = b.length;
  for (const [row, char] of a.split('').entries()) {
    let corner = row;
    left = row + 1;
    above = above.map((up, column) => {
      const replaced = corner + (char === b[column] ? 0 : 1);
      corner = up;
      left = Math.min(replaced, up + 1, left + 1);
      return left;
    });
  }
  return left;
}

/** The API's address without its trailing slash, or why it cannot be used. Plain `http:` only reaches this machine. */
export function parseBaseUrl(text: string): Parsed<string> {
  const hint = 'write an address such as https://app.flora.ai/api/v1';
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) return { ok: false, problem: 'is not a URL', hint };
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return { ok: false, problem: 'is not an https: URL', hint };
  if (url.username !== '' || url.password !== '') {
    return { ok: false, problem: 'holds credentials', hint: 'leave them out; the key goes into FLORA_API_KEY_FILE' };
  }
  if (text.includes('?')) return { ok: false, problem: 'has a query', hint: 'leave out everything from the ? on' };
  if (text.includes('#')) return { ok: false, problem: 'has a fragment', hint: 'leave out everything from the # on' };
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    return { ok: false, problem: 'would send the key unencrypted', hint: 'use https: (http: is for localhost only)' };
  }
  return { ok: true, value: url.origin + url.pathname.replace(/\/+$/, '') };
}
