import { join } from 'node:path';
import { type Bench, type Figure, mainPath, median, runNode } from './measure.ts';
import { startDaemon } from './running.ts';
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
  const [alone, beside] = await uploadRates(bench, scale, root, env);
  return [
    {
      name: 'reconcile, uploads during it',
      unit: 'files/s',
      values: [beside],
      reference: { name: 'without it', values: [alone] },
      reach: { least: 0.8 },
    },
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

/** Files a second from the first to the last request: alone, and while one full walk follows the other. */
async function uploadRates(
  bench: Bench,
  scale: number,
  root: string,
  env: Readonly<Record<string, string>>,
): Promise<readonly [number, number]> {
  const files = Math.max(500, Math.round(5_000 * scale));
  const daemon = await startDaemon(bench, root, {
    FLORA_SYNC_STATE_DIR: env['FLORA_SYNC_STATE_DIR'] ?? '',
    FLORA_SYNC_SETTLE: '500ms',
    FLORA_SYNC_CONCURRENCY: '8',
    FLORA_SYNC_RECONCILE_INTERVAL: '24h',
  });
  const rate = async (prefix: string) => {
    await bench.sink.ask({ type: 'reset' });
    plantFiles(root, files, 256, 100, prefix);
    const { firstMs, lastMs } = await daemon.until(({ completed }) => completed >= files);
    return (files * 1_000) / (lastMs - firstMs);
  };
  // The first round only warms up.
  await rate('w');
  const alone = await rate('x');
  let isOver = false;
  let walks = 0;
  const walking = (async () => {
    while (!isOver) {
      const { code, stderr } = await runNode(bench, [mainPath, 'reconcile', '--full', '--json'], env);
      if (code !== 0) throw new Error(stderr);
      walks += 1;
    }
  })();
  const beside = await rate('y');
  const { listed } = await bench.sink.ask({ type: 'counts' });
  isOver = true;
  await walking;
  if (listed === 0 || walks === 0) throw new Error('no walk through the listing while files were sent');
  await daemon.stop();
  return [alone, beside];
}
