import { Client, type Dispatcher, request } from 'undici';
import { isRecord } from '../core/shape.ts';
import { foreignCode } from '../errors/codes.ts';
import { errnoCode, SyncError } from '../errors.ts';
import {
  type AnswerLine,
  answerError,
  daemonStopped,
  type LiveStatus,
  liveStatus,
  type Operation,
  socketPath,
} from './protocol.ts';

const origin = 'http://localhost';

/** What is only for display is not waited for any longer. */
const statusMs = 3_000;

/** The running daemon's own account, or undefined when it cannot be asked, or answers as no flora-sync does. */
export async function askStatus(stateDir: string): Promise<LiveStatus | undefined> {
  const client = new Client(origin, { socketPath: socketPath(stateDir) });
  try {
    const patience = { headersTimeout: statusMs, bodyTimeout: statusMs };
    const { statusCode, body } = await request(`${origin}/status`, { dispatcher: client, ...patience });
    const answer: unknown = await body.json();
    return statusCode === 200 && liveStatus.fits(answer) ? answer : undefined;
  } catch {
    // Whatever came over the socket, or did not: `status` tells what the ledger knows.
    return undefined;
  } finally {
    await client.destroy();
  }
}

export interface DaemonCommand {
  readonly path: string;
  readonly fields: object;
  /** Gets each thing that the daemon tells before its result; the daemon waits for it. */
  readonly onItem: (item: unknown) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Has the running daemon do something, however long it takes, and returns its result; null when no daemon listens there.
 *
 * @throws SyncError what the daemon refused it with, `daemon_stopped` when it stopped meanwhile, `daemon_unclear` when what
 *   listens there does not answer as a daemon does; or the signal's reason
 */
export async function commandDaemon(stateDir: string, command: DaemonCommand): Promise<object | null> {
  const { fields, onItem, signal } = command;
  const path = socketPath(stateDir);
  const client = new Client(origin, { socketPath: path, headersTimeout: 0, bodyTimeout: 0 });
  try {
    const answer = await send(client, command.path, JSON.stringify(fields), signal).catch((error: unknown) => {
      const trouble = troubleOf(error, path, signal);
      if (trouble === null) return null;
      throw trouble;
    });
    if (answer === null) return null;
    for await (const line of linesOf(answer.body, path, signal)) {
      if ('error' in line) throw toError(line.error);
      if ('result' in line) {
        // Null would say that nobody listens.
        if (isRecord(line.result)) return line.result;
        throw daemonUnclear(path);
      }
      await onItem(line.item);
    }
    throw daemonStopped();
  } finally {
    await client.destroy();
  }
}

export interface Asking<Request, Item> {
  readonly request: Request;
  readonly onItem: (item: Item) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * `commandDaemon` for an operation that both ends know.
 *
 * @throws SyncError what `commandDaemon` throws; `daemon_unclear` also where the daemon, of another version perhaps, tells or
 *   answers something else than the operation declares
 */
export async function askDaemon<Request extends object, Item, Result>(
  stateDir: string,
  { path, item: itemShape, result: resultShape }: Operation<Request, Item, Result>,
  { request: fields, onItem, signal }: Asking<Request, Item>,
): Promise<Result | null> {
  const told = async (item: unknown) => {
    if (!itemShape.fits(item)) throw daemonUnclear(socketPath(stateDir));
    await onItem(item);
  };
  const result = await commandDaemon(stateDir, { path, fields, onItem: told, signal });
  if (result === null || resultShape.fits(result)) return result;
  throw daemonUnclear(socketPath(stateDir));
}

function send(dispatcher: Client, path: string, body: string, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  return request(`${origin}${path}`, { dispatcher, method: 'POST', body, signal });
}

/** Somebody was there. */
const lostCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_ABORTED']);

/** What an error of the socket says: null when it says that nobody listens. */
function troubleOf(error: unknown, path: string, signal: AbortSignal): unknown {
  if (signal.aborted) return error;
  const code = errnoCode(error);
  if (code !== undefined && lostCodes.has(code)) return daemonStopped(error);
  // An errno tells of the socket; undici's own errors, which may have no code, of what the other side said.
  return code !== undefined && /^E[A-Z0-9]+$/.test(code) ? null : daemonUnclear(path, error);
}

async function* linesOf(
  body: AsyncIterable<Uint8Array>,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<AnswerLine> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of body) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield readLine(line, path);
    }
  } catch (error) {
    if (error instanceof SyncError) throw error;
    throw troubleOf(error, path, signal) ?? daemonStopped(error);
  }
  // An error that is the whole answer ends without a newline; a line that was cut is no line.
  if (isWhole(rest)) yield readLine(rest, path);
}

function readLine(text: string, path: string): AnswerLine {
  const line = isWhole(text) ? JSON.parse(text) : null;
  if (isRecord(line)) {
    if ('item' in line) return { item: line['item'] };
    if ('result' in line) return { result: line['result'] };
    if (answerError.fits(line['error'])) return { error: line['error'] };
  }
  throw daemonUnclear(path);
}

function isWhole(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function toError(error: Extract<AnswerLine, { error: unknown }>['error']): SyncError {
  const { message, hint, code, scope } = error;
  return new SyncError(message, {
    code: foreignCode(code),
    scope,
    disposition: 'retry',
    op: 'command',
    hint: hint ?? undefined,
  });
}

function daemonUnclear(path: string, cause?: unknown): SyncError {
  return new SyncError(`What listens on ${path} does not answer as flora-sync does`, {
    code: 'daemon_unclear',
    scope: 'process',
    disposition: 'retry',
    op: 'command',
    hint: 'If a daemon of another version runs there, start it again.',
    cause,
  });
}
