// How much of FLORA's rate limit flora-sync uses, and how often it runs into it. The reference is the ideal: what the limit allows.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Counts, LimitedOptions, LimitedReport } from './limited.ts';
import { type Bench, type Figure, finished, mainPath, spawnNode } from './measure.ts';
import { type Row, rows } from './ratelimit-rows.ts';
import { plantFiles } from './trees.ts';

export interface RateLimitOptions {
  /** Only rows whose name has these words. */
  readonly only: string;
  /** How many seconds are measured. */
  readonly secs: number;
  /** Seconds before them, in place of each row's own. */
  readonly warmSecs: number | undefined;
  /** Rows at once: each has a server and a place of its own, but they share the machine. */
  readonly atOnce: number;
}

const fileBytes = 300;
const concurrency = '8';

/** A row's figures as soon as it is over. */
export async function* rateLimit(bench: Bench, options: RateLimitOptions): AsyncGenerator<Figure> {
  const chosen = rows.filter(({ name }) => name.includes(options.only));
  if (chosen.length === 0)
    throw new RangeError(`No row has "${options.only}": ${rows.map(({ name }) => name).join(' · ')}`);
  for (let at = 0; at < chosen.length; at += options.atOnce) {
    const together = chosen.slice(at, at + options.atOnce);
    const figures = await Promise.all(together.map((row, index) => measure(bench, row, at + index, options)));
    yield* figures.flat();
  }
}

async function measure(bench: Bench, row: Row, number: number, options: RateLimitOptions): Promise<readonly Figure[]> {
  const warmSecs = options.warmSecs ?? row.warmSecs;
  const server = await startLimited(row);
  const place = bench.path(`ratelimit-${number}`);
  // Half of the calls are reservations; what is left over at the end keeps it busy to the last second.
  const files = Math.ceil((row.ideal * (warmSecs + options.secs) * 0.75) / row.daemons) + 200;
  const daemons: Daemon[] = [];
  const third = new AbortController();
  try {
    for (let index = 0; index < row.daemons; index += 1) {
      daemons.push(startDaemon(bench, join(place, String(index)), index, files, server.origin));
    }
    const thirdEnds = row.third === 0 ? undefined : keepAsking(server.origin, row.third, third.signal);
    let report = await server.ask('report');
    while (report.seconds < warmSecs + options.secs) {
      await sleep(200);
      for (const daemon of daemons) daemon.check();
      report = await server.ask('report');
    }
    third.abort();
    await thirdEnds;
    return figuresOf(row, report, warmSecs, options.secs);
  } finally {
    third.abort();
    for (const daemon of daemons) await daemon.stop();
    server.close();
  }
}

function figuresOf(row: Row, report: LimitedReport, warmSecs: number, secs: number): readonly Figure[] {
  const sum = (key: string, what: keyof Counts) => total(report.clients[key]?.[what] ?? [], warmSecs, secs);
  const keys = Array.from({ length: row.daemons }, (_, index) => keyOf(index));
  const ofDaemons = (what: keyof Counts) => keys.map((key) => sum(key, what) / secs);
  const add = (values: readonly number[]) => values.reduce((all, one) => all + one, 0);
  const thirdGranted = sum(thirdKey, 'granted') / secs;
  const ideal = { name: 'ideal', values: [row.ideal - thirdGranted] };
  const [granted, useful] = [add(ofDaemons('granted')), 2 * add(ofDaemons('ready'))];
  const figures: Figure[] = [
    // Two calls a file: one that brings nothing forward counts for nothing, and neither does a file that was begun before.
    {
      ...{ name: row.name, unit: 'calls/s', values: [Math.min(granted, useful)], reference: ideal },
      reach: { least: row.reach.share },
    },
    { name: `${row.name}: granted`, unit: 'calls/s', values: [granted] },
    { name: `${row.name}: files × 2`, unit: 'calls/s', values: [useful] },
  ];
  const within = row.reach.secsFor429 ?? 10;
  const refused = addedUp(keys.map((key) => report.clients[key]?.refused ?? []));
  figures.push({
    ...{ name: `${row.name}: most 429`, unit: `in ${within} s`, values: [mostWithin(refused, within, warmSecs, secs)] },
    ...(row.reach.secsFor429 === null ? {} : { reach: { most: 1 } }),
  });
  figures.push({ name: `${row.name}: 429`, unit: 'a minute', values: [add(ofDaemons('refused')) * 60] });
  if (row.daemons === 2) {
    const [one = 0, two = 0] = ofDaemons('granted');
    const ratio = Math.max(one, two) / Math.min(one, two);
    figures.push({
      name: `${row.name}: ${one.toFixed(1)} and ${two.toFixed(1)}`,
      unit: ': 1',
      values: [ratio],
      reach: { most: 3 },
    });
  }
  if (row.third > 0) {
    const share = thirdGranted / row.ideal;
    figures.push({ name: `${row.name}: it gets`, unit: 'of limit', values: [share], reach: { least: 0.4 } });
  }
  if (row.targetLifeMs < 60_000)
    figures.push({ name: `${row.name}: came too late`, unit: 'uploads', values: [report.expiredUploads] });
  return figures;
}

