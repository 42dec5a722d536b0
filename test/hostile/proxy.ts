import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Cleanup } from '../support/process.ts';
import { Conversation, type End } from './wire.ts';

/** What becomes of a CONNECT. */
export type ProxyMischief =
  | { readonly kind: 'bytes'; readonly bytes: string; readonly end: End }
  | { readonly kind: 'silence' }
  /** The tunnel is granted, and then these bytes come in place of the other side's TLS. */
  | { readonly kind: 'tunnelled'; readonly bytes: string; readonly end: End };

export interface ProxyTrouble {
  /** Counted from the first CONNECT. */
  readonly forMs: number;
  readonly what: ProxyMischief;
}

export interface StartedProxy {
  readonly port: number;
  /** Monotonic milliseconds of each CONNECT. */
  readonly connects: readonly number[];
}

/** A proxy that tunnels every host to `serve`, with TLS ended here, but for its troubles. */
export async function startProxy(
  t: Cleanup,
  trouble: ProxyTrouble,
  identity: { readonly key: string; readonly cert: string },
  serve: (socket: Socket) => void,
): Promise<StartedProxy> {
  const connects: number[] = [];
  const open = new Set<Socket>();
  const secureContext = createSecureContext(identity);
  const accept = async (socket: Socket) => {
    const conversation = new Conversation(socket);
    const head = await conversation.readHead();
    if (head === null || head.method !== 'CONNECT') return conversation.end('close');
    const now = performance.now();
    connects.push(now);
    const isWell = now - (connects[0] ?? now) >= trouble.forMs;
    const { what } = trouble;
    if (!isWell && what.kind === 'silence') return;
    if (!isWell && what.kind === 'bytes') {
      await conversation.write(Buffer.from(what.bytes, 'latin1'));
      return conversation.end(what.end);
    }
    await conversation.write(Buffer.from('HTTP/1.1 200 Connection established\r\n\r\n'));
    if (!isWell && what.kind === 'tunnelled') {
      await conversation.write(Buffer.from(what.bytes, 'latin1'));
      return conversation.end(what.end);
    }
    serve(new TLSSocket(conversation.handOver(), { isServer: true, secureContext }));
  };
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    void accept(socket);
  }).listen(0, '127.0.0.1');
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, connects };
}
