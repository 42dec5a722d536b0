import { subscribe } from 'node:diagnostics_channel';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';

const waiting = new WeakMap<object, (socket: Socket) => void>();

// Undici names a request's socket nowhere else. Its documents: docs/api/DiagnosticsChannel.md.
subscribe('undici:client:sendHeaders', (message) => {
  // Where there is no body, null is no key.
  const { request, socket } = message as { request: { body: object }; socket: Socket };
  waiting.get(request.body)?.(socket);
  waiting.delete(request.body);
});

/**
 * Has `callback` called right before the first byte of the request with this body (a buffer that is not empty, or a stream)
 * goes out, with the connection that it goes out on: also through a proxy. Never with a dispatcher that has no sockets.
 */
export function whenSending(body: object, callback: (socket: Socket) => void): void {
  waiting.set(body, callback);
}

/** What libuv counts for a stream. Not documented, and not there once the socket is closed. */
interface CountingHandle {
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
  /** Of an encrypted connection the one below, which counts what really goes out. */
  readonly _parent?: CountingHandle;
}

/**
 * How many bytes the kernel has taken from this socket since it was opened. A piece of which it took only a part counts with
 * that part; where libuv does not say, not before it is taken whole. Encrypted bytes where the connection is.
 */
export function takenBytes(socket: Socket): number {
  const { _handle: own } = socket as unknown as { _handle?: CountingHandle | null };
  const { bytesWritten, writeQueueSize } = own?._parent ?? own ?? {};
  if (bytesWritten !== undefined && writeQueueSize !== undefined) return bytesWritten - writeQueueSize;
  return socket.bytesWritten - socket.writableLength;
}

/**
 * How many bytes the kernel has taken and the other end has not confirmed: up to `tcp_wmem`, 4 MB as a rule, of which a write's
 * callback says nothing. Null where that cannot be known: not on Linux, or not a TCP connection of our own.
 */
export async function unconfirmedBytes(socket: Socket): Promise<number | null> {
  const { localPort, remotePort, remoteFamily } = socket;
  if (localPort === undefined || remotePort === undefined) return null;
  let table: string;
  try {
    table = await readFile(remoteFamily === 'IPv6' ? '/proc/net/tcp6' : '/proc/net/tcp', 'latin1');
  } catch {
    // Another system, or a sandbox: there are deadlines that do without.
    return null;
  }
  return readQueue(table, localPort, remotePort);
}

/** From the kernel's table (`proc_net_tcp.rst`); null unless exactly one connection has these two ports. */
export function readQueue(table: string, localPort: number, remotePort: number): number | null {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0');
  const ports = `:\\s+[0-9A-F]+:${hex(localPort)}\\s+[0-9A-F]+:${hex(remotePort)}`;
  const rows = [...table.matchAll(new RegExp(`${ports}\\s+[0-9A-F]{2}\\s+([0-9A-F]+):`, 'g'))];
  const [queued] = rows.map(([, bytes = '']) => Number.parseInt(bytes, 16));
  return rows.length === 1 ? (queued as number) : null;
}
