import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Cleanup } from './process.ts';

export type Place = 'workspaces' | 'list' | 'reserve' | 'complete' | 'get' | 'upload' | 'download' | 'other';

export interface Relay {
  readonly origin: string;
  /** How often each place was asked. */
  readonly asked: Map<Place, number>;
}

/**
 * Stands between a process and FLORA, for uploads and downloads too, and answers with bytes of its own where `noiseAt` has
 * some: then the connection ends there.
 *
 * @param floraOrigin where the answers come from otherwise; asked at each request, for FLORA may come later
 */
export async function noisyRelay(
  t: Cleanup,
  floraOrigin: () => string,
  noiseAt: (place: Place, nth: number) => string | null,
): Promise<Relay> {
  const asked = new Map<Place, number>();
  let origin = '';
  const server = createServer((incoming, response) => {
    const place = placeOf(incoming.method ?? '', incoming.url ?? '');
    const nth = (asked.get(place) ?? 0) + 1;
    asked.set(place, nth);
    const noise = noiseAt(place, nth);
    if (noise === null) forward(incoming, response, floraOrigin(), origin);
    else incoming.on('end', () => incoming.socket.end(noise)).resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin, asked };
}

function placeOf(method: string, url: string): Place {
  const { pathname } = new URL(url, 'http://relay');
  const path = pathname.replace(/^\/api\/v1/, '');
  if (path === pathname) return method === 'GET' ? 'download' : 'upload';
  if (path === '/workspaces') return 'workspaces';
  if (path === '/assets') return method === 'GET' ? 'list' : 'reserve';
  if (method === 'GET') return 'get';
  return path.endsWith('/complete') ? 'complete' : 'other';
}

/** Hands the request on, and its answer back, in which FLORA's address becomes ours. */
function forward(incoming: IncomingMessage, response: ServerResponse, from: string, to: string): void {
  const { method, headers, url = '' } = incoming;
  const onward = request(`${from}${url}`, { method, headers: { ...headers, connection: 'close' } }, (answer) => {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('end', () => {
      const body = Buffer.concat(chunks);
      const isJson = /json/.test(answer.headers['content-type'] ?? '');
      const told = isJson ? Buffer.from(body.toString().replaceAll(from, to)) : body;
      const { 'transfer-encoding': _, connection: __, ...others } = answer.headers;
      response.writeHead(answer.statusCode ?? 500, { ...others, 'content-length': told.length }).end(told);
    });
    answer.on('error', () => response.destroy());
  });
  onward.on('error', () => response.destroy());
  incoming.pipe(onward);
}
