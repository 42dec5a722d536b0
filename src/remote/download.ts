import { createHash } from 'node:crypto';
import { pipeline, type Readable } from 'node:stream';
import { type Dispatcher, errors, request } from 'undici';
import { onAbort } from '../core/on-abort.ts';
import { SyncError } from '../errors.ts';
import { readRetryAfter } from './answer-errors.ts';
import { codingsOf, decodingStreams } from './content-encoding.ts';
import { deadlines, headerOf, type SetTimer } from './exchange.ts';
import { networkError, WireError } from './network-error.ts';

/** What lies behind an asset's URL. */
export interface FetchedDigest {
  /** Lower-case hex. */
  readonly sha256: string;
  /** One more than was asked for stands for any number beyond. */
  readonly sizeBytes: number;
}

interface DownloadRequest {
  readonly url: URL;
  readonly mostBytes: number;
  readonly signal: AbortSignal;
}

interface DownloadDeps {
  readonly dispatcher: Dispatcher;
  readonly nowMs: () => number;
  readonly setTimer: SetTimer;
  readonly userAgent: string;
}

/** What must have come within `deadlines.stallMs` to count as progress: a body that drips would hold us for days. */
const leastProgressBytes = 64 * 1024;

/**
 * Reads the bytes behind the URL, never further than one byte beyond `mostBytes`, and digests them. The request carries no
 * key, whatever the host, and no redirect is followed. However long it takes is fine, as long as it gets on.
 *
 * Only a whole 200 has a digest: of what is left when a content-encoding is undone that nobody asked for. That another host
 * than FLORA's is in trouble says nothing of FLORA: every error is about this one file.
 *
 * @throws SyncError of scope `file`: with `retry` `server_error`, `url_rate_limited` (with `retryAfterMs`), `url_redirected`
 *   (a captive portal does that too), `stalled`, `unreachable`, `connection_lost` (also for a body that was cut); with
 *   `check` `url_unreadable`, whose `status` says whether the bytes are not there, not for us, or not as they are.
 */
export async function fetchDigest(deps: DownloadDeps, wanted: DownloadRequest): Promise<FetchedDigest> {
  const { url, mostBytes, signal } = wanted;
  const cut = new AbortController();
  const off = onAbort(signal, () => cut.abort(signal.reason));
  const watch = new ProgressWatch(deps.setTimer, () => cut.abort(stalledError(url.host)));
  try {
    const response = await request(originalOf(url), {
      dispatcher: deps.dispatcher,
      headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': deps.userAgent },
      signal: cut.signal,
      headersTimeout: deadlines.firstByteMs,
      bodyTimeout: deadlines.bodyMs,
    });
    watch.start();
    const refusal = unreadable(response, deps.nowMs());
    if (refusal === null) return await digestOf(response, mostBytes, watch);
    await response.body.dump();
    throw refusal;
  } catch (error) {
    throw downloadError(url.host, isOurs(error, cut.signal) ? error : new WireError(error));
  } finally {
    watch.stop();
    off();
  }
}

/** ImageKit, and nobody else, makes other bytes of what it delivers unless it is asked for the original. */
function originalOf(url: URL): URL {
  if (url.hostname !== 'ik.imagekit.io') return url;
  const original = new URL(url);
  original.searchParams.set('tr', 'orig-true');
  return original;
}

type Response = Awaited<ReturnType<typeof request>>;

/** What is ours: why we cut it, what we throw, and what undici says of its arguments. All else came off the wire. */
function isOurs(error: unknown, signal: AbortSignal): boolean {
  if (error instanceof SyncError || error instanceof errors.InvalidArgumentError) return true;
  return signal.aborted && error === signal.reason;
}

/** Of the bytes as they lie there: what stands between may have encoded them. None of ours is encoded itself. */
async function digestOf({ headers, body }: Response, mostBytes: number, watch: ProgressWatch): Promise<FetchedDigest> {
  const steps = decodingStreams(codingsOf(headerOf({ headers }, 'content-encoding')) ?? []);
  let lost: unknown;
  body.once('error', (error) => {
    lost = error;
  });
  // What fails is thrown by the last of them, which is read to its end.
  const bytes = steps.reduce<Readable>((from, step) => pipeline(from, step, () => {}), body);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  try {
    for await (const chunk of bytes) {
      const wanted: Buffer = chunk.subarray(0, mostBytes + 1 - sizeBytes);
      hash.update(wanted);
      sizeBytes += wanted.length;
      // Leaving the loop destroys the body and its connection.
      if (sizeBytes > mostBytes) break;
      watch.came(wanted.length);
    }
  } catch (error) {
    // The body came as it should, and is not what it says.
    if (steps.length > 0 && error !== lost) throw undecodable();
    throw error;
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

/** Why the answer's body is not the asset's bytes as they are; null when it is. */
function unreadable(response: Response, nowMs: number): SyncError | null {
  const status = response.statusCode;
  const message = `The asset's URL answered ${status}`;
  const common = { op: 'download', status };
  if (status === 200) {
    if (codingsOf(headerOf(response, 'content-encoding')) !== null) return null;
    return undecodable();
  }
  if (status === 429) {
    const retryAfterMs = readRetryAfter(headerOf(response, 'retry-after'), nowMs);
    return new SyncError(message, { ...common, code: 'url_rate_limited', retryAfterMs });
  }
  if (status >= 500 || status === 408 || status === 425) {
    return new SyncError(message, { ...common, code: 'server_error' });
  }
  if (status >= 300 && status < 400) {
    const details = { ...common, code: 'url_redirected' } as const;
    return new SyncError(`${message}, and redirects are not followed`, details);
  }
  return new SyncError(message, { ...common, code: 'url_unreadable' });
}

function undecodable(): SyncError {
  return new SyncError("The asset's URL answered in a content-encoding that cannot be undone", {
    code: 'url_unreadable',
    op: 'download',
    status: 200,
  });
}

/** Runs out unless enough bytes come in time, again and again. */
class ProgressWatch {
  readonly #setTimer: SetTimer;
  readonly #onStall: () => void;
  #timer: { cancel(): void } | undefined;
  #sinceBytes = 0;

  constructor(setTimer: SetTimer, onStall: () => void) {
    this.#setTimer = setTimer;
    this.#onStall = onStall;
  }

  start(): void {
    this.stop();
    this.#sinceBytes = 0;
    this.#timer = this.#setTimer(deadlines.stallMs, this.#onStall);
  }

  came(bytes: number): void {
    this.#sinceBytes += bytes;
    if (this.#sinceBytes >= leastProgressBytes) this.start();
  }

  stop(): void {
    this.#timer?.cancel();
  }
}

function stalledError(host: string): SyncError {
  return new SyncError(
    `Less than ${leastProgressBytes / 1024} KiB came from ${host} in ${deadlines.stallMs / 1000} s`,
    {
      code: 'stalled',
      op: 'download',
    },
  );
}

const unreachableHint =
  'Assets lie on another host than the API: see that this machine may reach it (firewall, HTTPS_PROXY, NODE_EXTRA_CA_CERTS).';

/** Nothing was changed by a GET, so that there is nothing to check: it may be made again. */
function downloadError(host: string, error: unknown): unknown {
  const known = networkError('download', host, error);
  if (known === error || !(known instanceof SyncError)) return known;
  return new SyncError(known.message, {
    code: known.code,
    scope: 'file',
    disposition: 'retry',
    op: 'download',
    hint: known.code === 'unreachable' ? unreachableHint : undefined,
    cause: known.cause,
  });
}
