import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import type { Cleanup } from './process.ts';

/** A server on loopback that speaks no protocol: the test has the socket. */
export async function rawServer(
  t: Cleanup,
  onConnection: (socket: Socket) => void,
): Promise<{ readonly host: string; readonly port: number; readonly connections: () => number }> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // Whoever is cut off resets the connection, which is what is tried here.
    socket.on('error', () => socket.destroy());
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { host: `127.0.0.1:${port}`, port, connections: () => connections };
}

/** Answers what came with these bytes, and hangs up when told to. */
export function answering(bytes: string | Buffer, end: 'close' | 'stay' = 'close'): (socket: Socket) => void {
  return (socket) =>
    void socket.on('data', () => {
      if (end === 'close') socket.end(bytes);
      else socket.write(bytes);
    });
}
