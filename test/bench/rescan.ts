import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from '../support/programs.ts';
import { type Bench, type Figure, mainPath, median, runNode, runProgram } from './measure.ts';
import { startDaemon } from './running.ts';
import { settledLedger } from './settled.ts';
import { plantFiles } from './trees.ts';

/** `sync` with nothing to do, on trees of three sizes, against `find -printf`. */
export async function rescan(
  bench: Bench,
  { runs, scale }: { runs: number; scale: number },
): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  const find = findProgram('find');
  const sizes = [10_000, 100_000, 1_000_000].map((count) => Math.round(count * scale));
  const perFileUs: number[] = [];
  let startMs = 0;
  for (const [index, count] of sizes.entries()) {
    const root = bench.path(`rescan-${count}`);
    plantFiles(root, count, 64, 100);
    const env = bench.env(root, { FLORA_SYNC_ON_NEW_LEDGER: 'upload' });
    const stateDir = env['FLORA_SYNC_STATE_DIR'] ?? '';
    const urlOf = (id: string) => `${bench.sink.origin}/f/${id}`;
    await settledLedger(stateDir, root, (at) => `asset_${at}`, urlOf);
    // Shown as it is known: an empty listing would have hundreds of assets asked for one by one.
    await bench.sink.ask({ type: 'list', assets: count, sizeBytes: 64 });
    const ours: number[] = [];
    const memory: number[] = [];
    const reference: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      if (find !== undefined) reference.push((await runProgram(find, [root, '-printf', '%p %s %T@\n'])).wallMs);
      const usage = await runNode(bench, [mainPath, 'sync', '--json'], env);
      if (usage.code !== 0 || JSON.parse(usage.stdout).unchanged !== count)
        throw new Error(`${usage.stdout} ${usage.stderr}`);
      ours.push(usage.wallMs);
      memory.push(usage.maxRssBytes / 1e6);
    }
    if (index === 0) startMs = median(ours);
    perFileUs.push(((median(ours) - startMs) / (count - (sizes[0] ?? 0))) * 1_000);
    const compared = find === undefined ? {} : { reference: { name: 'find', values: reference } };
    const label = `rescan of ${count.toLocaleString('en')}`;
    figures.push(
      {
        name: label,
        unit: 'ms',
        values: ours,
        ...compared,
        ...(index === 1 && find !== undefined ? { reach: { most: 3 }, fixedMs: startMs } : {}),
      },
      {
        name: `${label}, peak memory`,
        unit: 'MB',
        values: memory,
        ...(index === 0 ? {} : { reach: { most: index === 1 ? 150 : 250 } }),
      },
      { name: `${label}, ledger`, unit: 'MB', values: [statSync(join(stateDir, 'ledger.sqlite')).size / 1e6] },
      ...(await running(bench, root, stateDir, count)),
      ...(index === 1 ? [await underRules(bench, root, count, runs)] : []),
    );
  }
  const [, small = 0, big = 0] = perFileUs;
  figures.push({
    name: 'rescan, a file more',
    unit: 'µs',
    values: [big],
    reference: { name: 'at the middle size', values: [small] },
    reach: { most: 1.3 },
  });
  return figures;
}

/** Ten endings and ten directories, none of which is there: each new name would be held against them. */
const rules = Array.from({ length: 10 }, (_, at) => [`*.x${at}`, `none-${at}/`]).flat();

/** The same tree under 20 rules, each run beside one without any. */
async function underRules(bench: Bench, root: string, count: number, runs: number): Promise<Figure> {
  const wallMs = { ours: [] as number[], plain: [] as number[] };
  const envOf = async (name: string, exclude: string) => {
    const stateDir = bench.path(`rules-${name}`);
    const env = bench.env(root, {
      FLORA_SYNC_ON_NEW_LEDGER: 'upload',
      FLORA_SYNC_STATE_DIR: stateDir,
      FLORA_SYNC_EXCLUDE: exclude,
    });
    await settledLedger(
      stateDir,
      root,
      (at) => `asset_${at}`,
      (id) => `${bench.sink.origin}/f/${id}`,
    );
    return env;
  };
  const envs = { ours: await envOf('with', rules.join(',')), plain: await envOf('without', '') } as const;
  // The first judges all that is known.
  for (let run = 0; run <= runs; run += 1) {
    for (const which of ['ours', 'plain'] as const) {
      const usage = await runNode(bench, [mainPath, 'sync', '--json'], envs[which]);
      if (usage.code !== 0 || JSON.parse(usage.stdout).unchanged !== count) throw new Error(usage.stderr);
      if (run > 0) wallMs[which].push(usage.wallMs);
    }
  }
  return {
    name: `rescan of ${count.toLocaleString('en')} under ${rules.length} rules`,
    unit: 'ms',
    values: wallMs.ours,
    reference: { name: 'without rules', values: wallMs.plain },
    reach: { most: 1.1 },
  };
}

/** The same tree under `run`: how long until it watches, and what it takes then. */
async function running(bench: Bench, root: string, stateDir: string, count: number): Promise<readonly Figure[]> {
  const directories = Math.ceil(count / 100) + 1;
  const startedMs = performance.now();
  const daemon = await startDaemon(bench, root, { FLORA_SYNC_STATE_DIR: stateDir });
  const scannedMs = performance.now() - startedMs;
  while (daemon.watches() < directories && performance.now() - startedMs < 120_000) await sleep(100);
  const armedMs = performance.now() - startedMs;
  await sleep(3_000);
  const label = `run on ${count.toLocaleString('en')}`;
  const figures: readonly Figure[] = [
    { name: `${label}, until scanned`, unit: 'ms', values: [scannedMs] },
    { name: `${label}, until all is watched`, unit: 'ms', values: [armedMs] },
    { name: `${label}, watches beyond directories`, unit: '', values: [daemon.watches() - directories] },
    { name: `${label}, memory`, unit: 'MB', values: [daemon.rssBytes() / 1e6] },
  ];
  await daemon.stop();
  return figures;
}
