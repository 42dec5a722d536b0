import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface HostOptions {
  /** What all connections together are read at; null for as fast as they come. */
  readonly bytesPerMs: number | null;
  /** No more than this of each connection is read. */
  readonly mostBytes?: number;
  /** What is written once a whole request is there; null for nothing. */
  readonly answer?: string | null;
}

interface Connection {
  readBytes: number;
  readonly look: (chunk: Buffer) => void;
}

export const noContent = 'HTTP/1.1 204 No Content\r\n\r\n';
const tickMs = 20;

/**
 * An upload host on a slow line, as the kernel sees one: it takes bytes out of its sockets at a rate, all connections in their
 * turn, and answers when a request is whole. What it has not taken stays in the kernel's buffers, its own and the sender's.
 */
export async function slowHost(
  t: TestContext,
  { bytesPerMs, mostBytes = Number.POSITIVE_INFINITY, answer = noContent }: HostOptions,
  listen: (onConnection: (socket: Socket) => void) => Server = createServer,
) {
  let opened = 0;
  const connections = new Map<Socket, Connection>();
  const server = listen((socket) => {
    opened += 1;
    const look = requestReader(() => answer !== null && socket.write(answer));
    connections.set(socket, { readBytes: 0, look });
    // A listener for `readable`, and no other, makes Node read no more than its small buffer by itself.
    socket.on('readable', () => {});
    socket.on('error', () => {});
    socket.on('close', () => connections.delete(socket));
  });
  let lastMs = performance.now();
  const takeTurns = () => {
    const open = [...connections];
    const nowMs = performance.now();
    const budget = bytesPerMs === null ? Number.POSITIVE_INFINITY : bytesPerMs * (nowMs - lastMs);
    const share = Math.ceil(budget / open.length);
    lastMs = nowMs;
    for (const [socket, connection] of open) {
      const wanted = Math.min(share, mostBytes - connection.readBytes, socket.readableLength);
      const chunk: Buffer | null = wanted > 0 ? socket.read(wanted) : null;
      if (chunk === null) continue;
      connection.readBytes += chunk.length;
      connection.look(chunk);
    }
  };
  const timer = setInterval(takeTurns, tickMs);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    clearInterval(timer);
    for (const socket of connections.keys()) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, connections, opened: () => opened };
}

/** Calls back at the end of each request with a Content-Length. */
function requestReader(onWhole: () => void): (chunk: Buffer) => void {
  let head = '';
  let missing: number | null = null;
  return (chunk) => {
    let rest = chunk;
    if (missing === null) {
      head += rest.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      missing = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      rest = Buffer.from(head.slice(end + 4), 'latin1');
    }
    missing -= rest.length;
    if (missing > 0) return;
    head = '';
    missing = null;
    onWhole();
  };
}
