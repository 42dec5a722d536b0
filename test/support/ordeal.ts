import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Audit, addFaults, audit, faultHits, readyAssets, refusedByLimit, requests, setLimit } from './flora.ts';
import { noise, picture, seeded } from './pictures.ts';
import { type Cleanup, ended, type Running } from './process.ts';
import { until, untilAsync } from './until.ts';
import { worldWithFlora } from './world.ts';

export interface OrdealOptions {
  readonly files: number;
  readonly seed: number;
  readonly concurrency: number;
  /** How FLORA limits the rate: 429 by chance, or a token bucket; absent: one or the other, by the seed. */
  readonly limit?: 'chance' | 'bucket';
  /** How often each kind of fault may hit; absent: to the end, where the last files pay for their bad luck with long waits. */
  readonly timesEach?: number;
  /** Between a start of the daemon and its kill; the kill waits for a step forward, but not longer than twice the most. */
  readonly lifeMs: { readonly least: number; readonly most: number };
  readonly withinMs: number;
  readonly onProgress?: (line: string) => void;
}

export interface OrdealReport {
  readonly files: number;
  readonly audit: Audit;
  /** Files by the state that `ls` shows in the end. */
  readonly states: Readonly<Record<string, number>>;
  readonly kills: number;
  readonly requests: number;
  readonly renewals: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly limit: 'chance' | 'bucket';
  /** How many requests were answered 429. */
  readonly limited: number;
  readonly seconds: number;
  /** What is not as promised; empty when all is well. */
  readonly problems: readonly string[];
}

/** Of all requests. */
const shares = { lostBefore: 0.1, lostAfter: 0.1, rateLimited: 0.2 };
const targetLifeMs = 3_000;
/** A second; small enough for several hundred files to empty it again and again. */
const bucket = { kind: 'bucket', calls: 60, burst: 10, retryAfter: 'none' } as const;

/**
 * The hand-made run: answers lost before and after their effect, 429 without `retry-after` (by chance, or from a token bucket in
 * every other seed), targets that expire after three seconds, and `kill -9` again and again, until all files are ready. Fails when that takes longer than `withinMs`.
 */
export async function runOrdeal(t: Cleanup, options: OrdealOptions): Promise<OrdealReport> {
  const { files, seed, lifeMs, withinMs, timesEach, onProgress = () => {} } = options;
  const limit = options.limit ?? (seed % 2 === 0 ? 'chance' : 'bucket');
  const world = await worldWithFlora(t, { reservationTtlMs: targetLifeMs });
  for (let number = 0; number < files; number += 1) {
    const directory = join(world.drop, `batch ${Math.floor(number / 50)}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `${number}.png`), number % 10 === 0 ? noise(number, 100) : picture(number));
  }
  // The first rule that fires has the request: the later ones draw from what is left.
  const { lostBefore, lostAfter, rateLimited } = shares;
  const times = timesEach === undefined ? {} : { times: timesEach };
  await addFaults(
    world,
    { ...times, kind: 'drop-before', probability: lostBefore, seed },
    { ...times, kind: 'drop-after', probability: lostAfter / (1 - lostBefore), seed: seed + 1 },
    ...(limit === 'bucket'
      ? []
      : [
          {
            ...times,
            kind: 'rate-limit' as const,
            probability: rateLimited / (1 - lostBefore - lostAfter),
            seed: seed + 2,
          },
        ]),
  );
  if (limit === 'bucket') await setLimit(world, bucket);
  const random = seeded(seed);
  const startedMs = performance.now();
  const more = { FLORA_SYNC_CONCURRENCY: String(options.concurrency), FLORA_SYNC_SETTLE: '300ms' };
  const problems: string[] = [];
  let kills = 0;
  let ready = 0;
  const isDone = async () => {
    ready = (await readyAssets(world)).length;
    return ready >= files;
  };
  let daemon = world.start(['run'], more);
  while (!(await isDone())) {
    if (performance.now() - startedMs > withinMs) throw new Error(`After ${withinMs} ms only ${ready} files are ready`);
    await livesFor(daemon, lifeMs.least + random() * (lifeMs.most - lifeMs.least), 2 * lifeMs.most, isDone);
    if (await isDone()) break;
    daemon.kill('SIGKILL');
    const { signal, code, stderr } = await ended(daemon);
    if (signal === 'SIGKILL') kills += 1;
    else problems.push(`the daemon ended by itself with ${code}: ${stderr.slice(-500)}`);
    onProgress(`${kills} kills, ${ready} of ${files} ready`);
    daemon = world.start(['run'], more);
  }
  const states: Record<string, number> = {};
  const lines = await world.lsUntil(
    'ls shows everything ready',
    (all) => all.every((one) => one.state === 'ready'),
    120_000,
  );
  for (const { state } of lines) states[state] = (states[state] ?? 0) + 1;
  daemon.kill('SIGTERM');
  const { code } = await ended(daemon);
  if (code !== 0) problems.push(`the last daemon ended with ${code}`);

  const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
  const found = await audit(world, [world.drop]);
  if (states['ready'] !== files) problems.push(`${states['ready'] ?? 0} of ${files} files are ready`);
  if (found.ready !== files) problems.push(`${found.ready} assets are ready for ${files} files`);
  for (const digest of found.missing) problems.push(`no ready asset holds ${digest}`);
  for (const digest of found.repeated) problems.push(`more than one ready asset holds ${digest}`);
  problems.push(...found.foreign);
  const all = await requests(world);
  const renewals = all.filter(({ route }) => route === 'retry').length;
  const faults = await faultHits(world);
  const limited = limit === 'bucket' ? await refusedByLimit(world) : (faults['rate-limit'] ?? 0);
  return {
    ...{ files, audit: found, states, kills, requests: all.length, renewals },
    ...{ faults, limit, limited, seconds, problems },
  };
}

/** Waits until the daemon has lived that long and made a step, or for the longest time, or until all is done. */
async function livesFor(daemon: Running, lifeMs: number, longestMs: number, isDone: () => Promise<boolean>) {
  const bornMs = performance.now();
  const ageMs = () => performance.now() - bornMs;
  await until('the daemon starts', () => daemon.logs().length > 0 || !daemon.isRunning());
  const isStep = () => daemon.logs().some(({ to }) => to !== undefined);
  await untilAsync(
    'the daemon has lived',
    async () => !daemon.isRunning() || ageMs() > longestMs || (ageMs() > lifeMs && isStep()) || (await isDone()),
    longestMs + 30_000,
  );
}

/** The report as a table of two columns. */
export function describeOrdeal(report: OrdealReport, { seed, concurrency }: OrdealOptions): string {
  const { audit: found, states, faults } = report;
  const rows: readonly (readonly [string, number | string])[] = [
    ['seed', seed],
    ['uploads at once', concurrency],
    ['files', report.files],
    ['ready', states['ready'] ?? 0],
    ['rejected or failed', states['rejected'] ?? 0],
    ['ready in FLORA', found.ready],
    ['missing', found.missing.length],
    ['duplicates', found.repeated.length],
    ['byte differences', found.foreign.length],
    ['kill -9', report.kills],
    ['requests', report.requests],
    ['lost before the effect', faults['drop-before'] ?? 0],
    ['lost after the effect', faults['drop-after'] ?? 0],
    [report.limit === 'bucket' ? `429 of a bucket of ${bucket.calls}/s` : '429 by chance', report.limited],
    ['targets renewed', report.renewals],
    ['seconds', report.seconds],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${String(value).padStart(10)}\n`).join('');
}
