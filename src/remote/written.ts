import type { Socket } from 'node:net';
import { buildConnector } from 'undici';

const waiting = new WeakMap<object, () => void>();
/** Pieces whose memory may hold other bytes by now. */
const spent = new WeakSet<object>();

/**
 * Has `callback` called once the piece was handed to a connection of `tellingConnector` and nothing will read it any more, so
 * that its memory may be used again: it was sent, or the connection is gone. It is not called for a piece that went another
 * way, which is left to the garbage collector. A second write of the same piece is refused.
 */
export function whenWritten(piece: Uint8Array, callback: () => void): void {
  waiting.set(piece, callback);
}

/**
 * undici's connector, with sockets that tell. Undici itself only knows that a socket has drained; a socket's own callback for
 * each write says that this very piece is with the kernel, or encrypted.
 */
export function tellingConnector(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = buildConnector(options);
  return (wanted, callback) => {
    connect(wanted, (...result) => {
      // Null by undici's types; what it calls back with after a failure is the error alone.
      const socket: Socket | null | undefined = result[1];
      if (socket) {
        tell(socket);
        readOn(socket);
      }
      callback(...result);
    });
  };
}

function tell(socket: Socket): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  socket.write = (...args: unknown[]): boolean => {
    const [piece] = args;
    if (!(piece instanceof Uint8Array)) return write(...args);
    if (spent.has(piece)) throw new Error('A piece was written a second time');
    const callback = args.length === 1 ? waiting.get(piece) : undefined;
    if (callback === undefined) return write(...args);
    waiting.delete(piece);
    spent.add(piece);
    // With an error or without: a socket has let go of what it could not write, too.
    return write(piece, () => callback());
  };
}

/**
 * Has a socket read on when a write is refused: what the other end said before it closed the connection (that the file is too
 * large, as a rule) may still be unread, and Node would throw it away with the socket. The reading side meets the end, too, and
 * closes the socket: until then the write counts as under way.
 */
function readOn(socket: Socket): void {
  const late = (callback: WriteCallback): WriteCallback => {
    return (error) => {
      if (isRefusedWrite(error)) socket.once('close', () => callback(error));
      else callback(error);
    };
  };
  const { _write: write, _writev: writeAll } = socket;
  socket._write = (chunk, encoding, callback) => write.call(socket, chunk, encoding, late(callback));
  if (writeAll !== undefined) socket._writev = (chunks, callback) => writeAll.call(socket, chunks, late(callback));
}

type WriteCallback = (error?: Error | null) => void;

function isRefusedWrite(error: NodeJS.ErrnoException | null | undefined): boolean {
  return error?.syscall === 'write' && (error.code === 'EPIPE' || error.code === 'ECONNRESET');
}
