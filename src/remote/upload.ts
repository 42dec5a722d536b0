import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { oneBufferBytes, type UploadTarget } from '../core/content.ts';
import { Exchange, type HttpAnswer, type SetTimer } from './exchange.ts';
import { frameMultipart } from './multipart.ts';
import { networkError } from './network-error.ts';
import { type SendLimits, SendWatch, sendLimits } from './send-watch.ts';
import { whenSending } from './socket-queue.ts';
import { notStorage, throwUnlessAccepted } from './upload-answer.ts';
import { type UploadSource, UploadStream, wholeBody } from './upload-body.ts';
import { stalledError, withNeededRate } from './upload-pace.ts';

interface UploadRequest {
  readonly url: URL;
  readonly target: UploadTarget;
  readonly fileName: string;
  readonly contentType: string;
  readonly source: UploadSource;
  readonly signal: AbortSignal;
  readonly onSent: (bytes: number) => void;
  /** How long the target can still be used, as far as is known; only for what is told of a failure. */
  readonly livesForMs?: number | null;
}

interface UploadDeps {
  readonly dispatcher: Dispatcher;
  readonly nowMs: () => number;
  /** Of a clock that never goes back; `nowMs` where there is none. */
  readonly monotonicMs?: () => number;
  readonly token: () => string;
  readonly setTimer: SetTimer;
  readonly limits?: SendLimits;
}

const mostAnswerBytes = 64 * 1024;

/**
 * Sends the bytes to the target with an exact Content-Length and resolves when it answered 2xx. The file is never in
 * memory whole beyond 1 MiB, and a body that fails midway never gets its end, so that half a file cannot be accepted.
 * However long it takes is fine, as long as bytes move.
 *
 * @throws SyncError `bytes_refused` (another target would refuse them too) and `upload_refused` (all other 3xx and 4xx), both
 *   with `status`; `server_error`, `target_rate_limited`, `not_storage`, `stalled` (the line is too slow, or nothing moves),
 *   `unreachable`, `connection_lost`, or whatever the source threw; the signal's reason.
 */
export async function sendUpload(deps: UploadDeps, wanted: UploadRequest): Promise<void> {
  const { target, source, fileName, contentType } = wanted;
  const frame =
    target.kind === 'form'
      ? frameMultipart(target.formFields, { field: target.fileField, fileName, contentType }, deps.token())
      : { contentType, head: '', tail: '' };
  if (source.sizeBytes <= oneBufferBytes) {
    const body = await wholeBody(frame, source, wanted.onSent);
    const sending = new Sending(deps, wanted, frame.contentType, body, body.length);
    await sending.accepted();
    return;
  }
  const stream = new UploadStream(frame, source, wanted.onSent);
  const body = Readable.from(stream.pieces(), { objectMode: false });
  const sending = new Sending(deps, wanted, frame.contentType, body, stream.lengthBytes);
  try {
    await sending.accepted(({ status }) => {
      if (status < 300 && !stream.isHandedOver) throw notStorage(status, 'before it had all bytes');
    });
  } catch (error) {
    throw stream.failure ?? error;
  }
}

/** One request with its body on its way, and the watch over it. */
class Sending {
  readonly #deps: UploadDeps;
  readonly #wanted: UploadRequest;
  readonly #call: Exchange;
  readonly #watch: SendWatch;
  #socket: Socket | null = null;

  constructor(
    deps: UploadDeps,
    wanted: UploadRequest,
    contentType: string,
    body: Buffer | Readable,
    lengthBytes: number,
  ) {
    const { url, target, signal } = wanted;
    this.#deps = deps;
    this.#wanted = wanted;
    this.#call = new Exchange({
      origin: url.origin,
      path: url.pathname + url.search,
      method: target.kind === 'form' ? 'POST' : 'PUT',
      headers: { 'content-type': contentType, 'content-length': String(lengthBytes) },
      body,
      signal,
      setTimer: deps.setTimer,
      // After a 2xx the connection is kept for the next file.
      wants: 'status',
      maxBodyBytes: mostAnswerBytes,
    });
    const { setTimer, nowMs, monotonicMs = nowMs, limits = sendLimits } = deps;
    this.#watch = new SendWatch({ setTimer, monotonicMs, limits }, lengthBytes, () => {
      this.#call.cut(stalledError(url.host, lengthBytes, this.#watch.progress));
    });
    whenSending(body, (socket) => {
      this.#socket = socket;
      this.#watch.start(socket);
    });
    // A request without a body has none to be known by.
    if (lengthBytes === 0) this.#watch.start(null);
  }

  /** Resolves when the target took it. */
  async accepted(check: (answer: HttpAnswer) => void = () => {}): Promise<void> {
    const { url, target, source, livesForMs } = this.#wanted;
    const { dispatcher, nowMs } = this.#deps;
    try {
      const answer = await this.#call.send(dispatcher).catch((error: unknown) => {
        throw networkError('upload', url.host, error);
      });
      // Whether the rest of the body was read, so that another request can follow it, is not known.
      if (answer.status >= 300) this.#socket?.destroy();
      check(answer);
      throwUnlessAccepted(answer, url, target, nowMs());
    } catch (error) {
      throw withNeededRate(error, source.sizeBytes, livesForMs ?? null, this.#watch);
    } finally {
      this.#watch.stop();
    }
  }
}
