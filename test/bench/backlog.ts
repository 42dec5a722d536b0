import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Figure } from './measure.ts';
import { startDaemon } from './running.ts';
import { plantFiles } from './trees.ts';

const waitSeconds = 30;

/** Very many queued files while the API is down: memory stays, and it goes on at once when FLORA is back. */
export async function backlog(bench: Bench, { scale }: { scale: number }): Promise<readonly Figure[]> {
  const files = Math.round(200_000 * scale);
  const root = bench.path('backlog');
  plantFiles(root, files, 64, 200);
  await bench.sink.ask({ type: 'down', isDown: true });
  const daemon = await startDaemon(bench, root, { FLORA_SYNC_SETTLE: '200ms' });
  // Settled by their age: all of them come into the ledger as fast as they are read.
  while (daemon.filesInLedger() < files) await sleep(1_000);
  await sleep(5_000);
  const queuedBytes = daemon.rssBytes();
  const cpuMs = daemon.cpuMs();
  let mostBytes = queuedBytes;
  for (let second = 0; second < waitSeconds; second += 1) {
    await sleep(1_000);
    mostBytes = Math.max(mostBytes, daemon.rssBytes());
  }
  const busy = (daemon.cpuMs() - cpuMs) / waitSeconds / 10;
  await bench.sink.ask({ type: 'reset', notesTimes: true });
  await bench.sink.ask({ type: 'down', isDown: false });
  const { firstMs } = await daemon.until(({ created }) => created > 0, 120_000);
  const { lastMs, completed } = await daemon.until((counts) => counts.completed >= Math.min(100, files), 120_000);
  const queuedPeak = daemon.peakRssBytes();
  await daemon.stop();
  return [
    { name: 'backlog, memory with all queued', unit: 'MB', values: [queuedBytes / 1e6] },
    {
      name: 'backlog, growth while waiting',
      unit: 'MB',
      values: [(mostBytes - queuedBytes) / 1e6],
      reach: { most: 30 },
    },
    { name: 'backlog, CPU while waiting', unit: '%', values: [busy] },
    { name: 'backlog, peak memory', unit: 'MB', values: [queuedPeak / 1e6] },
    {
      name: 'backlog, 100 files after the first',
      unit: 'ms',
      values: [completed > 0 ? lastMs - firstMs : Number.NaN],
      reach: { most: 1_000 },
    },
  ];
}
