import type { Dispatcher } from 'undici';
import { codingsOf, decode } from './content-encoding.ts';
import { Exchange, type ExchangeRequest, type HttpAnswer, headerOf } from './exchange.ts';

/** A JSON answer as it came: nothing is concluded from it yet. */
export interface JsonAnswer {
  readonly status: number;
  readonly requestId: string | null;
  readonly isReplayed: boolean;
  readonly retryAfter: string | null;
  /** FLORA's clock, milliseconds since the epoch; null when it sent no date. */
  readonly dateMs: number | null;
  /** Undefined when the body is not JSON. */
  readonly json: unknown;
  /** The body was longer than we read. */
  readonly isCut: boolean;
}

type JsonRequest = Omit<ExchangeRequest, 'wants'>;

/** Makes one request and reads at most `maxBodyBytes` of its answer. Never follows redirects. */
export async function requestJson(dispatcher: Dispatcher, wanted: JsonRequest): Promise<JsonAnswer> {
  const answer = await new Exchange({ ...wanted, wants: 'body' }).send(dispatcher);
  const json = await readJson(answer, wanted.maxBodyBytes);
  const date = Date.parse(headerOf(answer, 'date') ?? '');
  return {
    status: answer.status,
    requestId: headerOf(answer, 'request-id'),
    isReplayed: headerOf(answer, 'idempotent-replayed') === 'true',
    retryAfter: headerOf(answer, 'retry-after'),
    dateMs: Number.isNaN(date) ? null : date,
    json: json === 'too-long' ? undefined : json.value,
    isCut: json === 'too-long',
  };
}

/** The value, undefined where the body is none; `too-long` also where it only becomes so when its codings are undone. */
async function readJson(answer: HttpAnswer, mostBytes: number): Promise<{ readonly value: unknown } | 'too-long'> {
  if (answer.isTooLong) return 'too-long';
  const codings = codingsOf(headerOf(answer, 'content-encoding'));
  if (codings === null) return { value: undefined };
  const body = codings.length === 0 ? answer.body : await decode(answer.body, codings, mostBytes);
  if (body === 'too-long') return 'too-long';
  return { value: body === null ? undefined : parseJson(body.toString()) };
}

function parseJson(text: string): unknown {
  try {
    // Some put a byte order mark in front, which JSON does not know.
    return JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text);
  } catch {
    return undefined;
  }
}
