import { type Dispatcher, request } from 'undici';

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
  /** The body ended early or was longer than we read. */
  readonly isCut: boolean;
}

export interface JsonRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly signal: AbortSignal;
  readonly maxBodyBytes: number;
  readonly setTimer: (delayMs: number, callback: () => void) => { cancel(): void };
}

export const deadlines = {
  connectMs: 10_000,
  /** From the last byte sent to the first byte of the answer. */
  firstByteMs: 60_000,
  /** Between two pieces of an answer. */
  bodyMs: 20_000,
  /** A whole request with its JSON answer, however slowly it drips. */
  answerMs: 120_000,
  /** An upload of which nothing could be sent for this long is given up. */
  stallMs: 60_000,
} as const;

/** Makes one request and reads at most `maxBodyBytes` of its answer. Never follows redirects. */
export async function requestJson(dispatcher: Dispatcher, wanted: JsonRequest): Promise<JsonAnswer> {
  const { method, url, headers, signal } = wanted;
  const cut = new AbortController();
  const onAbort = () => cut.abort(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const deadline = wanted.setTimer(deadlines.answerMs, () => cut.abort(tooSlow()));
  try {
    const response = await request(url, {
      dispatcher,
      method,
      headers,
      signal: cut.signal,
      headersTimeout: deadlines.firstByteMs,
      bodyTimeout: deadlines.bodyMs,
      ...(wanted.body === undefined ? {} : { body: wanted.body }),
    });
    const { text, isCut } = await readText(response.body, wanted.maxBodyBytes);
    return { ...readHeaders(response), json: isCut ? undefined : parseJson(text), isCut };
  } finally {
    deadline.cancel();
    signal.removeEventListener('abort', onAbort);
  }
}

/** In undici's manner: an error with a code, so that it counts as a lost connection. */
function tooSlow(): Error {
  return Object.assign(new Error(`No whole answer in ${deadlines.answerMs / 1000} s`), { code: 'ETOOSLOW' });
}

type Response = Awaited<ReturnType<typeof request>>;

function readHeaders(response: Response): Omit<JsonAnswer, 'json' | 'isCut'> {
  const date = Date.parse(headerOf(response, 'date') ?? '');
  return {
    status: response.statusCode,
    requestId: headerOf(response, 'request-id'),
    isReplayed: headerOf(response, 'idempotent-replayed') === 'true',
    retryAfter: headerOf(response, 'retry-after'),
    dateMs: Number.isNaN(date) ? null : date,
  };
}

/** One header's first value, or null. */
export function headerOf(response: Pick<Response, 'headers'>, name: string): string | null {
  const value = response.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

async function readText(body: Response['body'], maxBytes: number): Promise<{ text: string; isCut: boolean }> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    // Leaving the loop destroys the body and its connection.
    if (length > maxBytes) return { text: '', isCut: true };
  }
  return { text: Buffer.concat(chunks).toString('utf8'), isCut: false };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
