import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SinkCounts, SinkRequest } from './sink.ts';

export const mainPath = join(import.meta.dirname, '..', '..', '..', 'dist', 'main.js');

/** The sink's process, as the benchmarks talk to it. */
export interface Sink {
  readonly origin: string;
  ask(request: SinkRequest): Promise<SinkCounts>;
  close(): Promise<void>;
}

export async function startSink(): Promise<Sink> {
  const child = fork(join(import.meta.dirname, 'sink.js'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [origin] = (await once(child, 'message')) as [string];
  return {
    origin,
    ask: async (request) => {
      child.send(request);
      const [counts] = (await once(child, 'message')) as [SinkCounts];
      return counts;
    },
    close: async () => {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

/** What one process took. */
export interface Usage {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly maxRssBytes: number;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a Node program to its end; it writes down its own CPU and memory as it exits. */
export async function runNode(
  bench: Bench,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Usage> {
  const usagePath = join(bench.base, 'usage.json');
  rmSync(usagePath, { force: true });
  const startedMs = performance.now();
  const child = spawnNode(args, { ...env, BENCH_USAGE: usagePath });
  const { code, stdout, stderr } = await finished(child);
  const wallMs = performance.now() - startedMs;
  const usage = existsSync(usagePath) ? JSON.parse(readFileSync(usagePath, 'utf8')) : { cpuMs: 0, maxRssBytes: 0 };
  return { wallMs, code, stdout, stderr, ...usage };
}

/** @param stderr where it goes instead of a pipe: one whose reader is busy holds the program up. */
export function spawnNode(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  stderr: 'pipe' | number = 'pipe',
): ChildProcess {
  const usage = join(import.meta.dirname, 'usage.js');
  return spawn(process.execPath, ['--import', usage, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', stderr],
  });
}

/** Runs any program to its end, with nothing of our environment; CPU and memory are not measured. */
export async function runProgram(
  program: string,
  args: readonly string[],
): Promise<Omit<Usage, 'cpuMs' | 'maxRssBytes'>> {
  const startedMs = performance.now();
  const result = await finished(
    spawn(program, args, { env: { PATH: process.env['PATH'] ?? '' }, stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  return { wallMs: performance.now() - startedMs, ...result };
}

export async function finished(child: ChildProcess) {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** A place of its own for one benchmark, and what flora-sync needs to run in it. */
export class Bench {
  readonly base = realpathSync(mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'fs-bench-')));
  readonly sink: Sink;
  #rounds = 0;

  constructor(sink: Sink) {
    this.sink = sink;
    mkdirSync(join(this.base, 'home'));
  }

  path(name: string): string {
    return join(this.base, name);
  }

  /** The environment of flora-sync over this folder; with a state directory of its own unless one is named. */
  env(folder: string, more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
    this.#rounds += 1;
    return {
      HOME: join(this.base, 'home'),
      FLORA_API_KEY: 'sk_live_bench',
      FLORA_WORKSPACE_ID: 'ws_bench',
      FLORA_BASE_URL: `${this.sink.origin}/api/v1`,
      FLORA_SYNC_FOLDER: folder,
      FLORA_SYNC_STATE_DIR: join(this.base, `state-${this.#rounds}`),
      FLORA_SYNC_ACCEPT: '*',
      FLORA_SYNC_LOG_LEVEL: 'warn',
      ...more,
    };
  }

  close(): void {
    rmSync(this.base, { recursive: true, force: true });
  }
}

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly values: readonly number[];
  /** What it is compared with, in the same unit, and the ratio that is wanted. */
  readonly reference?: { readonly name: string; readonly values: readonly number[] };
  /** Taken off before it is compared: what a start takes by itself. */
  readonly fixedMs?: number;
  readonly reach?: { readonly least?: number; readonly most?: number };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
