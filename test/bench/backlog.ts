import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Figure } from './measure.ts';
import { startDaemon } from './running.ts';
import { plantFiles } from './trees.ts';

/** Very many queued files while the API is down: memory stays, and it goes on at once when FLORA is back. */
export async function backlog(bench: Bench, { scale }: { scale: number }): Promise<readonly Figure[]> {
  const files = Math.round(200_000 * scale);
  const root = bench.path('backlog');
  plantFiles(root, files, 64, 200);
  await bench.sink.ask({ type: 'down', isDown: true });
  const daemon = await startDaemon(bench, root, { FLORA_SYNC_SETTLE: '200ms' });
  // Settled by their age: all of them come into the ledger as fast as they are read.
  for (let before = -1, cpu = daemon.cpuMs(); cpu - before > 200; cpu = daemon.cpuMs()) {
    before = cpu;
    await sleep(2_000);
  }
  const queuedBytes = daemon.rssBytes();
  await sleep(20_000);
  const growth = (daemon.rssBytes() - queuedBytes) / 1e6;
  await bench.sink.ask({ type: 'reset', notesTimes: true });
  await bench.sink.ask({ type: 'down', isDown: false });
  const { firstMs } = await daemon.until(({ created }) => created > 0, 120_000);
  const { lastMs, completedAtMs } = await daemon.until(({ completed }) => completed >= Math.min(100, files));
  await daemon.stop();
  return [
    { name: 'backlog, memory with all queued', unit: 'MB', values: [queuedBytes / 1e6] },
    { name: 'backlog, growth while waiting', unit: 'MB', values: [growth], reach: { most: 30 } },
    {
      name: 'backlog, 100 files after the first',
      unit: 'ms',
      values: [completedAtMs.length > 0 ? lastMs - firstMs : Number.NaN],
      reach: { most: 1_000 },
    },
  ];
}
