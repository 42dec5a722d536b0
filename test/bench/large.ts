import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../support/programs.ts';
import { type Bench, type Figure, mainPath, runNode, runProgram } from './measure.ts';
import { plantLarge } from './trees.ts';

/** One file of 2 GB and ten of 200 MB, with the digest, against `curl -F` (without one). */
export async function large(
  bench: Bench,
  { runs, scale }: { runs: number; scale: number },
): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const [label, count, megabytes] of [
    ['one of 2 GB', 1, 2_000],
    ['ten of 200 MB', 10, 200],
  ] as const) {
    const root = bench.path(`large-${count}`);
    mkdirSync(root);
    const sizeBytes = Math.round(megabytes * 1e6 * scale);
    const paths = Array.from({ length: count }, (_, at) => join(root, `large-${at}.png`));
    for (const [at, path] of paths.entries()) plantLarge(path, sizeBytes, at + 1);
    const curl = findProgram('curl');
    const ours: number[] = [];
    const whole: number[] = [];
    const memory: number[] = [];
    const reference: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      if (curl !== undefined) {
        const startedMs = performance.now();
        const sends = paths.map((path) =>
          runProgram(curl, [
            '-sS',
            '-o',
            '/dev/null',
            '-F',
            'key=a',
            '-F',
            `file=@${path}`,
            `${bench.sink.origin}/u/curl`,
          ]),
        );
        for (const { code, stderr } of await Promise.all(sends)) if (code !== 0) throw new Error(`curl: ${stderr}`);
        reference.push((count * sizeBytes) / 1e3 / (performance.now() - startedMs));
      }
      await bench.sink.ask({ type: 'reset' });
      const usage = await runNode(
        bench,
        [mainPath, 'sync', '--json'],
        bench.env(root, { FLORA_SYNC_CONCURRENCY: '8' }),
      );
      const { completed, firstMs, lastMs } = await bench.sink.ask({ type: 'counts' });
      if (usage.code !== 0 || completed !== count) throw new Error(`sync ended with ${usage.code}: ${usage.stderr}`);
      ours.push((count * sizeBytes) / 1e3 / (lastMs - firstMs));
      whole.push((count * sizeBytes) / 1e3 / usage.wallMs);
      memory.push(usage.maxRssBytes / 1e6);
    }
    const compared =
      curl === undefined ? {} : { reference: { name: 'curl -F', values: reference }, reach: { least: 1 } };
    figures.push(
      { name: `large, ${label}, sending`, unit: 'MB/s', values: ours, ...compared },
      { name: `large, ${label}, whole process`, unit: 'MB/s', values: whole },
      { name: `large, ${label}, peak memory`, unit: 'MB', values: memory, reach: { most: 150 } },
    );
  }
  return figures;
}
