import { redactText } from '../core/redact.ts';

// Reads what FLORA's JSON says. Its documents disagree on spellings and types, and it may change: what is meant is read, what is
// not there is null, and nothing is guessed.

export type Json = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member by its name in snake_case, else in camelCase (the developer guide's spelling); undefined when there is neither. */
export function member(json: Json, name: string): unknown {
  const value = json[name];
  return value === undefined || value === null ? (json[camelCase(name)] ?? value) : value;
}

const camelNames = new Map<string, string>();

function camelCase(name: string): string {
  const known = camelNames.get(name);
  if (known !== undefined) return known;
  const camel = name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  camelNames.set(name, camel);
  return camel;
}

export function readText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A text that people will read. */
export function readTold(value: unknown): string | null {
  return typeof value === 'string' ? redactText(value).slice(0, 500) : null;
}

/** `image/PNG; q=1` is `image/png`. */
export function readContentType(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const type = value.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return type.includes('/') ? type : null;
}

/** A number of bytes, as a number or as its digits. Any other number is no size that a file could be held against. */
export function readSize(value: unknown): number | null {
  const size = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : null;
}

/** The last moment that a Date can hold. */
const lastMs = 8.64e15;
/** Below this a time counts seconds: as milliseconds it would be before March 1973. */
const leastMs = 1e11;

/**
 * Milliseconds since the epoch: of an ISO string with its zone, or of a number (milliseconds; seconds where it is too small for
 * those). A string without its zone could mean any of 27 hours.
 */
export function readTimeMs(value: unknown): number | null {
  if (typeof value === 'string') {
    return /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/i.test(value) ? asTime(Date.parse(value)) : null;
  }
  return typeof value === 'number' ? asTime(value > 0 && value < leastMs ? value * 1000 : value) : null;
}

function asTime(timeMs: number): number | null {
  return timeMs >= 0 && timeMs <= lastMs ? Math.trunc(timeMs) : null;
}

/** An id goes into a path: dots alone would name another one, and half a surrogate pair has no place in a URL. */
export function readId(value: unknown): string | null {
  if (typeof value !== 'string' || value === '.' || value === '..') return null;
  // The first alone would do for every id seen so far, and is the cheaper one.
  return /^[!-~]+$/.test(value) || /^[^\s\p{C}]+$/u.test(value) ? value : null;
}
