import { chownSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/emulator.ts';
import { openSqlite } from '../../src/runtime/sqlite.ts';
import { type Cleanup, type Exit, type Launch, logged, type Running, run, start } from './process.ts';
import { untilAsync } from './until.ts';

/** The contract's line of `ls --json`. */
export interface LsLine {
  readonly path: string;
  readonly folder: string;
  readonly state: string;
  readonly asset_id: string | null;
  readonly url: string | null;
  readonly size: number;
  readonly sha256: string | null;
  readonly attempts: number;
  readonly reason: string | null;
  readonly updated_at: string;
}

export const KEY = 'sk_live_e2e0123456789abcdefSECRET';
export const WORKSPACE = 'ws_e2e';

/** A machine of its own: an empty home, a drop folder, a state directory, and (unless it is stopped) FLORA on loopback. */
export class World {
  readonly base: string;
  readonly drop: string;
  readonly stateDir: string;
  readonly dataDir: string;
  /** What ends the processes that were started here. */
  readonly #undo: (() => void | Promise<void>)[] = [];
  readonly #processes: Cleanup = { after: (undo) => void this.#undo.push(undo) };
  #emulator: Emulator | undefined;
  #port = 0;

  constructor(t: Cleanup) {
    // Short, because a socket's path may have 107 bytes.
    this.base = realpathSync(mkdtempSync(join(tmpdir(), 'fs-e2e-')));
    this.drop = this.directory('drop');
    this.stateDir = join(this.base, 'state');
    this.dataDir = join(this.base, 'flora');
    this.directory('home');
    this.directory('tmp');
    t.after(async () => {
      // Before their directories go: Node takes the hooks of a test in the order in which they came.
      await Promise.all(this.#undo.map((undo) => undo()));
      await this.stopFlora();
      rmSync(this.base, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    });
  }

  directory(name: string): string {
    const path = join(this.base, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** On the port it had before, if it ran before. */
  async startFlora(options: Partial<EmulatorOptions> = {}): Promise<void> {
    this.#emulator = await startEmulator({
      dataDir: this.dataDir,
      port: this.#port,
      apiKeys: [KEY],
      workspaces: [{ workspace_id: WORKSPACE, name: 'E2E' }],
      ...options,
    });
    this.#port = this.#emulator.port;
  }

  async stopFlora(): Promise<void> {
    await this.#emulator?.close();
    this.#emulator = undefined;
  }

  get floraOrigin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** What a shell would have exported for us, and nothing else. */
  launch(more: Readonly<Record<string, string>> = {}): Launch {
    return {
      cwd: this.base,
      env: {
        HOME: join(this.base, 'home'),
        TMPDIR: join(this.base, 'tmp'),
        FLORA_API_KEY: KEY,
        FLORA_WORKSPACE_ID: WORKSPACE,
        FLORA_BASE_URL: `${this.floraOrigin}/api/v1`,
        FLORA_SYNC_FOLDER: this.drop,
        FLORA_SYNC_STATE_DIR: this.stateDir,
        FLORA_SYNC_SETTLE: '300ms',
        ...more,
      },
    };
  }

  run(args: readonly string[], more: Readonly<Record<string, string>> = {}, withinMs?: number): Promise<Exit> {
    return run(this.#processes, args, this.launch(more), withinMs);
  }

  start(args: readonly string[], more: Readonly<Record<string, string>> = {}): Running {
    return start(this.#processes, args, this.launch(more));
  }

  /** Like `start`, under a command that leaves the process its pid. */
  startUnder(under: readonly string[], args: readonly string[], more: Readonly<Record<string, string>> = {}): Running {
    return start(this.#processes, args, { ...this.launch(more), under });
  }

  /** With this environment and no other. */
  startWith(env: Readonly<Record<string, string>>, args: readonly string[]): Running {
    return start(this.#processes, args, { ...this.launch(), env });
  }

  /** Starts the daemon and waits until it has read its folders, compared FLORA's listing, and listens. */
  async startDaemon(more: Readonly<Record<string, string>> = {}): Promise<Running> {
    const daemon = this.start(['run'], more);
    await logged(daemon, 'scanned', ({ msg }) => msg === 'scanned');
    await logged(daemon, 'reconciled', ({ msg }) => msg.startsWith('reconciled'));
    return daemon;
  }

  /** Changes the ledger where no daemon has it. */
  alterLedger(sql: string): void {
    const database = openSqlite(join(this.stateDir, 'ledger.sqlite'));
    try {
      database.exec(sql);
    } finally {
      database.close();
    }
  }

  /** Reads the ledger, beside a daemon or without one. */
  rows(sql: string): readonly Record<string, unknown>[] {
    const database = openSqlite(join(this.stateDir, 'ledger.sqlite'), { readonly: true });
    try {
      return database.prepare(sql).all() as Record<string, unknown>[];
    } finally {
      database.close();
    }
  }

  async ls(...args: readonly string[]): Promise<readonly LsLine[]> {
    const { code, stdout, stderr } = await this.run(['ls', '--json', ...args]);
    if (code !== 0) throw new Error(`ls ended with ${code}: ${stderr}`);
    return jsonLines<LsLine>(stdout);
  }

  /** Waits until `ls` shows what is wanted, and returns it. */
  async lsUntil(what: string, isWanted: (lines: readonly LsLine[]) => boolean, withinMs = 120_000) {
    let lines: readonly LsLine[] = [];
    let seen = '';
    let seenMs = Number.NEGATIVE_INFINITY;
    const beganMs = performance.now();
    const look = async () => {
      // A daemon that was just started may not have begun it yet.
      if (!existsSync(join(this.stateDir, 'ledger.sqlite'))) return false;
      // A process for each look is dear: only for another ledger than before, or for what only the daemon knows.
      const now = this.#ledgerStamp();
      const nowMs = performance.now();
      const restMs = now !== seen ? 300 : nowMs - beganMs < 5_000 ? 1_000 : 2_000;
      if (nowMs - seenMs < restMs) return false;
      lines = await this.ls();
      [seen, seenMs] = [now, performance.now()];
      return isWanted(lines);
    };
    await untilAsync(what, look, withinMs, () =>
      JSON.stringify(
        lines.filter(({ state }) => state !== 'ready'),
        null,
        1,
      ),
    );
    return lines;
  }

  /** Another one after each commit. */
  #ledgerStamp(): string {
    const stats = ['', '-wal'].map((end) =>
      statSync(join(this.stateDir, `ledger.sqlite${end}`), { bigint: true, throwIfNoEntry: false }),
    );
    return stats.map((stat) => `${stat?.ino} ${stat?.size} ${stat?.mtimeNs}`).join(' ');
  }

  /** Hands everything to another user, who then runs it. */
  giveTo(uid: number): void {
    for (const path of [this.base, this.drop, join(this.base, 'home'), join(this.base, 'tmp')])
      chownSync(path, uid, uid);
  }
}

/** NDJSON, a value a line. */
export function jsonLines<T = Record<string, unknown>>(text: string): readonly T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** A world with FLORA running in it. */
export async function worldWithFlora(t: Cleanup, options: Partial<EmulatorOptions> = {}): Promise<World> {
  const world = new World(t);
  await world.startFlora(options);
  return world;
}

/** Whether all of these paths are in this state. */
export function areAll(state: string, ...paths: readonly string[]): (lines: readonly LsLine[]) => boolean {
  return (lines) => paths.every((path) => lines.some((line) => line.path === path && line.state === state));
}
