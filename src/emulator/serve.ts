// The one place with sockets: takes a request to its handler, lets a fault interfere, and writes the answer.
//
// What each fault kind does (effect `before` unless said otherwise; `status`, `html` and `hang` also know `after`):
// status, rate-limit: an error answer · html: a captive portal's 200 · hang: no answer until the client or `close` ends it ·
// delay: waits, before the effect or before the answer · drop-before: the socket dies before the effect (on uploads after
// `afterBytes` of the body) · drop-after: after it · cut-body: the effect, then headers and half of the body · expire: the
// reservation in the path has expired (for create: the one just made) · raw: `bytes` in place of an answer, then the `end` ·
// cut: the effect, then the answer up to `atByte` · drip: the effect, then the answer in `pieces`, `delayMs` apart.
// On `upload` alone: early-answer: `status` before the body was read, then the `end`.
// On `list` alone: repeat-cursor: the page's next cursor is the one it was asked by (a first page keeps its own) · endless:
// after the last item the first ones come again, always with a new cursor · odd-items: an item without an id, one of nulls and
// unknown members, the first one twice, and one that is no object.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Answer,
  ApiFailure,
  codeForStatus,
  failureAnswer,
  StorageFailure,
  signInPage,
  xmlAnswer,
} from './answer.ts';
import { Disconnected, type EmulatorContext, type Exchange } from './exchange.ts';
import { type Fault, type Faults, pageFaultOf } from './faults.ts';
import type { Journal, JournalEntry } from './journal.ts';
import type { Limiter } from './limit.ts';
import { findRoute, type Route } from './routes.ts';
import { send, sendEarly, sendRaw } from './sending.ts';
import { newRequestId } from './token.ts';

