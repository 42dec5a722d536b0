import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { type Dispatcher, errors } from 'undici';
import { WireError } from './network-error.ts';

export const deadlines = {
  connectMs: 10_000,
  /** From the last byte sent to the first byte of the answer. */
  firstByteMs: 60_000,
  /** Between two pieces of an answer. */
  bodyMs: 20_000,
  /** A whole request with its JSON answer, however slowly it drips; of an upload's answer what comes behind its head. */
  answerMs: 120_000,
  /** For the words of a refused upload, once its status is known. */
  refusalMs: 2_000,
  /** An upload of which nothing could be sent for this long is given up. */
  stallMs: 60_000,
} as const;

export type SetTimer = (delayMs: number, callback: () => void) => { cancel(): void };

export interface ExchangeRequest {
  readonly origin: string;
  /** With its query; everything in it encoded already. */
  readonly path: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  /** In lower case. */
  readonly headers: Record<string, string>;
  readonly body: string | Buffer | Readable | null;
  readonly signal: AbortSignal;
  readonly setTimer: SetTimer;
  /**
   * `body`: all of the answer, in `deadlines.answerMs` counted from the request on. `status`: the head decides, and of the
   * rest only the beginning of a refusal is kept; sending and the wait for the head may take as long as they take, which is
   * the caller's to watch.
   */
  readonly wants: 'body' | 'status';
  /** More of the answer's body than this is not read. */
  readonly maxBodyBytes: number;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /**
   * Empty where it was longer than `maxBodyBytes`. Where only the status was wanted: of a 2xx empty, of others what came of it,
   * and no more than that.
   */
  readonly body: Buffer;
  readonly isTooLong: boolean;
}

const nothing = Buffer.alloc(0);
const once = { once: true } as const;

/**
 * One request through undici's `dispatch`, straight to the answer: `request` would make an AbortController, a stream and
 * several promises for each, which cost more than the request itself. Never follows redirects, and needs no more than one
 * listener on the caller's signal, which is gone when the answer is there.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #wanted: ExchangeRequest;
  readonly #chunks: Buffer[] = [];
  #resolve: (answer: HttpAnswer) => void = () => {};
  #reject: (reason: unknown) => void = () => {};
  #controller: Dispatcher.DispatchController | null = null;
  #deadline: { cancel(): void } | null = null;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #lengthBytes = 0;
  #isOver = false;
  /** Until a dispatcher has it. */
  #isHandingOver = true;

  constructor(wanted: ExchangeRequest) {
    this.#wanted = wanted;
  }

  /**
   * Resolves with whatever status came. Rejects with a WireError for whatever undici reports of the
   * request, with the signal's reason, or what it was `cut` with; what undici says of its arguments is thrown as it is.
   */
  send(dispatcher: Dispatcher): Promise<HttpAnswer> {
    const { origin, path, method, headers, body, signal, wants } = this.#wanted;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      if (signal.aborted) return this.cut(signal.reason);
      signal.addEventListener('abort', this, once);
      if (wants === 'body') this.#startDeadline(deadlines.answerMs);
      try {
        const headersTimeout = wants === 'body' ? deadlines.firstByteMs : 0;
        const timeouts = { headersTimeout, bodyTimeout: deadlines.bodyMs };
        dispatcher.dispatch({ origin, path, method, headers, body, ...timeouts }, this);
      } catch (error) {
        this.cut(error);
      } finally {
        this.#isHandingOver = false;
      }
    });
  }

  /** Ends it at once, wherever it is, and closes its connection. Of an answer whose status came and is enough, that stays. */
  cut(reason: unknown): void {
    if (this.#isOver) return;
    if (this.#hasEnough()) this.#finish(false);
    else this.#fail(reason);
    this.#abort(reason);
  }

  /** The caller's signal. */
  handleEvent(): void {
    this.cut(this.#wanted.signal.reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Cut while it waited for a connection: nothing of it goes out.
    if (this.#isOver) this.#abort(undefined);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    if (status >= 300 && this.#wanted.wants === 'status') this.#startDeadline(deadlines.refusalMs);
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return;
    const { wants, maxBodyBytes } = this.#wanted;
    this.#lengthBytes += chunk.length;
    if (this.#lengthBytes > maxBodyBytes) {
      this.#finish(true);
      this.#abort(undefined);
      return;
    }
    if (wants === 'body' || this.#status >= 300) this.#chunks.push(chunk);
    if (this.#deadline === null) this.#startDeadline(deadlines.answerMs);
  }

  onResponseEnd(): void {
    this.#finish(false);
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.#hasEnough()) this.#finish(false);
    else this.#fail(this.#isHandingOver && !isClosed(error) ? error : new WireError(error));
  }

  #hasEnough(): boolean {
    return this.#status !== 0 && this.#wanted.wants === 'status';
  }

  #startDeadline(forMs: number): void {
    this.#deadline = this.#wanted.setTimer(forMs, () => this.cut(tooSlow()));
  }

  #finish(isTooLong: boolean): void {
    if (!this.#end()) return;
    const [first = nothing] = this.#chunks;
    const whole = this.#chunks.length > 1 ? Buffer.concat(this.#chunks) : first;
    const body = isTooLong && this.#wanted.wants === 'body' ? nothing : whole;
    this.#resolve({ status: this.#status, headers: this.#headers, body, isTooLong });
  }

  #fail(reason: unknown): void {
    if (this.#end()) this.#reject(reason);
  }

  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#deadline?.cancel();
    this.#wanted.signal.removeEventListener('abort', this);
    return true;
  }

  #abort(reason: unknown): void {
    this.#controller?.abort(reason instanceof Error ? reason : new Error('Not waited for any more'));
  }
}

/** A dispatcher says so at once, but it is no fault of the request's. */
function isClosed(error: Error): boolean {
  return error instanceof errors.ClientDestroyedError || error instanceof errors.ClientClosedError;
}

/** In undici's manner: an error with a code, as a connection that is lost. */
function tooSlow(): Error {
  const message = `No whole answer in ${deadlines.answerMs / 1000} s`;
  return new WireError(Object.assign(new Error(message), { code: 'ETOOSLOW' }));
}

/** One header's first value, or null. */
export function headerOf(answer: Pick<HttpAnswer, 'headers'>, name: string): string | null {
  const value = answer.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}
