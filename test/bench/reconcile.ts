import { join } from 'node:path';
import { type Bench, type Figure, mainPath, median, runNode } from './measure.ts';
import { settledLedger } from './settled.ts';
import { plantFiles } from './trees.ts';

/** A listing as long as the ledger, against bare paging; and what it takes from uploads that run meanwhile. */
export async function reconcile(
  bench: Bench,
  { runs, scale }: { runs: number; scale: number },
): Promise<readonly Figure[]> {
  const files = Math.round(100_000 * scale);
  const root = bench.path('reconcile');
  plantFiles(root, files, 64, 100);
  const env = bench.env(root);
  await settledLedger(
    env['FLORA_SYNC_STATE_DIR'] ?? '',
    root,
    (at) => `asset_${at}`,
    (id) => `${bench.sink.origin}/f/${id}`,
  );
  await bench.sink.ask({ type: 'list', assets: files, sizeBytes: 64 });
  const ours: number[] = [];
  const bare: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const loop = await runNode(bench, [join(import.meta.dirname, 'paging.js'), bench.sink.origin]);
    bare.push(Number(loop.stdout));
    const { code, stdout, stderr } = await runNode(bench, [mainPath, 'reconcile', '--full', '--json'], env);
    const summary = JSON.parse(stdout);
    if (code !== 0 || summary.ours !== files) throw new Error(`${stdout} ${stderr}`);
    ours.push(summary.seconds * 1_000);
  }
  return [
    {
      name: `reconcile, ${files.toLocaleString('en')} assets`,
      unit: 'ms',
      values: ours,
      reference: { name: 'bare paging', values: bare },
      reach: { most: 1.2 },
    },
    { name: 'reconcile, a page', unit: 'ms', values: [median(ours) / (files / 100)] },
  ];
}
