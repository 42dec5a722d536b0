// The FLORA Assets API on this machine: bytes and metadata in one directory, faults on request. It shares no code with
// flora-sync's own client, so that one cannot hide the other's mistakes.
import { mkdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join, resolve } from 'node:path';
import { errnoCode, SyncError } from '../errors.ts';
import { createAccess, type WorkspaceOption } from './access.ts';
import { administer, adminPath } from './admin.ts';
import { type Blobs, openBlobs } from './blobs.ts';
import { dialectNames, type EmulatorSettings, settingsOf } from './dialects.ts';
import type { EmulatorContext } from './exchange.ts';
import { createFaults } from './faults.ts';
import { createJournal } from './journal.ts';
import { createLimiter, type Limit } from './limit.ts';
import { apiPath } from './routes.ts';
import { serve } from './serve.ts';
import { openStore, type Store } from './store.ts';

/** Single settings override those of the dialect. */
export interface EmulatorOptions extends Partial<EmulatorSettings> {
  /** A name from dialects.ts; `seeds` when absent. */
  readonly dialect?: string;
  /** 0 or absent: any free port. */
  readonly port?: number;
  readonly host?: string;
  /** Created when missing; one emulator at a time. */
  readonly dataDir: string;
  /** Keys that open every workspace without keys of its own; with `any`, whatever key opens whatever workspace. */
  readonly apiKeys?: 'any' | readonly string[];
  readonly workspaces?: readonly WorkspaceOption[];
  readonly maxUploadBytes?: number;
  /** FLORA's rate limit from the beginning; none when absent. */
  readonly limit?: Limit | undefined;
  /** Gets one line per request; keys, tokens and form fields never stand in it. */
  readonly log?: (line: string) => void;
  /** Milliseconds since the epoch; expiry, idempotency windows and processing go by it, delays and hangs do not. */
  readonly clock?: () => number;
}

export interface Emulator {
  /** `http://127.0.0.1:PORT/api/v1`: what FLORA_BASE_URL takes. */
  readonly baseUrl: string;
  readonly adminUrl: string;
  readonly port: number;
  /** Breaks every connection, waits for what was being handled, and closes the database. */
  close(): Promise<void>;
}

/**
 * Starts the emulator; resolves once it accepts connections. Throws SyncError `emulator_data_dir_in_use` when another one has
 * the directory, `emulator_port_in_use` when the port is taken, `emulator_dialect_unknown`, and `emulator_failed` for what else keeps it from starting.
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const dataDir = resolve(options.dataDir);
  const host = options.host ?? '127.0.0.1';
  const settings = settingsOf(options.dialect ?? 'seeds', options);
  if (settings === undefined) throw unknownDialect(options.dialect);
  const { store, blobs } = openData(dataDir);
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 });
  const clock = options.clock ?? Date.now;
  let origin = '';

  const context: EmulatorContext = {
    store,
    blobs,
    access: createAccess(
      options.apiKeys ?? ['sk_live_emulator'],
      options.workspaces ?? [{ workspace_id: 'ws_emulator', name: 'Emulator' }],
    ),
    settings,
    maxUploadBytes: options.maxUploadBytes ?? Number.MAX_SAFE_INTEGER,
    clock: () => Math.trunc(clock()),
    origin: () => origin,
  };
  const closing = new AbortController();
  const log = options.log ?? (() => {});
  const limiter = createLimiter();
  limiter.set(options.limit ?? null);
  const deps = { context, faults: createFaults(), journal: createJournal(), limiter, signal: closing.signal, log };

  const handling = new Set<Promise<void>>();
  server.on('request', (request, response) => {
    const isAdmin = request.url?.startsWith(`${adminPath}/`) ?? false;
    const handled = (isAdmin ? handleAdmin(request, response) : serve(deps, request, response))
      .catch((error: unknown) => {
        log(`unexpected error: ${error instanceof Error ? error.stack : String(error)}`);
        response.destroy();
      })
      .finally(() => handling.delete(handled));
    handling.add(handled);
  });

  async function handleAdmin(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk);
    const url = new URL(request.url ?? '/', 'http://emulator');
    const answer = administer(deps, request.method ?? '', url, Buffer.concat(body));
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  try {
    await listen(server, options.port ?? 0, host);
  } catch (error) {
    store.close();
    throw startError(error, `port ${options.port}`);
  }
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  origin = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

  return {
    baseUrl: origin + apiPath,
    adminUrl: origin + adminPath,
    port,
    async close() {
      closing.abort();
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      await Promise.all([closed, ...handling]);
      store.close();
    },
  };
}

/** The database first: who has its lock may clear the temporary files. */
function openData(dataDir: string): { readonly store: Store; readonly blobs: Blobs } {
  try {
    mkdirSync(dataDir, { recursive: true });
    const store = openStore(join(dataDir, 'emulator.sqlite'));
    return { store, blobs: openBlobs(dataDir) };
  } catch (error) {
    throw startError(error, dataDir);
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      done();
    });
  });
}

function startError(cause: unknown, what: string): SyncError {
  const details = { op: 'emulator', cause };
  const code = errnoCode(cause);
  if (code === 'SQLITE_BUSY') {
    return new SyncError(`Another emulator uses ${what}.`, { ...details, code: 'emulator_data_dir_in_use' });
  }
  if (code === 'EADDRINUSE') {
    const hint = 'Choose another port, or 0 for any free one.';
    return new SyncError(`The emulator cannot listen: ${what} is in use.`, {
      ...details,
      code: 'emulator_port_in_use',
      hint,
    });
  }
  return new SyncError(`The emulator cannot start with ${what}.`, { ...details, code: 'emulator_failed' });
}

function unknownDialect(dialect: string | undefined): SyncError {
  return new SyncError(`The emulator knows no dialect ${dialect}.`, {
    code: 'emulator_dialect_unknown',
    op: 'emulator',
    hint: `Choose one of ${dialectNames.join(', ')}.`,
  });
}
