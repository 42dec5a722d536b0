import type { Dispatcher } from 'undici';
import { Exchange, type ExchangeRequest, headerOf } from './exchange.ts';

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

export type JsonRequest = Omit<ExchangeRequest, 'wants'>;

/** Makes one request and reads at most `maxBodyBytes` of its answer. Never follows redirects. */
export async function requestJson(dispatcher: Dispatcher, wanted: JsonRequest): Promise<JsonAnswer> {
  const answer = await new Exchange({ ...wanted, wants: 'body' }).send(dispatcher);
  const date = Date.parse(headerOf(answer, 'date') ?? '');
  return {
    status: answer.status,
    requestId: headerOf(answer, 'request-id'),
    isReplayed: headerOf(answer, 'idempotent-replayed') === 'true',
    retryAfter: headerOf(answer, 'retry-after'),
    dateMs: Number.isNaN(date) ? null : date,
    json: answer.isTooLong ? undefined : parseJson(answer.body.toString()),
    isCut: answer.isTooLong,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
