// An answer on its way out: whole, or as a fault wants it. Those faults write to the socket themselves, byte by byte as they say.
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type ServerResponse, STATUS_CODES } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Answer } from './answer.ts';
import type { Fault } from './faults.ts';

type Head = Readonly<Record<string, string>>;

/** @param wait resolves after so many milliseconds; throws when nobody is left to wait for */
export async function send(
  response: ServerResponse,
  answer: Answer,
  requestId: string | null,
  fault: Fault | undefined,
  wait: (ms: number) => Promise<void>,
): Promise<void> {
  const sizeBytes = answer.file?.sizeBytes ?? answer.body.length;
  const head = { ...answer.headers, ...(requestId === null ? {} : { 'request-id': requestId }) };
  if (fault?.kind === 'cut-body') return sendHalf(response, answer, head);
  if (fault?.kind === 'cut') {
    const whole = await wholeOf(response, answer, head);
    return sendRaw(response, whole.subarray(0, fault.atByte), fault.end);
  }
  if (fault?.kind === 'drip') return drip(response, await wholeOf(response, answer, head), fault, wait);
  response.writeHead(answer.status, answer.status === 204 ? head : { ...head, 'content-length': sizeBytes });
  if (answer.file === undefined || response.req.method === 'HEAD') {
    response.end(answer.body);
  } else {
    await pipeline(createReadStream(answer.file.path, { end: Math.max(0, sizeBytes - 1) }), response);
  }
}

/** An answer of one's own making, before the body of the request was read: nothing of it is, from here on. */
export async function sendEarly(response: ServerResponse, answer: Answer, fault: Fault): Promise<void> {
  await sendRaw(response, await wholeOf(response, answer, answer.headers), fault.end);
}

/** These bytes, whatever they are, and the end of the connection; resolves once they have left, or cannot. */
export async function sendRaw(response: ServerResponse, bytes: Uint8Array, end: Fault['end']): Promise<void> {
  const { socket } = response;
  if (socket === null || socket.destroyed) return;
  if (bytes.length > 0) await new Promise<void>((done) => socket.write(bytes, () => done()));
  if (end === 'reset') socket.resetAndDestroy();
  else socket.destroySoon();
}

async function drip(
  response: ServerResponse,
  whole: Buffer,
  { pieces, delayMs, end }: Fault,
  wait: (ms: number) => Promise<void>,
): Promise<void> {
  const { socket } = response;
  const size = Math.max(1, Math.ceil(whole.length / pieces));
  for (let at = 0; at < whole.length; at += size) {
    if (at > 0) await wait(delayMs);
    socket?.write(whole.subarray(at, at + size));
  }
  await sendRaw(response, Buffer.alloc(0), end);
}

/** Status line, headers and body as they go over the wire. */
async function wholeOf(response: ServerResponse, answer: Answer, head: Head): Promise<Buffer> {
  const body = answer.file === undefined ? answer.body : await readFile(answer.file.path);
  const length = answer.status === 204 ? {} : { 'content-length': String(body.length) };
  const lines = Object.entries({ ...head, ...length, connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const text = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n${lines.join('')}\r\n`;
  return Buffer.concat([Buffer.from(text, 'latin1'), response.req.method === 'HEAD' ? Buffer.alloc(0) : body]);
}

/** Promises the whole body, sends half of it, and breaks off. An answer without a body gets one to break. */
async function sendHalf(response: ServerResponse, answer: Answer, head: Head): Promise<void> {
  const sizeBytes = Math.max(2, answer.file?.sizeBytes ?? answer.body.length);
  const half = Math.trunc(sizeBytes / 2);
  response.writeHead(answer.status === 204 ? 200 : answer.status, { ...head, 'content-length': sizeBytes });
  response.flushHeaders();
  if (answer.file !== undefined) {
    await pipeline(createReadStream(answer.file.path, { end: half - 1 }), response, { end: false });
  } else {
    response.write(Buffer.concat([answer.body, Buffer.from('  ')]).subarray(0, half));
  }
  // `destroySoon` lets what was written leave first.
  response.socket?.destroySoon();
}
