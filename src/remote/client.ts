import type { Dispatcher } from 'undici';
import type { UploadTarget } from '../core/content.ts';
import type { Destination } from '../core/entry.ts';
import type { AssetFacts, Reservation } from '../core/event.ts';
import { isLoopbackHost } from '../core/host.ts';
import { SyncError } from '../errors.ts';
import { checkAssetUrl, checkUploadUrl } from './addresses.ts';
import { badAnswer, errorFromAnswer, notUnderstood } from './answer-errors.ts';
import { type BodyForm, BodyForms } from './body-forms.ts';
import { type FetchedDigest, fetchDigest } from './download.ts';
import type { SetTimer } from './exchange.ts';
import { type JsonAnswer, requestJson } from './http.ts';
import { networkError } from './network-error.ts';
import { openPools, type Pools, type ProxySettings } from './pools.ts';
import { sendUpload } from './upload.ts';
import type { UploadSource } from './upload-body.ts';
import { type AssetPage, readAsset, readPage, readReservation, readWorkspaceIds } from './wire.ts';
import { type StrangeAnswer, WireWatch } from './wire-watch.ts';

/** What FLORA said, and the request-id by which their support finds it. */
interface Answer<T> {
  readonly value: T;
  readonly requestId: string | null;
}

export interface ClientOptions {
  /** Without a trailing slash. */
  readonly baseUrl: string;
  /** Asked for each request, so that a rotated key takes effect at once. */
  readonly apiKey: () => string;
  readonly concurrency: number;
  readonly userAgent: string;
  readonly nowMs: () => number;
  /** Milliseconds of a clock that never goes back; `nowMs` where there is none. */
  readonly monotonicMs?: () => number;
  readonly token: () => string;
  readonly setTimer: SetTimer;
  /** What `complete` and `retry` took as their body before; `json` where that is not known. */
  readonly bodyForm?: BodyForm | undefined;
  /** Told when that turns out, and when it changes. */
  readonly onBodyForm?: (form: BodyForm) => void;
  /** Proxies as the environment names them; null for none. Never used towards an API on loopback. */
  readonly proxy?: ProxySettings | null;
  /** Told of answers that are none, and of what else nobody foresaw about the wire. */
  readonly onStrange?: (strange: StrangeAnswer) => void;
  /** Injected by tests; otherwise a pool each for the API, for upload hosts and for those that serve assets. */
  readonly dispatcher?: Dispatcher;
}

interface ReserveRequest {
  readonly destination: Destination;
  readonly fileName: string;
  readonly contentType: string;
  readonly idempotencyKey: string;
}

interface SendRequest {
  readonly target: UploadTarget;
  readonly fileName: string;
  readonly contentType: string;
  readonly source: UploadSource;
  readonly onSent: (bytes: number) => void;
  /** How long the target can still be used, where that is known. It is only told: no upload is cut for it. */
  readonly livesForMs?: number | null;
}

interface ListQuery {
  readonly workspaceId: string;
  /** Only this project's assets; null for the whole workspace. */
  readonly projectId: string | null;
  /** Assets a page, 1 to 100. */
  readonly limit: number;
}

/** Generous for one asset, which is about 2 KB. */
const maxAnswerBytes = 1 << 20;
/** A page is at most 100 assets. */
const maxPageBytes = 8 << 20;

/**
 * FLORA's Assets API. Each method makes exactly one request and either returns what FLORA said or throws a SyncError that
 * says what is known of the effect. It never retries: the ledger does. The key goes to the API's origin only.
 */
export class FloraClient {
  readonly #options: ClientOptions;
  readonly #pools: Pools;
  readonly #host: string;
  readonly #origin: string;
  /** What stands in front of each path: `/api/v1`. */
  readonly #prefix: string;
  readonly #isApiOnLoopback: boolean;
  readonly #bodies: BodyForms;
  readonly #watch: WireWatch;

  constructor(options: ClientOptions) {
    this.#options = options;
    const { host, hostname, origin, pathname } = new URL(options.baseUrl);
    this.#host = host;
    this.#origin = origin;
    this.#prefix = pathname === '/' ? '' : pathname;
    this.#isApiOnLoopback = isLoopbackHost(hostname);
    this.#bodies = new BodyForms(options.bodyForm, options.onBodyForm);
    this.#pools = openPools(options);
    this.#watch = new WireWatch(options.onStrange ?? (() => {}));
  }

  async reserve(wanted: ReserveRequest, signal: AbortSignal): Promise<Answer<Reservation> & { isReplayed: boolean }> {
    const { workspaceId, folder, projectId } = wanted.destination;
    const body = {
      source: 'signed-url',
      workspace_id: workspaceId,
      content_type: wanted.contentType,
      file_name: wanted.fileName,
      ...(folder === null ? {} : { folder }),
      ...(projectId === null ? {} : { project_id: projectId }),
    };
    const askedMs = this.#options.nowMs();
    const answer = await this.#post('reserve', '/assets', wanted.idempotencyKey, signal, body);
    const value = this.#reservation('reserve', answer, askedMs);
    return { value, requestId: answer.requestId, isReplayed: answer.isReplayed };
  }

