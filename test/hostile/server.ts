import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cleanup } from '../support/process.ts';
import type { Call, Flora, Place } from './flora.ts';
import type { Mischief, Trouble, Troubles } from './trouble.ts';
import { bytesOf, Conversation, type Reply } from './wire.ts';

/** A request as it came, in order. */
export interface Asked {
  readonly place: Place | 'unknown';
  readonly name: string;
  /** Of what was done to it; null when it was answered truly. */
  readonly trouble: string | null;
}

export interface HostileServer {
  readonly apiPort: number;
  readonly storagePort: number;
  readonly asked: readonly Asked[];
  /** Serves a connection that came by another way than through the ports: a proxy's tunnel. */
  serve(socket: Socket): void;
}

/** FLORA on two ports of loopback (API and storage are two hosts), with its troubles. */
export async function startServer(t: Cleanup, flora: Flora, troubles: Troubles): Promise<HostileServer> {
  const asked: Asked[] = [];
  const open = new Set<Socket>();
  const serve = (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.setNoDelay(true);
    talk(new Conversation(socket), flora, troubles, asked).catch((error: unknown) => {
      flora.complaints.push(`the server failed: ${error instanceof Error ? error.stack : String(error)}`);
      socket.destroy();
    });
  };
  const servers: Server[] = [];
  t.after(() => {
    for (const socket of open) socket.destroy();
    for (const server of servers) server.close();
  });
  const listen = async () => {
    const server = createServer(serve).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const [apiPort, storagePort] = [await listen(), await listen()];
  flora.storageOrigin = `http://127.0.0.1:${storagePort}`;
  return { apiPort, storagePort, asked, serve };
}

/** One connection, request by request, until either side ends it. */
async function talk(conversation: Conversation, flora: Flora, troubles: Troubles, asked: Asked[]): Promise<void> {
  for (;;) {
    const head = await conversation.readHead();
    if (head === null) return conversation.end('close');
    const early = flora.callOf(head, null);
    const note = (call: Call | null, trouble: Trouble | undefined) =>
      asked.push({
        place: call?.place ?? 'unknown',
        name: call?.name ?? '',
        trouble: trouble === undefined ? null : `${trouble.what.kind} ${trouble.when}`,
      });
    const atOnce = early === null ? undefined : troubles.take(early, true);
    if (atOnce !== undefined) {
      note(early, atOnce);
      // Nothing of the body is taken: what of it has left already stays unread, as behind a server that does not want it.
      conversation.socket.pause();
      if (!(await act(conversation, atOnce.what, null))) return;
    }
    const body = await conversation.readBody(Number(head.headers.get('content-length') ?? 0));
    if (atOnce !== undefined) {
      if (body === null) return conversation.end('close');
      continue;
    }
    if (body === null) {
      note(early, undefined);
      return conversation.end('close');
    }
    const call = flora.callOf(head, body);
    const trouble = call === null ? undefined : troubles.take(call, false);
    note(call, trouble);
    const answer = () =>
      call === null ? { status: 404, headers: {}, body: Buffer.alloc(0) } : flora.answer(call, head, body);
    if (trouble === undefined) {
      await conversation.write(bytesOf(answer()));
    } else {
      const done = trouble.when === 'after' ? answer() : null;
      if (!(await act(conversation, trouble.what, done))) return;
    }
  }
}

/**
 * Does what is to be done instead of answering truly; whether the connection goes on after it.
 *
 * @param truth what would have been answered; null where there was no effect
 */
async function act(conversation: Conversation, what: Mischief, truth: Reply | null): Promise<boolean> {
  const whole = truth === null ? Buffer.alloc(0) : bytesOf(truth);
  switch (what.kind) {
    case 'silence':
      return false;
    case 'bytes':
      await conversation.write(typeof what.bytes === 'string' ? Buffer.from(what.bytes, 'latin1') : what.bytes);
      conversation.end(what.end);
      return false;
    case 'reply':
      await conversation.write(bytesOf(what.reply));
      if (what.end !== undefined) conversation.end(what.end);
      // What still comes of a body that nobody wants is read and forgotten.
      else conversation.socket.resume();
      return what.end === undefined;
    case 'cut': {
      const begin = what.from === 'body' ? whole.indexOf('\r\n\r\n') + 4 : 0;
      await conversation.write(whole.subarray(0, begin + what.at));
      conversation.end(what.end);
      return false;
    }
    case 'drip': {
      const size = Math.max(1, Math.ceil(whole.length / what.pieces));
      for (let at = 0; at < whole.length && !conversation.socket.destroyed; at += size) {
        await conversation.write(whole.subarray(at, at + size));
        await sleep(what.everyMs);
      }
      return true;
    }
    case 'altered': {
      if (truth !== null) await conversation.write(what.alter(truth));
      if (what.end !== undefined) conversation.end(what.end);
      return what.end === undefined;
    }
    default:
      return what satisfies never;
  }
}
