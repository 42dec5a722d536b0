// HTTP/1.1 over a socket, by hand: any library would refuse to send what these tests are about.
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

export interface Head {
  readonly method: string;
  /** As it stands in the request line. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** How a conversation ends after the last byte: politely, by a reset, or not at all. */
export type End = 'close' | 'reset' | 'stay';

/** One connection, read as the other side sends and written as we like. */
export class Conversation {
  readonly socket: Socket;
  #unread = Buffer.alloc(0);
  #isOver = false;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    const over = () => {
      this.#isOver = true;
      this.#wake();
    };
    socket.on('data', (chunk: Buffer) => {
      this.#unread = Buffer.concat([this.#unread, chunk]);
      this.#wake();
    });
    // The error of a connection that broke says nothing that its end does not.
    socket.on('error', over).on('end', over).on('close', over);
  }

  /** The next request's head; null when the other side is gone. */
  async readHead(): Promise<Head | null> {
    for (;;) {
      const at = this.#unread.indexOf('\r\n\r\n');
      if (at >= 0) {
        const lines = this.#take(at + 4)
          .toString('latin1')
          .trimEnd()
          .split('\r\n');
        const [method = '', target = ''] = (lines[0] ?? '').split(' ');
        const headers = new Map(
          lines.slice(1).map((line) => {
            const colon = line.indexOf(':');
            return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
          }),
        );
        return { method, target, headers };
      }
      if (!(await this.#more())) return null;
    }
  }

  /** So many bytes; null when the other side is gone before. */
  async readBody(lengthBytes: number): Promise<Buffer | null> {
    while (this.#unread.length < lengthBytes) if (!(await this.#more())) return null;
    return this.#take(lengthBytes);
  }

  /** The socket, with what was not read of it, for somebody else to read. */
  handOver(): Socket {
    this.socket.removeAllListeners('data').pause();
    const rest = this.#take(this.#unread.length);
    if (rest.length > 0) this.socket.unshift(rest);
    return this.socket;
  }

  /** Resolves once the bytes have left, or cannot any more. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((done) => {
      if (this.socket.destroyed || bytes.length === 0) done();
      else this.socket.write(bytes, () => done());
    });
  }

  end(how: End): void {
    if (how === 'close') this.socket.destroySoon();
    // TLS has no reset of its own.
    else if (how === 'reset' && this.socket instanceof TLSSocket) this.socket.destroy();
    else if (how === 'reset') this.socket.resetAndDestroy();
  }

  #take(lengthBytes: number): Buffer {
    const taken = this.#unread.subarray(0, lengthBytes);
    this.#unread = this.#unread.subarray(lengthBytes);
    return taken;
  }

  /** False when nothing more will come. */
  async #more(): Promise<boolean> {
    if (this.#isOver) return false;
    const before = this.#unread.length;
    await new Promise<void>((wake) => {
      this.#wake = wake;
    });
    return !this.#isOver || this.#unread.length > before;
  }
}

export function jsonReply(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}

export function htmlReply(status: number, title: string): Reply {
  const html = `<!doctype html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`;
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: Buffer.from(html) };
}

/** As Google Cloud Storage refuses. */
export function xmlReply(status: number, code: string, message: string): Reply {
  const xml = `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { status, headers: { 'content-type': 'application/xml; charset=UTF-8' }, body: Buffer.from(xml) };
}

/** The reply as it goes over the wire, with its length. */
export function bytesOf({ status, headers, body }: Reply): Buffer {
  const length = status === 204 ? {} : { 'content-length': String(body.length) };
  const lines = Object.entries({ date: new Date().toUTCString(), ...headers, ...length }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} Status\r\n${lines.join('')}\r\n`, 'latin1'), body]);
}