  /** Sends the bytes to the signed target, without our key: it is another host. */
  async upload(wanted: SendRequest, signal: AbortSignal): Promise<void> {
    const url = checkUploadUrl(wanted.target.url, this.#isApiOnLoopback);
    const { nowMs, monotonicMs = nowMs, token, setTimer } = this.#options;
    const deps = { dispatcher: this.#pools.uploads, nowMs, monotonicMs, token, setTimer };
    await this.#watch.over(url.host, sendUpload(deps, { ...wanted, url, signal }));
  }

  async complete(assetId: string, idempotencyKey: string, signal: AbortSignal): Promise<Answer<AssetFacts>> {
    const answer = await this.#step('complete', `${assetPath(assetId)}/complete`, idempotencyKey, signal);
    return { value: readAsset('complete', answer, assetId), requestId: answer.requestId };
  }

  async renew(assetId: string, idempotencyKey: string, signal: AbortSignal): Promise<Answer<Reservation>> {
    const askedMs = this.#options.nowMs();
    const answer = await this.#step('renew', `${assetPath(assetId)}/retry`, idempotencyKey, signal);
    return { value: this.#reservation('renew', answer, askedMs), requestId: answer.requestId };
  }

  async get(assetId: string, signal: AbortSignal): Promise<Answer<AssetFacts>> {
    const answer = await this.#get('check', assetPath(assetId), signal, maxAnswerBytes);
    return { value: readAsset('check', answer, assetId), requestId: answer.requestId };
  }

  /** One page of the workspace's assets, 100 at most. */
  async list(wanted: ListQuery, cursor: string | null, signal: AbortSignal): Promise<Answer<AssetPage>> {
    const query = new URLSearchParams({ workspace_id: wanted.workspaceId, limit: String(wanted.limit) });
    if (wanted.projectId !== null) query.set('project_id', wanted.projectId);
    if (cursor !== null) query.set('cursor', cursor);
    const answer = await this.#get('list', `/assets?${query}`, signal, maxPageBytes);
    return { value: readPage('list', answer, wanted.limit), requestId: answer.requestId };
  }

  /** The digest of the bytes behind an asset's URL (`download.ts`), fetched without our key: it is another host. */
  async fetchDigest(url: string, mostBytes: number, signal: AbortSignal): Promise<FetchedDigest> {
    const { nowMs, setTimer, userAgent } = this.#options;
    const deps = { dispatcher: this.#pools.downloads, nowMs, setTimer, userAgent };
    const checked = checkAssetUrl(url, this.#isApiOnLoopback);
    return await this.#watch.over(checked.host, fetchDigest(deps, { url: checked, mostBytes, signal }));
  }

  /** The workspaces that the key can see: a check of address and key that changes nothing. */
  async workspaceIds(signal: AbortSignal): Promise<Answer<readonly string[]>> {
    const answer = await this.#get('workspaces', '/workspaces', signal, maxAnswerBytes);
    return { value: readWorkspaceIds('workspaces', answer), requestId: answer.requestId };
  }

  async close(): Promise<void> {
    await this.#pools.close();
  }

  /** `complete` and `retry`: in the body that FLORA took last, or the other one where it refused that. */
  async #step(op: string, path: string, idempotencyKey: string, signal: AbortSignal): Promise<JsonAnswer> {
    const form = this.#bodies.next;
    try {
      const answer = await this.#post(op, path, idempotencyKey, signal, form === 'json' ? {} : undefined);
      this.#bodies.accepted(form);
      return answer;
    } catch (error) {
      throw this.#bodies.judge(form, error);
    }
  }

  /** A target that nothing may be sent to is no better than one that cannot be read: each further one would be the same. */
  #reservation(op: string, answer: JsonAnswer, askedMs: number): Reservation {
    const reservation = readReservation(op, answer, askedMs, this.#options.nowMs());
    if (reservation.target === null) return reservation;
    try {
      checkUploadUrl(reservation.target.url, this.#isApiOnLoopback);
      return reservation;
    } catch (error) {
      throw error instanceof SyncError ? notUnderstood(op, answer, `is of no use: ${error.message}`) : error;
    }
  }

  #post(op: string, path: string, idempotencyKey: string, signal: AbortSignal, body?: object): Promise<JsonAnswer> {
    const headers = this.#headers();
    headers['idempotency-key'] = idempotencyKey;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const text = body === undefined ? null : JSON.stringify(body);
    return this.#call(op, { method: 'POST', path, headers, body: text, signal, maxBodyBytes: maxAnswerBytes });
  }

  #get(op: string, path: string, signal: AbortSignal, maxBodyBytes: number): Promise<JsonAnswer> {
    return this.#call(op, { method: 'GET', path, headers: this.#headers(), body: null, signal, maxBodyBytes });
  }

  #headers(): Record<string, string> {
    const { apiKey, userAgent } = this.#options;
    return {
      authorization: `Bearer ${apiKey()}`,
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': userAgent,
    };
  }

  async #call(op: string, { path, method, headers, body, signal, maxBodyBytes }: ApiCall): Promise<JsonAnswer> {
    const { nowMs, setTimer, apiKey } = this.#options;
    const place = { origin: this.#origin, path: this.#prefix + path };
    const request = { ...place, method, headers, body, signal, maxBodyBytes, setTimer };
    const asking = requestJson(this.#pools.api, request).catch((error: unknown) => {
      throw networkError(op, this.#host, error);
    });
    const answer = await this.#watch.over(this.#host, asking);
    if (answer.status < 200 || answer.status >= 300) throw errorFromAnswer(op, answer, nowMs(), apiKey());
    if (answer.isCut) throw badAnswer(op, answer, 'is too long');
    if (answer.json === undefined) throw badAnswer(op, answer, 'is not JSON');
    return answer;
  }
}

interface ApiCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
  readonly signal: AbortSignal;
  readonly maxBodyBytes: number;
}

function assetPath(assetId: string): string {
  return `/assets/${encodeURIComponent(assetId)}`;
}
