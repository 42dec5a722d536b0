import { REDACTED, redactText } from '../core/redact.ts';
import type { ErrorDisposition, ErrorScope } from '../errors/code.ts';
import { type AnyCode, foreignCode } from '../errors/codes.ts';
import { SyncError } from '../errors.ts';
import { isRecord } from './fields.ts';
import type { JsonAnswer } from './http.ts';

const defaultRetryAfterMs = 5_000;
const shortestRetryAfterMs = 1_000;
const longestRetryAfterMs = 24 * 3_600_000;

interface Verdict {
  readonly code: AnyCode;
  readonly scope?: ErrorScope;
  readonly disposition?: ErrorDisposition;
  readonly hint?: string;
}

/**
 * FLORA's error answer as a SyncError: by its code where we know it, by its status where we do not.
 *
 * @param secret the key of the request: whoever repeats it in an error has it hidden, whatever it looks like
 */
export function errorFromAnswer(op: string, answer: JsonAnswer, nowMs: number, secret?: string): SyncError {
  const { code, message } = readEnvelope(answer.json);
  const verdict = answer.isReplayed ? spentKey : judge(op, answer, code);
  // Whatever a foreign text says ends in the ledger and in front of people.
  const shown = secret === undefined || secret === '' ? message : message.replaceAll(secret, REDACTED);
  const told = message === '' ? '' : `: ${redactText(shown)}`;
  return new SyncError(`FLORA answered ${answer.status}${code === '' ? '' : ` ${code}`}${told}`, {
    ...verdict,
    op,
    status: answer.status,
    requestId: answer.requestId ?? undefined,
    retryAfterMs: asksToWait.has(answer.status) ? namedRetryAfter(answer.retryAfter, nowMs) : undefined,
  });
}

/** A refusal that is not FLORA's comes from something in between, and says nothing about the file; these are plain. */
const statusesThatSpeak: ReadonlySet<number> = new Set([401, 402, 403, 408, 425, 429]);

// A stored error would be replayed for as long as the key lives: only a new key gets a new answer.
const spentKey: Verdict = { code: 'key_spent' };

/** FLORA signs each answer with a request-id. What has none, and no word of an error either, is of something in between. */
function isForeignRefusal({ json, requestId, status }: JsonAnswer): boolean {
  // A proxy that wants to know who we are.
  if (status === 407) return true;
  const { code, message } = readEnvelope(json);
  return requestId === null && code === '' && message === '';
}

function judge(op: string, answer: JsonAnswer, code: string): Verdict {
  const { status } = answer;
  if (status >= 400 && status < 500 && !statusesThatSpeak.has(status) && isForeignRefusal(answer)) {
    return { code: 'not_flora', hint: portal };
  }
  if (code === 'idempotency_duplicate' || code === 'idempotency_conflict') return spentKey;
  if (isLifecycleCall(op) && (status === 400 || status === 422)) {
    return { code: code === 'invalid_json' ? code : 'conflict' };
  }
  if (status >= 300 && status < 400) return { code: 'redirected', hint: portal };
  switch (status) {
    case 401:
      return { code: 'key_refused', hint: keyHint };
    case 402:
      return { code: 'credits', hint: 'Top up the credits of the workspace.' };
    case 403:
      return { code: 'forbidden', hint: forbiddenHint };
    case 404:
      // No asset is named in a reservation: it is the workspace or the project that is not there, for every file.
      if (op === 'reserve') return { code: 'no_destination', hint: placeHint };
      return { code: 'not_found' };
    case 410:
      return { code: 'not_found' };
    case 409:
      // Nothing but its key can stand against a reservation.
      return op === 'reserve' ? spentKey : { code: 'conflict' };
    case 429:
      return { code: 'rate_limited' };
    case 408:
    case 425:
      return { code: 'server_error' };
    default:
      if (status >= 500) return { code: 'server_error' };
      return { code: code === '' ? `http_${status}` : foreignCode(code), scope: 'file', disposition: 'reject' };
  }
}

