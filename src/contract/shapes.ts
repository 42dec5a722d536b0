import { isRecord } from '../remote/fields.ts';
import type { JsonAnswer } from '../remote/http.ts';

// How foreign values are told without showing what could be a secret: by their form, and as short words of plain letters.

/** No answer at all, and why in our own words. */
export interface Silence {
  readonly silence: string;
}

export type Said = JsonAnswer | Silence;

export function isSilent(said: Said): said is Silence {
  return 'silence' in said;
}

/** A foreign word as it is, if it is short and plain; otherwise what kind of value it is. */
export function word(value: unknown): string {
  if (value === undefined) return 'absent';
  if (value === null) return 'null';
  if (typeof value === 'string') return /^[\w.:/*-]{1,40}$/.test(value) ? value : `text of ${value.length} characters`;
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a number';
  if (typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? `a list of ${value.length}` : 'an object';
}

/** The names of an object's members in their order; those that are none of FLORA's manner are only counted. */
export function namesOf(value: unknown): readonly string[] {
  if (!isRecord(value)) return [];
  return Object.keys(value).map((name) => (/^[\w.-]{1,40}$/.test(name) ? name : '(a name that is not shown)'));
}

/** The error code of FLORA's envelope, '' without one. */
export function codeOf(said: Said): string {
  if (isSilent(said) || !isRecord(said.json)) return '';
  const { error } = said.json;
  return isRecord(error) && typeof error['code'] === 'string' ? error['code'] : '';
}

/** `409 conflict [req_…]`: status, code and the request-id of an error. */
export function told(said: Said): string {
  if (isSilent(said)) return said.silence;
  const code = codeOf(said);
  if (code !== '') return `${said.status} ${word(code)}${traceOf(said)}`;
  const isPlain = said.status < 400 && said.json !== undefined;
  return `${said.status}${isPlain ? '' : `, ${errorForm(said)}`}${traceOf(said)}`;
}

function traceOf({ status, requestId }: JsonAnswer): string {
  return status < 400 || requestId === null ? '' : ` [${word(requestId)}]`;
}

export function isOk(said: Said): said is JsonAnswer {
  return !isSilent(said) && said.status >= 200 && said.status < 300;
}

export function recordOf(said: Said): Record<string, unknown> | null {
  return isOk(said) && isRecord(said.json) ? said.json : null;
}

export const envelope = 'envelope with code';

/** What an error answer looks like. */
export function errorForm({ json, isCut }: JsonAnswer): string {
  if (isCut) return 'too long to read';
  if (json === undefined) return 'not JSON';
  if (!isRecord(json)) return 'JSON, but no object';
  const { error } = json;
  if (isRecord(error)) return typeof error['code'] === 'string' ? envelope : 'envelope without code';
  if (typeof error === 'string') return 'flat: error is text';
  return 'code' in json || 'message' in json ? 'flat: no envelope' : `other members: ${namesOf(json).join(', ')}`;
}

/** The asset id in an answer, if one could be used in a path. */
export function assetIdOf(json: unknown): string | null {
  const id = isRecord(json) ? json['asset_id'] : undefined;
  return typeof id === 'string' && /^[\w.:-]{1,128}$/.test(id) && !/^\.+$/.test(id) ? id : null;
}

/** An id of the same form that names nothing: its last characters are chance. */
export function idLike(assetId: string | null, chance: string): string {
  const digits = chance.replaceAll(/[^0-9a-f]/gi, '').slice(-8);
  if (assetId === null || assetId.length < 16) return `asset_${chance.replaceAll(/\W/g, '').slice(-24)}`;
  return assetId.slice(0, -8) + (/[a-z]/.test(assetId.slice(-8)) ? digits : digits.toUpperCase());
}

/** How a time is written. */
export function timeForm(value: unknown): string {
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return 'a number that is no integer';
    if (value > 1e11 && value < 1e14) return 'integer, milliseconds';
    return value > 1e8 && value <= 1e11 ? 'integer, seconds' : 'integer, neither milliseconds nor seconds';
  }
  if (typeof value !== 'string') return word(value);
  if (Number.isNaN(Date.parse(value)) || !/^\d{4}-\d\d-\d\dT/.test(value)) return 'text that is no ISO time';
  return /(Z|[+-]\d\d:?\d\d)$/i.test(value) ? isoWithZone : 'ISO without a zone';
}

export const isoWithZone = 'ISO with a zone';

/** What a cursor is made of, without its value. */
export function cursorForm(value: unknown): string {
  if (typeof value !== 'string') return word(value);
  const text = `text of ${value.length} characters`;
  try {
    const inside: unknown = JSON.parse(Buffer.from(value, 'base64url').toString());
    return isRecord(inside) ? `${text}, base64 of JSON with ${namesOf(inside).join(', ')}` : text;
  } catch {
    return text;
  }
}

/** `2 min 5 s`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  // What is rounded decides: 9.96 s are 10 s.
  if (Number((ms / 1000).toFixed(1)) < 10) return `${(ms / 1000).toFixed(1)} s`;
  if (seconds < 60) return `${seconds} s`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
