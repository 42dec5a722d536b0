import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AnswerLine, type LiveStatus, longestSocketPath, socketPath } from './control.ts';
import { errnoCode, SyncError } from './errors.ts';

/**
 * Does what a POST asks for, with the fields of its body. What it tells meanwhile goes to the asking side at its pace.
 * The signal is aborted when the asking side goes away or the daemon stops.
 */
export type Command = (
  fields: Readonly<Record<string, unknown>>,
  tell: (item: object) => Promise<void>,
  signal: AbortSignal,
) => Promise<object>;

export interface ControlOptions {
  readonly status: () => LiveStatus;
  /** By the path of their POST. */
  readonly commands: Readonly<Record<string, Command>>;
  /** Aborted when the daemon stops. */
  readonly signal: AbortSignal;
  /** What is no known failure, or the end of the ledger. */
  readonly onError: (error: unknown) => void;
}

export interface ControlServer {
  /** Resolves when every command has ended. */
  close(): Promise<void>;
}

/** Some hundred paths, each as long as paths may be. */
const mostBodyBytes = 4 << 20;

/**
 * Answers other flora-sync commands on a socket in the state directory, which only its owner can enter.
 *
 * @throws SyncError `control_socket` when the path is too long or cannot be bound; the daemon can do without.
 */
export async function startControlServer(stateDir: string, options: ControlOptions): Promise<ControlServer> {
  const path = socketPath(stateDir);
  if (Buffer.byteLength(path) > longestSocketPath) {
    throw controlError(`${path} is longer than the ${longestSocketPath} bytes a socket's path may have`);
  }
  const underWay = new Set<Promise<void>>();
  const server = createServer((incoming, outgoing) => {
    const answered = answer(options, incoming, outgoing).catch(options.onError);
    underWay.add(answered);
    void answered.finally(() => underWay.delete(answered));
  });
  // We own the ledger, so whoever bound this name before is dead.
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(controlError(`${path} cannot be bound (${errnoCode(error)})`, error)));
    server.listen(path, resolve);
  });
  return {
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      await Promise.all(underWay);
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(options: ControlOptions, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController();
  const leave = () => gone.abort();
  outgoing.once('close', leave);
  options.signal.addEventListener('abort', leave, { once: true });
  // A connection that breaks is the asking side's affair.
  outgoing.on('error', leave);
  try {
    await dispatch(options, incoming, outgoing, gone.signal);
  } catch (error) {
    const isKnown = error instanceof SyncError && error.scope !== 'process';
    // Nobody listens any more, or everything ends: what that breaks off is no news.
    if (gone.signal.aborted && (isKnown || errnoCode(error) !== undefined)) return;
    refuse(outgoing, error);
    if (!isKnown) throw error;
  } finally {
    options.signal.removeEventListener('abort', leave);
    outgoing.end();
  }
}

async function dispatch(
  { status, commands }: ControlOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const { method, url = '' } = incoming;
  if (method === 'GET' && url === '/status') {
    outgoing.writeHead(200, { 'content-type': 'application/json' });
    outgoing.write(JSON.stringify(status()));
    return;
  }
  const command = method === 'POST' && Object.hasOwn(commands, url) ? commands[url] : undefined;
  if (command === undefined) throw badRequest('not_found', `There is no ${method} ${url}`);
  // Who does not end what it asks is not waited for.
  const stop = () => incoming.destroy();
  signal.addEventListener('abort', stop, { once: true });
  const fields = await readFields(incoming).finally(() => signal.removeEventListener('abort', stop));
  let said = Promise.resolve();
  // One after the other: whoever tells many things at once waits as one.
  const say = (line: AnswerLine) => {
    said = said.then(() => write(outgoing, line, signal));
    return said;
  };
  const result = await command(fields, (item) => say({ item }), signal);
  // What was cut short is no result: the asking side hears that the daemon stops.
  if (!signal.aborted) await say({ result });
}

async function write(outgoing: ServerResponse, line: AnswerLine, signal: AbortSignal): Promise<void> {
  if (!outgoing.headersSent) outgoing.writeHead(200, { 'content-type': 'application/x-ndjson' });
  if (!outgoing.write(`${JSON.stringify(line)}\n`)) await once(outgoing, 'drain', { signal });
}

async function readFields(incoming: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of incoming) {
    sizeBytes += chunk.length;
    // Read to its end all the same: who is still writing would not see the refusal.
    if (sizeBytes <= mostBodyBytes) chunks.push(chunk);
  }
  if (sizeBytes > mostBodyBytes) throw badRequest('too_long', `A body may have ${mostBodyBytes} bytes`);
  const text = Buffer.concat(chunks).toString('utf8');
  let fields: unknown;
  try {
    fields = text === '' ? {} : JSON.parse(text);
  } catch {
    throw badRequest('bad_request', 'The body is not JSON');
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw badRequest('bad_request', 'The body is not a JSON object');
  }
  return { ...fields };
}

function refuse(outgoing: ServerResponse, error: unknown): void {
  const { message, hint, code, scope } =
    error instanceof SyncError
      ? error
      : { message: 'The daemon failed; its log has the reason', hint: undefined, code: 'unexpected', scope: 'process' };
  const line: AnswerLine = { error: { message, hint: hint ?? null, code, scope } };
  if (outgoing.headersSent) {
    outgoing.write(`${JSON.stringify(line)}\n`);
    return;
  }
  outgoing.writeHead(statusOf(code, scope), { 'content-type': 'application/json' });
  outgoing.write(JSON.stringify(line));
}

function statusOf(code: string, scope: string): number {
  if (code === 'not_found') return 404;
  if (code === 'too_long') return 413;
  return scope === 'service' ? 503 : scope === 'process' ? 500 : 400;
}

/** For what the asking side did wrong. */
export function badRequest(code: 'bad_request' | 'not_found' | 'too_long', message: string): SyncError {
  return new SyncError(message, { code, scope: 'file', disposition: 'reject', op: 'command' });
}

function controlError(message: string, cause?: unknown): SyncError {
  return new SyncError(`The control socket is not available: ${message}`, {
    code: 'control_socket',
    scope: 'process',
    disposition: 'retry',
    op: 'listen',
    hint: '`status` then shows what the ledger knows, without uploads under way. A shorter --state-dir helps.',
    cause,
  });
}
