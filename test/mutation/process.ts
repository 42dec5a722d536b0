import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Without the time for which it waited for a processor: a busy machine changes neither limits nor durations. */
export interface Limits {
  /** How long it may take, in milliseconds. */
  readonly ms: number;
  /** How much of that it may compute. */
  readonly cpuMs: number;
}

export interface Ended {
  readonly how: 'passed' | 'failed' | 'late';
  /** As for limits. */
  readonly ms: number;
  /** The test that failed first, or the last of what was said. */
  readonly said: string;
}

/** What a process waited after the last look before its end is not known. */
const lookEveryMs = 50;

const running = new Set<ChildProcess>();

/** Runs Node, until its end, the first test that fails, or its limit. What it started in `place` is ended with it. */
export function runNode(
  words: readonly string[],
  place: string,
  env: Readonly<Record<string, string>>,
  limits: Limits,
): Promise<Ended> {
  // Nor is a planted mistake's noise a fault of the test that plants it.
  const {
    NODE_TEST_CONTEXT: _,
    NODE_V8_COVERAGE: __,
    NODE_OPTIONS: ___,
    FLORA_TEST_NOTES: ____,
    ...inherited
  } = process.env;
  const startedMs = performance.now();
  const child = spawn(process.execPath, ['--test-reporter=tap', ...words], {
    cwd: place,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running.add(child);
  let how: Ended['how'] | undefined;
  let said = '';
  const end = (as: Ended['how'], why: string) => {
    if (how !== undefined) return;
    how = as;
    said = why;
    kill(child);
  };
  let waitedMs = 0;
  const spentMs = () => performance.now() - startedMs - waitedMs;
  const watch = setInterval(() => {
    const times = timesOf(child.pid);
    waitedMs = times?.waitedMs ?? waitedMs;
    if (spentMs() > limits.ms) end('late', `no end after ${limits.ms} ms`);
    else if ((times?.computedMs ?? 0) > limits.cpuMs) end('late', `computes for more than ${limits.cpuMs} ms`);
  }, lookEveryMs);
  let last = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    last = line;
    const [, title] = /^\s*not ok \d+ - (.*)/.exec(line) ?? [];
    if (title !== undefined && !/# (TODO|SKIP)\b/i.test(title)) end('failed', title);
  });
  child.stderr.resume();
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearInterval(watch);
      running.delete(child);
      how ??= code === 0 ? 'passed' : 'failed';
      if (how !== 'passed') endStrays(place);
      resolve({ how, ms: spentMs(), said: said === '' ? last : said });
    });
  });
}

/** Ends all that runs. */
export function killAll(): void {
  for (const child of running) kill(child);
}

/** Ends what a killed test left behind: processes that run code of the place, or in it. By their ids; only Linux tells them. */
export function endStrays(place: string): void {
  if (!existsSync('/proc/self/cmdline')) return;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      const isOfPlace =
        readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(`${place}/`) ||
        `${readlinkSync(`/proc/${name}/cwd`)}/`.startsWith(`${place}/`);
      if (isOfPlace) process.kill(Number(name), 'SIGKILL');
    } catch {
      // It has ended, or is another user's.
    }
  }
}

function kill({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Of its main thread, as Linux tells (`schedstat`: nanoseconds on a processor, and waiting for one); elsewhere nothing. */
function timesOf(pid: number | undefined): { readonly computedMs: number; readonly waitedMs: number } | null {
  try {
    const [computedNs, waitedNs] = readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ');
    return { computedMs: Number(computedNs) / 1e6, waitedMs: Number(waitedNs) / 1e6 };
  } catch {
    return null;
  }
}
