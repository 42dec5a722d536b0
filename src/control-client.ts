import { Client, request } from 'undici';
import { type AnswerLine, type LiveStatus, socketPath } from './control.ts';
import { type ErrorScope, errnoCode, SyncError } from './errors.ts';

const origin = 'http://localhost';

/** The running daemon's own account, or undefined when it cannot be asked. */
export async function askStatus(stateDir: string): Promise<LiveStatus | undefined> {
  const client = new Client(origin, { socketPath: socketPath(stateDir) });
  try {
    const { statusCode, body } = await request(`${origin}/status`, { dispatcher: client, headersTimeout: 3_000 });
    const answer: unknown = await body.json();
    // Both ends are this program, and the socket is ours alone.
    return statusCode === 200 ? (answer as LiveStatus) : undefined;
  } catch (error) {
    if (errnoCode(error) === undefined) throw error;
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
 * @throws SyncError what the daemon refused it with, or `daemon_stopped` when it stopped meanwhile
 */
export async function commandDaemon(stateDir: string, command: DaemonCommand): Promise<unknown | null> {
  const { path, fields, onItem, signal } = command;
  const client = new Client(origin, { socketPath: socketPath(stateDir), headersTimeout: 0, bodyTimeout: 0 });
  try {
    const body = JSON.stringify(fields);
    const answer = await request(`${origin}${path}`, { dispatcher: client, method: 'POST', body, signal });
    for await (const line of linesOf(answer.body)) {
      if ('error' in line) throw toError(line.error);
      if ('result' in line) return line.result;
      await onItem(line.item);
    }
    throw daemonStopped();
  } catch (error) {
    const code = errnoCode(error);
    if (signal.aborted || error instanceof SyncError || code === undefined) throw error;
    if (lostCodes.has(code)) throw daemonStopped(error);
    return null;
  } finally {
    await client.destroy();
  }
}

/** Somebody was there; every other code says that nobody listens. */
const lostCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_ABORTED']);

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<AnswerLine> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line);
  }
  // An error that is the whole answer ends without a newline; a line that was cut is no line.
  if (isWhole(rest)) yield JSON.parse(rest);
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
    code: String(code),
    // Written by the daemon's end of this program.
    scope: scope as ErrorScope,
    disposition: 'retry',
    op: 'command',
    hint: hint ?? undefined,
  });
}

function daemonStopped(cause?: unknown): SyncError {
  return new SyncError('The daemon stopped before it had answered', {
    code: 'daemon_stopped',
    scope: 'process',
    disposition: 'retry',
    op: 'command',
    hint: 'What it did until then stays done. Give the command again, once it runs or without it.',
    cause,
  });
}
