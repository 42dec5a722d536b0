import { Readable } from 'node:stream';
import { type Dispatcher, request } from 'undici';
import type { UploadTarget } from '../core/content.ts';
import { SyncError } from '../errors.ts';
import { networkError, readRetryAfter } from './answer-errors.ts';
import { deadlines, headerOf } from './http.ts';
import { frameMultipart } from './multipart.ts';

/** The bytes to send. `chunks` fails with `source_changed` before its last piece unless all of them were the right ones. */
export interface UploadSource {
  readonly sizeBytes: number;
  chunks(): AsyncIterable<Uint8Array>;
}

export interface UploadRequest {
  readonly url: URL;
  readonly target: UploadTarget;
  readonly fileName: string;
  readonly contentType: string;
  readonly source: UploadSource;
  readonly signal: AbortSignal;
  readonly onSent: (bytes: number) => void;
}

export interface UploadDeps {
  readonly dispatcher: Dispatcher;
  readonly nowMs: () => number;
  readonly token: () => string;
  readonly setTimer: (delayMs: number, callback: () => void) => { cancel(): void };
}

/** Up to this size a body goes out as one buffer: the fastest way for small files (design.md, 5). */
const oneBufferBytes = 1 << 20;

/**
 * Sends the bytes to the target with an exact Content-Length and resolves when it answered 2xx. The file is never in
 * memory whole beyond 1 MiB, and a body that fails midway never gets its end, so that half a file cannot be accepted.
 *
 * @throws SyncError `upload_refused` (4xx, with `status`), `server_error`, `rate_limited`, `stalled`, `unreachable`,
 *   `connection_lost`, or whatever the source threw.
 */
export async function sendUpload(deps: UploadDeps, wanted: UploadRequest): Promise<void> {
  const { target, source, url } = wanted;
  const frame =
    target.kind === 'form'
      ? frameMultipart(
          target.formFields,
          { field: target.fileField, fileName: wanted.fileName, contentType: wanted.contentType },
          deps.token(),
        )
      : { contentType: wanted.contentType, head: Buffer.alloc(0), tail: Buffer.alloc(0) };
  const body = new UploadBody(frame.head, source, frame.tail, deps.setTimer, wanted.onSent);
  // Not AbortSignal.any: on Node 20 it leaves 56 bytes on the long-lived signal for each upload, for ever.
  const cut = new AbortController();
  const onAbort = () => cut.abort();
  for (const signal of [wanted.signal, body.stalled]) {
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
  }
  try {
    const response = await request(url, {
      dispatcher: deps.dispatcher,
      method: target.kind === 'form' ? 'POST' : 'PUT',
      headers: { 'content-type': frame.contentType, 'content-length': String(body.lengthBytes) },
      body:
        source.sizeBytes <= oneBufferBytes ? await body.whole() : Readable.from(body.stream(), { objectMode: false }),
      signal: cut.signal,
      headersTimeout: deadlines.firstByteMs,
      bodyTimeout: deadlines.bodyMs,
    });
    body.finish();
    // Errors there are XML or HTML; only the status counts, and the connection is kept for the next file.
    await response.body.dump({ limit: 64 * 1024 });
    throwUnlessAccepted(response.statusCode, response, deps.nowMs());
  } catch (error) {
    if (body.failure !== undefined) throw body.failure;
    if (body.stalled.aborted) throw stalledError(url.host);
    throw networkError('upload', url.host, error);
  } finally {
    body.finish();
    wanted.signal.removeEventListener('abort', onAbort);
  }
}

/** The body in its pieces, with the watch over its progress. */
class UploadBody {
  readonly lengthBytes: number;
  readonly stalled: AbortSignal;
  /** What the source threw: the true reason behind the aborted request. */
  failure: unknown;
  readonly #head: Buffer;
  readonly #source: UploadSource;
  readonly #tail: Buffer;
  readonly #setTimer: UploadDeps['setTimer'];
  readonly #onSent: (bytes: number) => void;
  readonly #stall = new AbortController();
  #timer: { cancel(): void } | undefined;

  constructor(
    head: Buffer,
    source: UploadSource,
    tail: Buffer,
    setTimer: UploadDeps['setTimer'],
    onSent: (bytes: number) => void,
  ) {
    this.#head = head;
    this.#source = source;
    this.#tail = tail;
    this.#setTimer = setTimer;
    this.#onSent = onSent;
    this.stalled = this.#stall.signal;
    this.lengthBytes = head.length + source.sizeBytes + tail.length;
  }

  async whole(): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for await (const chunk of this.#pieces()) pieces.push(chunk);
    this.finish();
    return Buffer.concat(pieces);
  }

  async *stream(): AsyncGenerator<Uint8Array> {
    yield* this.#pieces();
    this.finish();
  }

  finish(): void {
    this.#timer?.cancel();
  }

  async *#pieces(): AsyncGenerator<Uint8Array> {
    if (this.#head.length > 0) yield this.#head;
    try {
      for await (const chunk of this.#source.chunks()) {
        this.#watch();
        yield chunk;
        this.#onSent(chunk.length);
      }
    } catch (error) {
      this.failure = error;
      throw error;
    }
    if (this.#tail.length > 0) yield this.#tail;
  }

  /** The request asks for the next piece when it could send the last one: no asking, no progress. */
  #watch(): void {
    this.#timer?.cancel();
    this.#timer = this.#setTimer(deadlines.stallMs, () => this.#stall.abort());
  }
}

function throwUnlessAccepted(status: number, response: Parameters<typeof headerOf>[0], nowMs: number): void {
  const message = `The upload target answered ${status}`;
  const common = { op: 'upload', status, scope: 'file' } as const;
  if (status >= 200 && status < 300) {
    if (!/^text\/html\b/i.test(headerOf(response, 'content-type') ?? '')) return;
    // No storage says so to an upload; a captive portal does, and swallows the bytes.
    const details = { ...common, code: 'not_storage', disposition: 'retry' } as const;
    throw new SyncError(`${message} with a web page: something in between answers in its place`, details);
  }
  if (status === 429) {
    const retryAfterMs = readRetryAfter(headerOf(response, 'retry-after'), nowMs);
    throw new SyncError(message, { ...common, code: 'target_rate_limited', disposition: 'retry', retryAfterMs });
  }
  if (status >= 500 || status === 408) {
    throw new SyncError(message, { ...common, code: 'server_error', disposition: 'retry' });
  }
  throw new SyncError(message, { ...common, code: 'upload_refused', disposition: 'renew' });
}

function stalledError(host: string): SyncError {
  return new SyncError(`Nothing could be sent to ${host} for ${deadlines.stallMs / 1000} s`, {
    code: 'stalled',
    scope: 'file',
    disposition: 'retry',
    op: 'upload',
  });
}
