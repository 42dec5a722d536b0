import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, type Figure, mainPath, runNode, type Usage } from './measure.ts';
import { others } from './others.ts';
import { plantFiles } from './trees.ts';

const sizeBytes = 20 * 1024;
const concurrency = '8';

interface Run extends Usage {
  /** From the first request to the last. */
  readonly requestsMs: number;
}

/** 5,000 new files of 20 KB, everything durable, against the bare three requests and the public SDK. */
export async function small(
  bench: Bench,
  { runs, scale }: { runs: number; scale: number },
): Promise<readonly Figure[]> {
  const files = Math.round(5_000 * scale);
  const root = bench.path('small');
  plantFiles(root, files, sizeBytes, 100);
  // Older than the quiet period, so that it is settled by its age.
  await sleep(2_500);
  const measured = async (
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    wanted: number,
  ): Promise<Run> => {
    await bench.sink.ask({ type: 'reset' });
    const usage = await runNode(bench, args, env);
    const { completed, bytes, firstMs, lastMs } = await bench.sink.ask({ type: 'counts' });
    if (usage.code !== 0 || completed !== wanted || bytes < wanted * sizeBytes) {
      throw new Error(`${args.join(' ')} ended with ${usage.code} after ${completed} of ${wanted}: ${usage.stderr}`);
    }
    return { ...usage, requestsMs: lastMs - firstMs };
  };
  const ours: Run[] = [];
  const limit: Run[] = [];
  const sdk: Run[] = [];
  const rivals = others(bench, concurrency).map((other) => ({ ...other, rates: [] as number[] }));
  // The SDK is several times slower: a part of the files tells its rate.
  const fewer = Math.max(200, Math.round(files / 5));
  for (let run = 0; run < runs; run += 1) {
    const program = (name: string) => join(import.meta.dirname, name);
    limit.push(await measured([program('limit.js'), bench.sink.origin, root, concurrency], {}, files));
    ours.push(
      await measured([mainPath, 'sync', '--json'], bench.env(root, { FLORA_SYNC_CONCURRENCY: concurrency }), files),
    );
    for (const { name, send, rates } of rivals) {
      await bench.sink.ask({ type: 'reset' });
      const startedMs = performance.now();
      await send(root);
      rates.push((files * 1_000) / (performance.now() - startedMs));
      const { uploaded, bytes } = await bench.sink.ask({ type: 'counts' });
      if (uploaded !== files || bytes < files * sizeBytes) throw new Error(`${name} sent ${uploaded} of ${files}`);
    }
    sdk.push(await measured([program('sdk.js'), bench.sink.origin, root, concurrency, String(fewer)], {}, fewer));
  }
  const rate = (all: readonly Run[], time: 'wallMs' | 'requestsMs', count = files) =>
    all.map((run) => (count * 1_000) / run[time]);
  const cpu = (all: readonly Run[]) => all.map(({ cpuMs }) => (cpuMs * 1_000) / files);
  const reference = (values: readonly number[], name = 'limit') => ({ name, values });
  return [
    {
      name: 'small, whole process',
      unit: 'files/s',
      values: rate(ours, 'wallMs'),
      reference: reference(rate(limit, 'wallMs')),
      reach: { least: 0.6 },
    },
    {
      name: 'small, first to last request',
      unit: 'files/s',
      values: rate(ours, 'requestsMs'),
      reference: reference(rate(limit, 'requestsMs')),
      reach: { least: 0.75 },
    },
    {
      name: 'small, first to last request',
      unit: 'files/s',
      values: rate(ours, 'requestsMs'),
      reference: reference(rate(sdk, 'requestsMs', fewer), 'sdk'),
      reach: { least: 4 },
    },
    {
      name: 'small, CPU a file',
      unit: 'µs',
      values: cpu(ours),
      reference: reference(cpu(limit)),
      reach: { most: 1.6 },
    },
    ...rivals.map(({ name, rates }) => ({
      name: 'small, whole process',
      unit: 'files/s',
      values: rate(ours, 'wallMs'),
      reference: { name, values: rates },
    })),
    { name: 'small, peak memory', unit: 'MB', values: ours.map(({ maxRssBytes }) => maxRssBytes / 1e6) },
  ];
}
