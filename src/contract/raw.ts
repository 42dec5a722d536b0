import type { Dispatcher } from 'undici';
import { isLoopbackHost } from '../core/host.ts';
import { SyncError } from '../errors.ts';
import { checkAssetUrl, checkUploadUrl } from '../remote/addresses.ts';
import { errorFromAnswer, readRetryAfter } from '../remote/answer-errors.ts';
import { Exchange, type ExchangeRequest, headerOf, type SetTimer } from '../remote/exchange.ts';
import { type JsonAnswer, requestJson } from '../remote/http.ts';
import { frameMultipart } from '../remote/multipart.ts';
import { networkError } from '../remote/network-error.ts';
import { openPools, type Pools, type ProxySettings } from '../remote/pools.ts';
import type { Target } from './reservation.ts';
import { Secrets } from './secrets.ts';
import type { Said, Silence } from './shapes.ts';

export interface RawDeps {
  /** Without a trailing slash. */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly userAgent: string;
  readonly nowMs: () => number;
  readonly sleep: (delayMs: number, signal: AbortSignal) => Promise<void>;
  readonly setTimer: SetTimer;
  readonly token: () => string;
  /** Proxies as the environment names them; null for none. Never used towards an API on loopback. */
  readonly proxy: ProxySettings | null;
}

export interface Call {
  readonly method: 'GET' | 'POST';
  /** Below the base URL. */
  readonly path: string;
  /** Sent as JSON; none at all when absent. */
  readonly body?: object;
  /** The Idempotency-Key; a fresh one when absent. */
  readonly key?: string;
}

/** An answer of another host than the API's. */
export interface Plain {
  readonly status: number;
  readonly isPage: boolean;
  /** Empty when it was longer than anything that was sent. */
  readonly body: Buffer;
}

const mostAnswerBytes = 8 << 20;
const mostPlainBytes = 1 << 20;
const mostWaits = 3;
const longestWaitMs = 30_000;
/** So many requests without an answer one after the other, and FLORA counts as out of reach. */
const mostSilences = 3;

/**
 * Single requests as FLORA sees them, and what it says to them: nothing is concluded, nothing is thrown for an answer that is
 * strange. The only place here that knows the key and what has to be kept out of the table.
 */
export class RawFlora {
  /** Every answer of the API so far. */
  readonly answers: JsonAnswer[] = [];
  readonly host: string;
  readonly isOnLoopback: boolean;
  readonly #deps: RawDeps;
  readonly #base: URL;
  readonly #secrets = new Secrets();
  readonly #pools: Pools;
  #silences = 0;

  constructor(deps: RawDeps) {
    this.#deps = deps;
    this.#base = new URL(deps.baseUrl);
    this.host = this.#base.host;
    this.isOnLoopback = isLoopbackHost(this.#base.hostname);
    this.#secrets.add(deps.apiKey);
    this.#pools = openPools(deps);
  }

  /**
   * Asks the API once; when asked to wait, up to three times more, half a minute later at most.
   *
   * @throws SyncError of scope `service` when FLORA cannot be reached or does not know the key; the signal's reason
   */
  async ask(call: Call, signal: AbortSignal): Promise<Said> {
    const key = call.key ?? this.#deps.token();
    for (let waits = 0; ; waits += 1) {
      const said = await this.#attempt('contract', this.host, signal, () => this.#call(call, key, signal));
      if ('silence' in said) return said;
      this.answers.push(said);
      this.#secrets.addFrom(said.json);
      if (said.status === 401) throw errorFromAnswer('contract', said, this.#deps.nowMs());
      if (said.status !== 429 || waits === mostWaits) return said;
      const waitMs = readRetryAfter(said.retryAfter, this.#deps.nowMs());
      await this.#deps.sleep(Math.min(waitMs, longestWaitMs), signal);
      signal.throwIfAborted();
    }
  }

  /** Sends the bytes to a target, without the key: it is another host. */
  async send(
    target: Target,
    file: { readonly name: string; readonly contentType: string; readonly bytes: Buffer },
    signal: AbortSignal,
  ): Promise<Plain | Silence> {
    const { name: fileName, contentType, bytes } = file;
    const frame =
      target.kind === 'form'
        ? frameMultipart(target.formFields, { field: target.fileField, fileName, contentType }, this.#deps.token())
        : { contentType, head: '', tail: '' };
    const body = Buffer.concat([Buffer.from(frame.head), bytes, Buffer.from(frame.tail)]);
    const headers = { 'content-type': frame.contentType, 'content-length': String(body.length) };
    const method = target.kind === 'form' ? 'POST' : 'PUT';
    return await this.#attempt('upload', 'The target', signal, () => {
      const url = checkUploadUrl(target.url, this.isOnLoopback);
      return this.#plain(this.#pools.uploads, url, { method, headers, body, signal });
    });
  }

  /** Gets what lies behind an asset's URL, without the key, following no redirect. */
  async fetch(address: string, signal: AbortSignal): Promise<Plain | Silence> {
    const headers = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': this.#deps.userAgent };
    return await this.#attempt('download', "The asset's host", signal, () => {
      const url = checkAssetUrl(address, this.isOnLoopback);
      return this.#plain(this.#pools.downloads, url, { method: 'GET', headers, body: null, signal });
    });
  }

  hide(text: string): string {
    return this.#secrets.hide(text);
  }

  async close(): Promise<void> {
    await this.#pools.close();
  }

  async #call({ method, path, body }: Call, key: string, signal: AbortSignal): Promise<JsonAnswer> {
    const { apiKey, userAgent, setTimer } = this.#deps;
    const { origin, pathname } = this.#base;
    const headers: Record<string, string> = {
      authorization: `Bearer ${apiKey}`,
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': userAgent,
      ...(method === 'POST' ? { 'idempotency-key': key } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    return await requestJson(this.#pools.api, {
      origin,
      path: `${pathname === '/' ? '' : pathname}${path}`,
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal,
      setTimer,
      maxBodyBytes: mostAnswerBytes,
    });
  }

  async #plain(
    pool: Dispatcher,
    url: URL,
    wanted: Pick<ExchangeRequest, 'method' | 'headers' | 'body' | 'signal'>,
  ): Promise<Plain> {
    const { setTimer } = this.#deps;
    const place = { origin: url.origin, path: url.pathname + url.search };
    const request = { ...place, ...wanted, setTimer, wants: 'body', maxBodyBytes: mostPlainBytes } as const;
    const answer = await new Exchange(request).send(pool);
    const isPage = /^text\/html\b/i.test(headerOf(answer, 'content-type') ?? '');
    return { status: answer.status, isPage, body: answer.body };
  }

  /** What was answered, or that nothing was; what affects the service as a whole ends it all. */
  async #attempt<T>(op: string, host: string, signal: AbortSignal, work: () => Promise<T>): Promise<T | Silence> {
    try {
      const value = await work();
      this.#silences = 0;
      return value;
    } catch (error) {
      if (signal.aborted) throw error;
      const known = networkError(op, host, error);
      if (!(known instanceof SyncError)) throw known;
      this.#silences += 1;
      if (op !== 'contract') return { silence: known.message };
      if (known.scope === 'service') throw known;
      if (this.#silences < mostSilences) return { silence: known.message };
      const details = { code: 'no_answer', op, cause: known } as const;
      throw new SyncError(
        `${host} did not answer ${mostSilences} times one after the other: ${known.message}`,
        details,
      );
    }
  }
}