/** Those that an asset's state may not allow. Sources name 409, 400 and 422 for that. */
function isLifecycleCall(op: string): boolean {
  return op === 'complete' || op === 'renew';
}

const portal = 'Something between here and FLORA answers in its place (a captive portal or a proxy).';
const keyHint = 'Put the new key where the old one came from (FLORA_API_KEY_FILE or the credential).';
const placeHint = 'See that FLORA_WORKSPACE_ID and FLORA_SYNC_PROJECT_ID name what this key can see.';
const forbiddenHint = 'See that the key belongs to this workspace and that its plan includes API access.';

/** An answer that is not FLORA's (HTML, say), or FLORA's and cut off, too long, or without the fields it must have. */
export function badAnswer(op: string, answer: JsonAnswer, what: string): SyncError {
  const { status } = answer;
  const requestId = answer.requestId ?? undefined;
  if (answer.requestId === null && answer.json === undefined && !answer.isCut) {
    const details = { code: 'not_flora', disposition: null, op, status, hint: portal } as const;
    return new SyncError(`The answer to ${op} ${what} (status ${status})`, details);
  }
  if (op === 'reserve') return notUnderstood(op, answer, what);
  const details = { code: 'bad_answer', op, status, requestId } as const;
  return new SyncError(`${otherwise}: the answer to ${op} ${what} (status ${status})`, details);
}

const otherwise = 'FLORA answers otherwise than this version knows';

/**
 * A 2xx that nobody could work with. Of a reservation that is more than a bad answer: it has made an asset, and each further
 * one would too.
 */
export function notUnderstood(op: string, answer: JsonAnswer, what: string): SyncError {
  if (op !== 'reserve') return badAnswer(op, answer, what);
  return new SyncError(`${otherwise}: the answer to ${op} ${what} (status ${answer.status})`, {
    code: 'not_understood',
    op,
    status: answer.status,
    requestId: answer.requestId ?? undefined,
    hint: 'Look for a newer version of flora-sync; `flora-sync contract` shows what FLORA answers.',
  });
}

const asksToWait: ReadonlySet<number> = new Set([429, 503]);

/** As `namedRetryAfter`; 5 s when absent or unreadable (FLORA's own sample). */
export function readRetryAfter(header: string | null, nowMs: number): number {
  return namedRetryAfter(header, nowMs) ?? defaultRetryAfterMs;
}

/** `retry-after` in seconds or as a date, clamped to 1 s..24 h; undefined when absent or unreadable (RFC 9110, 10.2.3). */
export function namedRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const seconds = /^\d+(\.\d+)?$/.test(header.trim()) ? Number(header) : undefined;
  const waitMs = seconds === undefined ? Date.parse(header) - nowMs : seconds * 1000;
  if (Number.isNaN(waitMs)) return undefined;
  return Math.min(Math.max(waitMs, shortestRetryAfterMs), longestRetryAfterMs);
}

/**
 * Code and words of an error, in the forms that are known: `{"error": {"code", "message", "fields"}}` as documented, without a
 * code, `{"error": "words"}`, and flat.
 */
function readEnvelope(json: unknown): { code: string; message: string } {
  const whole = isRecord(json) ? json : {};
  const error = isRecord(whole['error']) ? whole['error'] : whole;
  const words = typeof whole['error'] === 'string' ? whole['error'] : error['message'];
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const fields = Array.isArray(error['fields']) ? error['fields'].filter(isRecord) : [];
  const told = fields.map((field) => `${text(field['field'])}: ${text(field['message'])}`).join('; ');
  const message = text(words).slice(0, 500);
  // A code is one word; what is not stands in the message.
  const code = /^[\w.-]{1,64}$/.test(text(error['code'])) ? text(error['code']) : '';
  return { code, message: told === '' ? message : `${message} (${told.slice(0, 500)})` };
}
