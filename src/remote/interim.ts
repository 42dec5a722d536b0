import type { Socket } from 'node:net';

const line = Buffer.from('HTTP/1.1 1');
/** Changes what is spoken: no interim answer, and never asked for. */
const switching = Buffer.from('HTTP/1.1 101');
const end = Buffer.from('\r\n\r\n');
/** An interim answer is a line and, rarely, a few headers. */
const longestBytes = 8 * 1024;

/**
 * Has the socket drop each interim answer (1xx) that comes where an answer begins. Nobody asked for it, but servers may send it
 * (RFC 9110, 15.2), and undici takes `100 Continue` for the end of the connection.
 */
export function skipContinue(socket: Socket): void {
  const read = socket.read.bind(socket);
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  /** What came of an answer of which it is not clear yet what it is; null when that is known. */
  let held: Buffer | null = Buffer.alloc(0);
  socket.write = (...args: unknown[]): boolean => {
    held ??= Buffer.alloc(0);
    return write(...args);
  };
  socket.read = (size?: number): unknown => {
    for (;;) {
      const chunk: unknown = read(size);
      if (held === null || !(chunk instanceof Buffer)) return chunk;
      const all: Buffer = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const rest = withoutContinue(all);
      held = rest ?? all;
      if (rest === null || rest.length === 0) continue;
      held = null;
      return rest;
    }
  };
}

/** What follows the interim answers; null while they are not whole. */
function withoutContinue(bytes: Buffer): Buffer | null {
  let rest = bytes;
  while (rest.length > 0) {
    const isOne = startsLike(rest, line) && !(rest.length >= switching.length && startsLike(rest, switching));
    if (!isOne || rest.length > longestBytes) return rest;
    const at = rest.indexOf(end);
    if (at < 0) return null;
    rest = rest.subarray(at + end.length);
  }
  return rest;
}

/** As far as both go. */
function startsLike(bytes: Buffer, start: Buffer): boolean {
  return bytes.subarray(0, start.length).equals(start.subarray(0, bytes.length));
}