function total(seconds: readonly number[], from: number, secs: number): number {
  return seconds.slice(from, from + secs).reduce((all, one) => all + one, 0);
}

function addedUp(all: readonly (readonly number[])[]): readonly number[] {
  const length = Math.max(0, ...all.map((seconds) => seconds.length));
  return Array.from({ length }, (_, second) => all.reduce((sum, seconds) => sum + (seconds[second] ?? 0), 0));
}

/** The most that fell into any stretch of so many seconds. */
function mostWithin(seconds: readonly number[], within: number, from: number, secs: number): number {
  let most = 0;
  for (let at = from; at + within <= from + Math.max(secs, within); at += 1) {
    most = Math.max(most, total(seconds, at, Math.min(within, from + secs - at)));
  }
  return most;
}

interface Limited {
  readonly origin: string;
  ask(message: LimitedOptions | 'report'): Promise<LimitedReport>;
  close(): void;
}

async function startLimited({ limit, latencyMs, targetLifeMs }: Row): Promise<Limited> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'limited.js'), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [origin] = (await once(child, 'message')) as [string];
  const ask = async (message: LimitedOptions | 'report') => {
    child.send(message);
    const [report] = (await once(child, 'message')) as [LimitedReport];
    return report;
  };
  await ask({ limit, latencyMs, targetLifeMs });
  return { origin, ask, close: () => child.disconnect() };
}

interface Daemon {
  /** Throws when it has ended. */
  check(): void;
  stop(): Promise<void>;
}

function startDaemon(bench: Bench, place: string, index: number, files: number, origin: string): Daemon {
  const folder = join(place, 'drop');
  plantFiles(folder, files, fileBytes, 500, `d${index}`);
  mkdirSync(join(place, 'state'), { recursive: true });
  const logPath = join(place, 'log');
  const descriptor = openSync(logPath, 'w');
  const env = bench.env(folder, {
    FLORA_API_KEY: keyOf(index),
    FLORA_BASE_URL: `${origin}/api/v1`,
    FLORA_SYNC_STATE_DIR: join(place, 'state'),
    FLORA_SYNC_CONCURRENCY: concurrency,
    FLORA_SYNC_ON_NEW_LEDGER: 'upload',
  });
  const child = spawnNode([mainPath, 'run'], env, descriptor);
  closeSync(descriptor);
  const end = finished(child);
  return {
    check: () => {
      if (child.exitCode !== null)
        throw new Error(`The daemon has ended: ${readFileSync(logPath, 'utf8').slice(-2_000)}`);
    },
    stop: async () => {
      child.kill('SIGTERM');
      await end;
    },
  };
}

function keyOf(index: number): string {
  return `sk_live_bench_${index}`;
}

const thirdKey = 'sk_live_third';

/** A client that asks at its own pace whatever it is told, until it is told to end. */
async function keepAsking(origin: string, perSecond: number, signal: AbortSignal): Promise<void> {
  const dispatcher = new Agent({ connections: 16 });
  const headers = { authorization: `Bearer ${thirdKey}` };
  const startedMs = performance.now();
  const asked: Promise<void>[] = [];
  for (let call = 0; !signal.aborted; call += 1) {
    const dueMs = startedMs + (call * 1_000) / perSecond - performance.now();
    if (dueMs > 0) await sleep(dueMs);
    asked.push(request(`${origin}/api/v1/workspaces`, { dispatcher, headers }).then(({ body }) => body.dump()));
  }
  await Promise.all(asked);
  await dispatcher.close();
}
