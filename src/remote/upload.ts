import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { UploadTarget } from '../core/content.ts';
import { SyncError } from '../errors.ts';
import { readRetryAfter } from './answer-errors.ts';
import { deadlines, Exchange, type HttpAnswer, headerOf, type SetTimer } from './exchange.ts';
import { frameMultipart } from './multipart.ts';
import { networkError } from './network-error.ts';
import { type UploadSource, UploadStream, wholeBody } from './upload-body.ts';

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
  readonly setTimer: SetTimer;
}

/** Up to this size a body goes out as one buffer: the fastest way for small files (design.md, 5). */
const oneBufferBytes = 1 << 20;
const mostAnswerBytes = 64 * 1024;

/**
 * Sends the bytes to the target with an exact Content-Length and resolves when it answered 2xx. The file is never in
 * memory whole beyond 1 MiB, and a body that fails midway never gets its end, so that half a file cannot be accepted.
 *
 * @throws SyncError `upload_refused` (4xx, with `status`), `server_error`, `target_rate_limited`, `not_storage`, `stalled`,
 *   `unreachable`, `connection_lost`, or whatever the source threw; the signal's reason.
 */
export async function sendUpload(deps: UploadDeps, wanted: UploadRequest): Promise<void> {
  const { target, source, fileName, contentType } = wanted;
  const frame =
    target.kind === 'form'
      ? frameMultipart(target.formFields, { field: target.fileField, fileName, contentType }, deps.token())
      : { contentType, head: '', tail: '' };
  let answer: HttpAnswer;
  if (source.sizeBytes <= oneBufferBytes) {
    const body = await wholeBody(frame, source, wanted.onSent);
    answer = await sending(deps, wanted, frame.contentType, body, body.length).answer;
  } else {
    const stream = new UploadStream(frame, source, deps.setTimer, wanted.onSent);
    answer = await sendStream(deps, wanted, frame.contentType, stream);
  }
  throwUnlessAccepted(answer, deps.nowMs());
}

async function sendStream(
  deps: UploadDeps,
  wanted: UploadRequest,
  contentType: string,
  stream: UploadStream,
): Promise<HttpAnswer> {
  const body = Readable.from(stream.pieces(), { objectMode: false });
  const { call, answer } = sending(deps, wanted, contentType, body, stream.lengthBytes);
  stream.onStalled = () => call.cut(stalledError(wanted.url.host));
  try {
    const { status } = await answer;
    if (status < 300 && !stream.isHandedOver) throw notStorage(status, 'before it had all bytes');
    return await answer;
  } catch (error) {
    throw stream.failure ?? error;
  } finally {
    stream.stop();
  }
}

function sending(
  deps: UploadDeps,
  { url, target, signal }: UploadRequest,
  contentType: string,
  body: Buffer | Readable,
  lengthBytes: number,
): { readonly call: Exchange; readonly answer: Promise<HttpAnswer> } {
  const call = new Exchange({
    origin: url.origin,
    path: url.pathname + url.search,
    method: target.kind === 'form' ? 'POST' : 'PUT',
    headers: { 'content-type': contentType, 'content-length': String(lengthBytes) },
    body,
    signal,
    setTimer: deps.setTimer,
    // Errors there are XML or HTML; only the status counts, and the connection is kept for the next file.
    wants: 'status',
    maxBodyBytes: mostAnswerBytes,
  });
  const answer = call.send(deps.dispatcher).catch((error: unknown) => {
    throw networkError('upload', url.host, error);
  });
  return { call, answer };
}

function throwUnlessAccepted(answer: HttpAnswer, nowMs: number): void {
  const { status } = answer;
  const message = `The upload target answered ${status}`;
  const common = { op: 'upload', status, scope: 'file' } as const;
  if (status >= 200 && status < 300) {
    if (!/^text\/html\b/i.test(headerOf(answer, 'content-type') ?? '')) return;
    // No storage says so to an upload; a captive portal does, and swallows the bytes.
    throw notStorage(status, 'with a web page');
  }
  if (status === 429) {
    const retryAfterMs = readRetryAfter(headerOf(answer, 'retry-after'), nowMs);
    throw new SyncError(message, { ...common, code: 'target_rate_limited', disposition: 'retry', retryAfterMs });
  }
  if (status >= 500 || status === 408) {
    throw new SyncError(message, { ...common, code: 'server_error', disposition: 'retry' });
  }
  throw new SyncError(message, { ...common, code: 'upload_refused', disposition: 'renew' });
}

function notStorage(status: number, how: string): SyncError {
  return new SyncError(`The upload target answered ${status} ${how}: something in between answers in its place`, {
    code: 'not_storage',
    scope: 'file',
    disposition: 'retry',
    op: 'upload',
    status,
  });
}

function stalledError(host: string): SyncError {
  return new SyncError(`Nothing could be sent to ${host} for ${deadlines.stallMs / 1000} s`, {
    code: 'stalled',
    scope: 'file',
    disposition: 'retry',
    op: 'upload',
  });
}
