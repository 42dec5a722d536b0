import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { Patience } from './patience.ts';
import { until } from './until.ts';

/** The built program: what people install. */
const mainPath = join(import.meta.dirname, '..', '..', '..', 'dist', 'main.js');

/** Where to register what has to be undone: a test's context, or a script's own list. */
export interface Cleanup {
  after(undo: () => void | Promise<void>): void;
}

export interface Launch {
  /** All that the process gets to see: nothing is inherited but what the runner of the tests watches it with. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Only root may give others. */
  readonly uid?: number;
  /** A command to start it under, which must leave it the pid: strace -D, nsenter. */
  readonly under?: readonly string[];
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One line of pino's JSON. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

export interface Running {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  isRunning(): boolean;
  stdout(): string;
  stderr(): string;
  /** The JSON lines among what stands on stderr so far. */
  logs(): readonly LogLine[];
  kill(signal: NodeJS.Signals): void;
}

/** Starts `flora-sync <args>`; killed by its pid after the test if it still runs. */
export function start(t: Cleanup, args: readonly string[], launch: Launch): Running {
  const { env, cwd, uid, under = [] } = launch;
  const [program = process.execPath, ...words] = [...under, process.execPath, mainPath, ...args];
  // Where somebody measures what tests reach, that is reached too.
  const { NODE_V8_COVERAGE: coverage } = process.env;
  const child = spawn(program, words, {
    env: watched(coverage === undefined ? env : { ...env, NODE_V8_COVERAGE: coverage }),
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  const out = gather(child.stdout);
  const err = gather(child.stderr);
  const logs = readLogs(child.stderr);
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout: out(), stderr: err() }));
  });
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  t.after(async () => {
    if (isRunning()) child.kill('SIGKILL');
    await exited;
  });
  return {
    pid: child.pid ?? 0,
    exited,
    isRunning,
    stdout: out,
    stderr: err,
    logs: () => logs,
    kill: (signal) => void child.kill(signal),
  };
}

/** The environment with what has the process write down its warnings for the runner (test/notice.cjs), if that runs. */
export function watched(env: Readonly<Record<string, string>>): Record<string, string> {
  const { NODE_OPTIONS: ours, FLORA_TEST_NOTES: notes } = process.env;
  if (ours === undefined || notes === undefined) return env;
  const given = env['NODE_OPTIONS'] ?? '';
  return { ...env, FLORA_TEST_NOTES: notes, NODE_OPTIONS: given.includes(ours) ? given : `${ours} ${given}`.trim() };
}

/** Runs `flora-sync <args>` to its end, which has to come within the time. */
export function run(t: Cleanup, args: readonly string[], launch: Launch, withinMs = 60_000): Promise<Exit> {
  return ended(start(t, args, launch), withinMs);
}

/** Waits for the process to end; fails with what it said when it does not. As with `until`, a busy machine has more time. */
export async function ended(running: Running, withinMs = 20_000): Promise<Exit> {
  const patience = new Patience();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      if (patience.spentMs() <= withinMs) return;
      const said = `${running.stdout()}${running.stderr().slice(-4_000)}`;
      reject(new Error(`The process still runs after ${withinMs} ms. It said:\n${said}`));
    }, 250);
  });
  try {
    return await Promise.race([running.exited, late]);
  } finally {
    clearInterval(timer);
  }
}

/** Waits for log lines of a kind, and returns them. */
export async function logged(
  running: Running,
  what: string,
  isWanted: (line: LogLine) => boolean,
  count = 1,
): Promise<readonly LogLine[]> {
  const wanted = () => running.logs().filter(isWanted);
  await until(`a log line: ${what}`, () => wanted().length >= count || !running.isRunning(), 120_000);
  const lines = wanted();
  if (lines.length < count) throw new Error(`The process ended without "${what}":\n${running.stderr().slice(-4_000)}`);
  return lines;
}

/** Parses each line once, as it comes: thousands of them are asked for again and again. */
function readLogs(stream: ChildProcess['stderr']): readonly LogLine[] {
  const lines: LogLine[] = [];
  let rest = '';
  stream?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) if (line.startsWith('{')) lines.push(JSON.parse(line));
  });
  return lines;
}

function gather(stream: ChildProcess['stdout']): () => string {
  let said = '';
  stream?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return () => said;
}
