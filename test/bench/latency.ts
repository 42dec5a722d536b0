import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, Figure } from './measure.ts';
import { startDaemon } from './running.ts';
import { plantOne } from './trees.ts';

const quietMs = 500;

/** One file at a time into a quiet daemon: from its close to `complete`, without the quiet period. */
export async function latency(bench: Bench, { scale }: { scale: number }): Promise<readonly Figure[]> {
  const root = bench.path('latency');
  mkdirSync(root);
  const daemon = await startDaemon(bench, root, { FLORA_SYNC_SETTLE: `${quietMs}ms` });
  const extra: number[] = [];
  for (let at = 0; at < Math.max(10, Math.round(60 * scale)); at += 1) {
    await bench.sink.ask({ type: 'reset', notesTimes: true });
    plantOne(join(root, `one-${at}.png`), 20_480, at);
    const closedMs = Date.now();
    const { completedAtMs } = await daemon.until(({ completed }) => completed === 1);
    extra.push((completedAtMs[0] ?? Number.NaN) - closedMs - quietMs);
  }
  await daemon.stop();
  extra.sort((a, b) => a - b);
  const p95 = extra[Math.floor(extra.length * 0.95)] ?? Number.NaN;
  return [
    { name: 'latency beyond the quiet period', unit: 'ms', values: extra },
    { name: 'latency, 95th percentile', unit: 'ms', values: [p95], reach: { most: 100 } },
  ];
}
