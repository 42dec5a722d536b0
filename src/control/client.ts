import { Client, type Dispatcher, request } from 'undici';
import type { ErrorScope } from '../errors/code.ts';
import { foreignCode } from '../errors/codes.ts';
import { errnoCode, SyncError } from '../errors.ts';
import { type AnswerLine, daemonStopped, type LiveStatus, socketPath } from './protocol.ts';

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
    return statusCode === 200 && isLiveStatus(answer) ? answer : undefined;
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
export async function commandDaemon(stateDir: string, command: DaemonCommand): Promise<unknown | null> {
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
      if ('result' in line) return line.result;
      await onItem(line.item);
    }
    throw daemonStopped();
  } finally {
    await client.destroy();
  }
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
    if ('item' in line || 'result' in line) return line as AnswerLine;
    if (isRecord(line['error']) && typeof line['error']['message'] === 'string') return line as AnswerLine;
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

/** Both ends are this program, but not always of one version. */
function isLiveStatus(answer: unknown): answer is LiveStatus {
  return isRecord(answer) && isRecord(answer['folders']) && Array.isArray(answer['inflight']);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toError(error: Extract<AnswerLine, { error: unknown }>['error']): SyncError {
  const { message, hint, code, scope } = error;
  return new SyncError(message, {
    code: foreignCode(String(code)),
    // Written by the daemon's end of this program.
    scope: scope as ErrorScope,
    disposition: 'retry',
    op: 'command',
    hint: typeof hint === 'string' ? hint : undefined,
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
