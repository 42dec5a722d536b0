// A FLORA with a rate limit, in a process of its own: answers API calls after a moment, takes uploads at once on another port, and
// counts by client and second. The limit's arithmetic is the emulator's; its checks and its store would be too slow.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLimiter, type Limit } from '../../src/emulator/limit.ts';

export interface LimitedOptions {
  readonly limit: Limit;
  /** From a call's arrival to its answer. */
  readonly latencyMs: number;
  /** How long a target takes bytes. */
  readonly targetLifeMs: number;
}

/** By second since the first call. */
export interface Counts {
  readonly granted: readonly number[];
  readonly refused: readonly number[];
  /** Assets that became ready. */
  readonly ready: readonly number[];
}

export interface LimitedReport {
  /** 0 before the first call. */
  readonly seconds: number;
  /** By the key that they come with. */
  readonly clients: Readonly<Record<string, Counts>>;
  readonly expiredUploads: number;
}

interface Asset {
  expiresAtMs: number;
  hasBytes: boolean;
  isReady: boolean;
}

type Said = readonly [status: number, value: object];

const limiter = createLimiter();
const assets = new Map<string, Asset>();
const clients = new Map<string, { granted: number[]; refused: number[]; ready: number[] }>();
let options: LimitedOptions = {
  limit: { kind: 'fixed', calls: 1, windowMs: 1, burst: 1, retryAfter: 'none' },
  latencyMs: 0,
  targetLifeMs: 0,
};
let firstMs = 0;
let expiredUploads = 0;
let storage = '';

const api = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const nowMs = performance.now();
  if (firstMs === 0) firstMs = nowMs;
  const key = request.headers.authorization?.replace('Bearer ', '') ?? '';
  const counts = countsOf(key);
  const second = Math.floor((nowMs - firstMs) / 1_000);
  const admission = limiter.enter(Date.now());
  count(admission.isGranted ? counts.granted : counts.refused, second);
  request.resume().on('end', () => {
    setTimeout(() => {
      if (admission.isGranted) {
        const onReady = () => count(counts.ready, Math.floor((performance.now() - firstMs) / 1_000));
        answer(response, ...serve(request, onReady));
        admission.leave();
        return;
      }
      const { retryAfterSec } = admission;
      const headers = retryAfterSec === undefined ? {} : { 'retry-after': String(retryAfterSec) };
      answer(response, 429, { error: { code: 'rate_limited', message: 'Too many requests.' } }, headers);
    }, options.latencyMs);
  });
});

function serve({ method, url = '' }: IncomingMessage, onReady: () => void): Said {
  const { pathname } = new URL(url, 'http://flora');
  const [, id = '', step = ''] = /^\/api\/v1\/assets\/([^/]+)\/?(\w*)$/.exec(pathname) ?? [];
  const asset = assets.get(id);
  if (pathname.endsWith('/workspaces')) return [200, workspaces];
  if (pathname.endsWith('/assets') && method === 'GET') return [200, noAssets];
  if (pathname.endsWith('/assets')) {
    const made = `asset_${assets.size}`;
    assets.set(made, { expiresAtMs: Date.now() + options.targetLifeMs, hasBytes: false, isReady: false });
    return [201, reservation(made)];
  }
  if (asset === undefined) return [404, refusal('not_found')];
  if (step === 'retry') {
    if (asset.hasBytes || asset.expiresAtMs > Date.now()) return [409, refusal('conflict')];
    asset.expiresAtMs = Date.now() + options.targetLifeMs;
    return [200, reservation(id)];
  }
  if (step === 'complete') {
    if (!asset.hasBytes) return [409, refusal('conflict')];
    if (!asset.isReady) onReady();
    asset.isReady = true;
  }
  return [200, facts(id)];
}

const workspaces = { workspaces: [{ workspace_id: 'ws_bench', name: 'Bench' }], meta: { next_cursor: null } };
const noAssets = { assets: [], meta: { next_cursor: null, total_estimate: 0 } };

function refusal(code: string): object {
  return { error: { code, message: code } };
}

function facts(id: string): object {
  const status = assets.get(id)?.isReady === true ? 'ready' : 'pending_upload';
  return { asset_id: id, status, url: `${storage}/f/${id}`, visibility: 'workspace', workspace_id: 'ws_bench' };
}

function reservation(id: string): object {
  const upload = {
    ...{ url: `${storage}/u/${id}`, method: 'POST', content_type: 'multipart/form-data', file_field: 'file' },
    form_fields: { key: id },
  };
  const expiresAt = new Date(assets.get(id)?.expiresAtMs ?? 0).toISOString();
  return { ...facts(id), uploaded_via: 'signed_url', expires_at: expiresAt, upload, upload_url: upload.url };
}

function answer(
  response: ServerResponse,
  status: number,
  value: object,
  headers: Readonly<Record<string, string>> = {},
) {
  const body = JSON.stringify(value);
  const length = Buffer.byteLength(body);
  const named = { 'content-type': 'application/json', 'request-id': 'req_bench', 'content-length': length };
  response.writeHead(status, { ...named, ...headers }).end(body);
}

const uploads = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const asset = assets.get((request.url ?? '').slice('/u/'.length));
  request.resume().on('end', () => {
    if (asset !== undefined && request.method === 'POST' && asset.expiresAtMs > Date.now()) {
      asset.hasBytes = true;
      response.writeHead(204).end();
      return;
    }
    if (asset !== undefined) expiredUploads += 1;
    response.writeHead(asset === undefined ? 404 : 403, { 'content-length': 0 }).end();
  });
});

function countsOf(key: string) {
  const known = clients.get(key) ?? { granted: [], refused: [], ready: [] };
  clients.set(key, known);
  return known;
}

function count(seconds: number[], second: number): void {
  while (seconds.length <= second) seconds.push(0);
  seconds[second] = (seconds[second] ?? 0) + 1;
}

process.on('message', (message: LimitedOptions | 'report') => {
  if (message !== 'report') {
    options = message;
    limiter.set(message.limit);
  }
  const seconds = firstMs === 0 ? 0 : (performance.now() - firstMs) / 1_000;
  const report: LimitedReport = { seconds, clients: Object.fromEntries(clients), expiredUploads };
  process.send?.(report);
});
process.on('disconnect', () => process.exit(0));
api.listen(0, '127.0.0.1', () => {
  uploads.listen(0, '127.0.0.1', () => {
    storage = `http://127.0.0.1:${(uploads.address() as AddressInfo).port}`;
    process.send?.(`http://127.0.0.1:${(api.address() as AddressInfo).port}`);
  });
});
