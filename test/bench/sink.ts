// The other end of the benchmarks, in a process of its own: speaks the calls of FLORA that one upload takes, counts, and keeps
// nothing. The emulator checks and stores, and would be the slowest part of every run.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the sink has seen since it was last asked to forget. Times are `performance.now()` of its process. */
export interface SinkCounts {
  readonly created: number;
  readonly uploaded: number;
  readonly completed: number;
  readonly listed: number;
  readonly bytes: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Wall clock of each `complete`, when asked to note them. */
  readonly completedAtMs: readonly number[];
}

export type SinkRequest =
  | { readonly type: 'counts' }
  | { readonly type: 'reset'; readonly notesTimes?: boolean }
  | { readonly type: 'down'; readonly isDown: boolean }
  /** From now on the listing has that many assets, which are called `asset_<number>`. */
  | { readonly type: 'list'; readonly assets: number; readonly sizeBytes: number };

let isDown = false;
let notesTimes = false;
let listedAssets = 0;
let listedBytes = 0;
let ids = 0;
const zero = { created: 0, uploaded: 0, completed: 0, listed: 0, bytes: 0, firstMs: 0, lastMs: 0 };
let counts = { ...zero, completedAtMs: [] as number[] };
let origin = '';

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  if (isDown) {
    request.resume();
    request.on('end', () => answer(response, 503, '{"error":{"code":"service_unavailable","message":"down"}}'));
    return;
  }
  if (counts.firstMs === 0 && isSending(request)) counts.firstMs = performance.now();
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on('end', () => serve(request, response, bytes));
});

function isSending({ method }: IncomingMessage): boolean {
  return method === 'POST' || method === 'PUT';
}

function serve(request: IncomingMessage, response: ServerResponse, bytes: number): void {
  const url = request.url ?? '';
  if (isSending(request)) counts.lastMs = performance.now();
  if (request.method === 'PUT') {
    counts.uploaded += 1;
    counts.bytes += bytes;
    response.writeHead(200, { etag: '"0"', 'content-length': 0 }).end();
    return;
  }
  if (request.method === 'POST') {
    if (url === '/api/v1/assets') {
      reserve(response);
      return;
    }
    if (url.startsWith('/u/')) {
      counts.uploaded += 1;
      counts.bytes += bytes;
      response.writeHead(204).end();
      return;
    }
    counts.completed += 1;
    if (notesTimes) counts.completedAtMs.push(Date.now());
    answer(response, 200, asset(url.slice('/api/v1/assets/'.length, -'/complete'.length)));
    return;
  }
  if (url.startsWith('/api/v1/assets?')) list(response, new URLSearchParams(url.slice(url.indexOf('?'))));
  else if (url === '/api/v1/workspaces') answer(response, 200, '{"workspaces":[],"meta":{"next_cursor":null}}');
  else answer(response, 200, asset(url.slice('/api/v1/assets/'.length)));
}

function reserve(response: ServerResponse): void {
  counts.created += 1;
  ids += 1;
  const id = `new_${ids}`;
  const upload = `{"url":"${origin}/u/${id}","method":"POST","content_type":"multipart/form-data","file_field":"file","form_fields":{"key":"${id}","policy":"p","signature":"s"}}`;
  answer(
    response,
    201,
    `{"asset_id":"${id}","status":"pending_upload","uploaded_via":"signed_url","url":"${origin}/f/${id}","visibility":"workspace","workspace_id":"ws_bench","expires_at":"2099-01-01T00:00:00.000Z","upload":${upload},"upload_url":"${origin}/u/${id}"}`,
  );
}

function asset(id: string): string {
  return `{"asset_id":"${id}","status":"ready","url":"${origin}/f/${id}","visibility":"workspace","workspace_id":"ws_bench"}`;
}

function list(response: ServerResponse, query: URLSearchParams): void {
  const limit = Number(query.get('limit') ?? '20');
  const offset = Number(query.get('cursor') ?? '0');
  const items: string[] = [];
  for (let at = offset; at < Math.min(listedAssets, offset + limit); at += 1) {
    const id = `asset_${at}`;
    items.push(
      `{"asset_id":"${id}","name":"${id}.png","status":"ready","content_type":"image/png","upload_content_type":"image/png","uploaded_via":"signed_url","size_bytes":${listedBytes},"width":16,"height":16,"created_at":${1_700_000_000_000 - at * 1_000},"url":"${origin}/f/${id}","workspace_id":"ws_bench"}`,
    );
  }
  counts.listed += items.length;
  const next = offset + limit < listedAssets ? `"${offset + limit}"` : 'null';
  answer(
    response,
    200,
    `{"assets":[${items.join(',')}],"meta":{"next_cursor":${next},"total_estimate":${listedAssets}}}`,
  );
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

process.on('message', (message: SinkRequest) => {
  if (message.type === 'reset') {
    counts = { ...zero, completedAtMs: [] };
    notesTimes = message.notesTimes === true;
  } else if (message.type === 'down') isDown = message.isDown;
  else if (message.type === 'list') {
    listedAssets = message.assets;
    listedBytes = message.sizeBytes;
  }
  process.send?.(counts);
});
process.on('disconnect', () => process.exit(0));
server.listen(0, '127.0.0.1', () => {
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.send?.(origin);
});
