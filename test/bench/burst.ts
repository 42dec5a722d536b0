import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, Figure } from './measure.ts';
import { startDaemon } from './running.ts';
import { plantFiles } from './trees.ts';

/** Thousands of files at once while `run` is up, in the ways that have made watchers lose some. */
export async function burst(bench: Bench, { scale }: { scale: number }): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const files of [20_000, 40_000].map((count) => Math.round(count * scale))) {
    for (const way of ['new directories', 'one directory', 'renamed in', 'loop blocked 3 s'] as const) {
      const root = bench.path(`burst-${files}-${way}`);
      mkdirSync(root);
      const daemon = await startDaemon(bench, root, { FLORA_SYNC_SETTLE: '500ms', FLORA_SYNC_CONCURRENCY: '16' });
      await bench.sink.ask({ type: 'reset' });
      const scans = daemon.said('"msg":"scanned"');
      const blocked = way === 'loop blocked 3 s' ? daemon.block(3_000) : undefined;
      if (way === 'renamed in') {
        const aside = bench.path(`aside-${files}`);
        plantFiles(aside, files, 256, 100);
        renameSync(aside, join(root, 'all'));
      } else plantFiles(root, files, 256, way === 'one directory' ? files : 100);
      await blocked;
      const { completed, firstMs, lastMs } = await daemon.until((counts) => counts.completed >= files);
      const label = `burst of ${files.toLocaleString('en')}, ${way}`;
      figures.push(
        { name: `${label}, not sent`, unit: '', values: [files - completed], reach: { most: 0 } },
        { name: `${label}, peak memory`, unit: 'MB', values: [daemon.peakRssBytes() / 1e6], reach: { most: 200 } },
        { name: `${label}, scans`, unit: '', values: [daemon.said('"msg":"scanned"') - scans] },
        { name: `${label}, first to last request`, unit: 'files/s', values: [(files * 1_000) / (lastMs - firstMs)] },
      );
      await daemon.stop();
    }
  }
  return figures;
}
