import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { onAbort } from '../core/on-abort.ts';
import { errnoCode, isAbort, SyncError } from '../errors.ts';
import {
  type AnswerLine,
  daemonStopped,
  type LiveStatus,
  longestSocketPath,
  type Operation,
  socketPath,
} from './protocol.ts';

/**
 * Does what a POST asks for, with the fields of its body. What it tells meanwhile goes to the asking side at its pace.
 * The signal is aborted when the asking side goes away or the daemon stops.
 */
export type Command = (
  fields: Readonly<Record<string, unknown>>,
  tell: (item: object) => Promise<void>,
  signal: AbortSignal,
) => Promise<object>;

/** An operation as a command: it refuses a request with which something is wrong, and says what. */
export function serve<Request, Item extends object, Result extends object>(
  { path, request }: Operation<Request, Item, Result>,
  work: (request: Request, tell: (item: Item) => Promise<void>, signal: AbortSignal) => Promise<Result>,
): readonly [string, Command] {
  const command: Command = async (fields, tell, signal) => {
    if (!request.fits(fields)) throw badRequest('bad_request', request.problem(fields) ?? 'It is not understood');
    return await work(fields, tell, signal);
  };
  return [path, command];
}

export interface ControlOptions {
  readonly status: () => LiveStatus;
  /** By the path of their POST. */
  readonly commands: Readonly<Record<string, Command>>;
  /** Aborted when the daemon stops. */
  readonly signal: AbortSignal;
  /** What is no known failure, or the end of the ledger. */
  readonly onError: (error: unknown) => void;
  /** A connection that could not be taken; the next one may be. */
  readonly onTrouble: (error: SyncError) => void;
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
  // One listener for each request that stands on it.
  server.on('connection', (socket) => void socket.setMaxListeners(0));
  // We own the ledger, so whoever bound this name before is dead.
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(controlError(`${path} cannot be bound (${errnoCode(error)})`, error)));
    server.listen(path, resolve);
  });
  server.on('error', (error) => options.onTrouble(controlError(`nobody could be let in (${errnoCode(error)})`, error)));
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
  const { socket } = incoming;
  // Not the answer's own end: one that stands behind another on the same connection never hears of it.
  socket.once('close', leave);
  const off = onAbort(options.signal, leave);
  // A connection that breaks is the asking side's affair.
  outgoing.on('error', leave);
  try {
    await dispatch(options, incoming, outgoing, gone.signal);
  } catch (error) {
    // Who asked for what makes no sense is told so; the daemon lives on.
    const isKnown = error instanceof SyncError && (error.scope !== 'process' || error.code === 'usage');
    // Nobody listens any more, or everything ends: what that breaks off is no news.
    if (gone.signal.aborted && (isKnown || isBrokenOff(error))) return refuse(outgoing, daemonStopped());
    refuse(outgoing, error);
    if (!isKnown) throw error;
  } finally {
    off();
    socket.off('close', leave);
    outgoing.end();
  }
}

function isBrokenOff(error: unknown): boolean {
  return isAbort(error) || (error instanceof SyncError && error.code === 'ledger_closed');
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
  if (signal.aborted) return refuse(outgoing, daemonStopped());
  // Who does not end what it asks is not waited for.
  const off = onAbort(signal, () => void incoming.destroy());
  const fields = await readFields(incoming).finally(off);
  let said = Promise.resolve();
  // One after the other: whoever tells many things at once waits as one.
  const say = (line: AnswerLine) => {
    said = said.then(() => write(outgoing, line, signal));
    return said;
  };
  const result = await command(fields, (item) => say({ item }), signal);
  // What was cut short is no result: if the asking side still listens, it is the daemon that stops.
  if (signal.aborted) refuse(outgoing, daemonStopped());
  else await say({ result });
}

async function write(outgoing: ServerResponse, line: AnswerLine, signal: AbortSignal): Promise<void> {
  if (!outgoing.headersSent) outgoing.writeHead(200, { 'content-type': 'application/x-ndjson' });
  if (outgoing.write(`${JSON.stringify(line)}\n`)) return;
  try {
    await once(outgoing, 'drain', { signal });
  } catch (error) {
    throw lost('The answer is not read any more', error);
  }
}

async function readFields(incoming: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of incoming) {
      sizeBytes += chunk.length;
      // Read to its end all the same: who is still writing would not see the refusal.
      if (sizeBytes <= mostBodyBytes) chunks.push(chunk);
    }
  } catch (error) {
    throw lost('The body broke off', error);
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

const bug = {
  message: 'The daemon failed; its log has the reason',
  hint: undefined,
  code: 'unexpected',
  scope: 'process',
} as const;

function refuse(outgoing: ServerResponse, error: unknown): void {
  const { message, hint, code, scope } = error instanceof SyncError ? error : bug;
  const line: AnswerLine = { error: { message, hint: hint ?? null, code, scope } };
  if (outgoing.headersSent) {
    outgoing.write(`${JSON.stringify(line)}\n`);
    return;
  }
  outgoing.writeHead(statusOf(code, scope), { 'content-type': 'application/json' });
  outgoing.write(JSON.stringify(line));
}

function statusOf(code: string, scope: string): number {
  if (code === 'usage') return 400;
  if (code === 'not_found') return 404;
  if (code === 'too_long') return 413;
  if (code === 'daemon_stopped') return 503;
  return scope === 'service' ? 503 : scope === 'process' ? 500 : 400;
}

/** For what the asking side did wrong. */
export function badRequest(code: 'bad_request' | 'not_found' | 'too_long', message: string): SyncError {
  return new SyncError(message, { code, scope: 'file', disposition: 'reject', op: 'command' });
}

/** The connection to the asking side broke: its own affair. */
function lost(message: string, cause: unknown): SyncError {
  return new SyncError(message, { code: 'asker_gone', scope: 'file', disposition: 'reject', op: 'command', cause });
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
