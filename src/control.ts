import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Client, request } from 'undici';
import { errnoCode, SyncError } from './errors.ts';

/** What only the running daemon knows. Times in milliseconds since the epoch. */
export interface LiveStatus {
  readonly pid: number;
  readonly state: string;
  readonly since: number;
  readonly inflight: readonly InflightUpload[];
  /** Why FLORA is not being asked anything just now; null when it is. */
  readonly trouble: string | null;
  /** Folders that cannot be read now, with the reason. */
  readonly folders: Readonly<Record<string, string>>;
}

export interface InflightUpload {
  readonly path: string;
  readonly asset_id: string | null;
  readonly state: string;
  readonly sent_bytes: number;
  readonly size: number;
}

export interface ControlServer {
  close(): Promise<void>;
}

/** A kernel limit (`sun_path`): longer paths cannot be bound. */
const longestSocketPath = 107;

/**
 * Answers other flora-sync commands on a socket in the state directory, which only its owner can enter.
 *
 * @throws SyncError `control_socket` when the path is too long or cannot be bound; the daemon can do without.
 */
export async function startControlServer(stateDir: string, status: () => LiveStatus): Promise<ControlServer> {
  const path = socketPath(stateDir);
  if (Buffer.byteLength(path) > longestSocketPath) {
    throw controlError(`${path} is longer than the ${longestSocketPath} bytes a socket's path may have`);
  }
  const server = createServer((incoming, outgoing) => {
    const isStatus = incoming.method === 'GET' && incoming.url === '/status';
    outgoing.writeHead(isStatus ? 200 : 404, { 'content-type': 'application/json' });
    outgoing.end(isStatus ? JSON.stringify(status()) : '{}');
  });
  // We own the ledger, so whoever bound this name before is dead.
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(controlError(`${path} cannot be bound (${errnoCode(error)})`, error)));
    server.listen(path, resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The running daemon's own account, or undefined when it cannot be asked. */
export async function askDaemon(stateDir: string): Promise<LiveStatus | undefined> {
  const client = new Client('http://localhost', { socketPath: socketPath(stateDir) });
  try {
    const { statusCode, body } = await request('http://localhost/status', {
      dispatcher: client,
      headersTimeout: 3_000,
    });
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

function socketPath(stateDir: string): string {
  return join(stateDir, 'control.sock');
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