export interface ServeDeps {
  readonly context: EmulatorContext;
  readonly faults: Faults;
  readonly journal: Journal;
  /** The workspace's rate limit. It comes before the faults: they hit what it lets through. */
  readonly limiter: Limiter;
  /** Aborted when the emulator closes. */
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

export async function serve(deps: ServeDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { context } = deps;
  const method = request.method ?? '';
  const url = new URL(request.url ?? '/', 'http://emulator');
  const route = findRoute(method, url.pathname);
  const admission = route.host === 'api' ? deps.limiter.enter(context.clock()) : undefined;
  const fault = admission?.isGranted === false ? undefined : deps.faults.take(method, route.name);
  const contentLength = request.headers['content-length'];
  const entry = deps.journal.open({
    time: context.clock(),
    method,
    route: route.name,
    path: route.name === 'upload' ? '/upload/…' : url.pathname + url.search,
    idempotency_key: headerText(request.headers['idempotency-key']),
    content_length: contentLength === undefined ? null : Number(contentLength),
    authorization: request.headers.authorization !== undefined,
  });
  entry.fault = admission?.isGranted === false ? 'limit' : (fault?.kind ?? null);
  entry.asset_id = assetIdOf(context, route);
  if (route.host === 'api') entry.request_id = newRequestId();

  try {
    if (fault?.kind === 'raw' || fault?.kind === 'early-answer') {
      await answerInstead(deps, request, response, route, fault);
      if (fault.kind === 'early-answer') entry.status = fault.status;
      return;
    }
    const answer =
      admission?.isGranted === false
        ? refusal(context, route, 429, codeForStatus(429), 'Too many requests.', retryAfter(admission.retryAfterSec))
        : await answerUnder(deps, request, url, route, entry, fault);
    entry.status = answer.status;
    // Whoever puts its own page in front of FLORA does not sign it as FLORA does.
    const isPortal = fault?.kind === 'html' && answer.headers['content-type']?.startsWith('text/html') === true;
    await send(response, answer, isPortal ? null : entry.request_id, fault, (ms) => wait(deps, request, ms));
    // What is left of a body that was refused half-way: read and thrown away, so that the client gets to read the answer.
    request.resume();
  } catch (error) {
    if (!(error instanceof Disconnected) && !isConnectionLoss(request, error)) throw error;
    response.destroy();
  } finally {
    if (admission?.isGranted === true) admission.leave();
    const { status, asset_id, request_id } = entry;
    deps.log(
      [method, entry.path, status ?? '-', asset_id ?? '-', request_id ?? '-', entry.fault ?? ''].join(' ').trimEnd(),
    );
  }
}

/** No handler sees the request, and of its body nothing is read. */
async function answerInstead(
  deps: ServeDeps,
  request: IncomingMessage,
  response: ServerResponse,
  route: Route,
  fault: Fault,
): Promise<void> {
  await wait(deps, request, fault.delayMs);
  if (fault.kind === 'raw') return sendRaw(response, Buffer.from(fault.bytes, 'latin1'), fault.end);
  const { status, code = codeForStatus(status) } = fault;
  await sendEarly(response, refusal(deps.context, route, status, code, 'Before the body was read.', {}), fault);
}

async function answerUnder(
  deps: ServeDeps,
  request: IncomingMessage,
  url: URL,
  route: Route,
  entry: JournalEntry,
  fault: Fault | undefined,
): Promise<Answer> {
  const { context } = deps;
  const isAfter = fault?.effect === 'after';
  const replacement = fault === undefined ? undefined : faultAnswer(context, fault, route);
  if (fault !== undefined && fault.kind !== 'delay' && fault.kind !== 'drip') await wait(deps, request, fault.delayMs);
  if (fault?.kind === 'hang' && !isAfter) await hang(deps, request);
  if (fault?.kind === 'drop-before' && route.name !== 'upload') throw new Disconnected();
  if (replacement !== undefined && !isAfter && !fault?.remember) return replacement;
  if (fault?.kind === 'expire' && entry.asset_id !== null) expire(context, entry.asset_id);

  let isDelayed = fault?.kind === 'delay' && !isAfter;
  const exchange: Exchange = {
    request,
    url,
    subject: route.subject,
    entry,
    chunks: () => readChunks(request, fault?.kind === 'drop-before' ? fault.afterBytes : undefined),
    beforeEffect: async () => {
      const delayMs = isDelayed ? (fault?.delayMs ?? 0) : 0;
      isDelayed = false;
      await wait(deps, request, delayMs);
    },
    insteadOfEffect: fault?.remember && !isAfter ? replacement : undefined,
    pageFault: pageFaultOf(fault),
  };
  // Calls without an effect of their own wait here; POSTs and uploads wait between their checks and their effect.
  if (request.method === 'GET' || request.method === 'HEAD') await exchange.beforeEffect();
  const answer = await answerOf(deps, route, exchange);
  // A refusal or a replay had no effect to wait before.
  await exchange.beforeEffect();

  if (fault?.kind === 'expire' && route.name === 'create' && entry.asset_id !== null) expire(context, entry.asset_id);
  if (fault?.kind === 'delay' && isAfter) await wait(deps, request, fault.delayMs);
  if (fault?.kind === 'hang') await hang(deps, request);
  if (fault?.kind === 'drop-after') throw new Disconnected();
  return isAfter && replacement !== undefined ? replacement : answer;
}

/** The handler's answer, its refusals in the host's own format, and 500 (with a log line) for what it did not foresee. */
async function answerOf(deps: ServeDeps, route: Route, exchange: Exchange): Promise<Answer> {
  try {
    return await route.handle(deps.context, exchange);
  } catch (error) {
    if (error instanceof ApiFailure) return failureAnswer(error, deps.context.settings.errorForm);
    if (error instanceof StorageFailure) return xmlAnswer(error);
    if (error instanceof Disconnected || isConnectionLoss(exchange.request, error)) throw error;
    deps.log(`unexpected error in ${route.name}: ${error instanceof Error ? error.stack : String(error)}`);
    return refusal(deps.context, route, 500, 'internal_error', 'The emulator failed.', {});
  }
}

function faultAnswer(context: EmulatorContext, fault: Fault, route: Route): Answer | undefined {
  if (fault.kind === 'html') return signInPage('the network');
  if (fault.kind !== 'status' && fault.kind !== 'rate-limit') return undefined;
  const code = fault.code ?? codeForStatus(fault.status);
  return refusal(context, route, fault.status, code, 'A fault on request.', retryAfter(fault.retryAfterSec));
}

function retryAfter(seconds: number | undefined): Readonly<Record<string, string>> {
  return seconds === undefined ? {} : { 'retry-after': String(seconds) };
}

function refusal(
  context: EmulatorContext,
  route: Route,
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>>,
): Answer {
  return route.host === 'api'
    ? failureAnswer(new ApiFailure(status, code, message), context.settings.errorForm, headers)
    : xmlAnswer(new StorageFailure(status, code, message), headers);
}

async function* readChunks(request: IncomingMessage, dropAfterBytes: number | undefined): AsyncGenerator<Buffer> {
  let sizeBytes = 0;
  // Left undestroyed on an early refusal: the answer still has to get out on this socket.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes: Buffer = chunk;
    sizeBytes += bytes.length;
    if (dropAfterBytes !== undefined && sizeBytes > dropAfterBytes) throw new Disconnected();
    yield bytes;
  }
  // The body was shorter than that: dropped all the same.
  if (dropAfterBytes !== undefined) throw new Disconnected();
}

function expire(context: EmulatorContext, assetId: string): void {
  const asset = context.store.byId(assetId);
  if (asset !== undefined) context.store.save({ ...asset, expires_at: context.clock() });
}

function assetIdOf(context: EmulatorContext, route: Route): string | null {
  if (route.subject === '') return null;
  return route.name === 'upload' ? (context.store.byToken(route.subject)?.asset_id ?? null) : route.subject;
}

/** Waits, but no longer than the client or the emulator does. */
async function wait(deps: ServeDeps, request: IncomingMessage, delayMs: number): Promise<void> {
  if (delayMs === 0) return;
  if (request.socket.destroyed) throw new Disconnected();
  const gone = new AbortController();
  const leave = () => gone.abort();
  request.socket.once('close', leave);
  try {
    await sleep(delayMs, undefined, { signal: AbortSignal.any([deps.signal, gone.signal]) });
  } catch {
    throw new Disconnected();
  } finally {
    request.socket.off('close', leave);
  }
}

function hang(deps: ServeDeps, request: IncomingMessage): Promise<void> {
  return wait(deps, request, 2 ** 31 - 1);
}

function isConnectionLoss(request: IncomingMessage, error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return request.destroyed && ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(String(error.code));
}

function headerText(value: string | readonly string[] | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
