import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Figure } from './measure.ts';
import { startDaemon } from './running.ts';
import { settledLedger } from './settled.ts';
import { plantFiles, plantOne } from './trees.ts';

/** `run` on settled trees: in 1,000 directories, and in one. */
export async function watch(bench: Bench, { scale }: { scale: number }): Promise<readonly Figure[]> {
  const files = Math.round(100_000 * scale);
  const figures: Figure[] = [];
  for (const [label, perDirectory] of [
    ['1,000 directories', Math.ceil(files / 1_000)],
    ['one directory', files],
  ] as const) {
    const directories = Math.ceil(files / perDirectory);
    const root = bench.path(`watch-${directories}`);
    plantFiles(root, files, 64, perDirectory);
    const stateDir = bench.path(`watch-state-${directories}`);
    await settledLedger(stateDir, root, (at) => `asset_${directories}_${at}`);
    const env = { FLORA_SYNC_STATE_DIR: stateDir, FLORA_SYNC_SETTLE: '500ms' };
    const daemon = await startDaemon(bench, root, env);
    await sleep(3_000);
    const idleFrom = daemon.cpuMs();
    const idleMs = 60_000 * Math.min(1, Math.max(0.2, scale));
    await sleep(idleMs);
    const idle = ((daemon.cpuMs() - idleFrom) / idleMs) * 100;
    const costs: number[] = [];
    for (let at = 0; at < 20; at += 1) {
      await bench.sink.ask({ type: 'reset' });
      const before = daemon.cpuMs();
      plantOne(join(root, 'fd0', `new-${at}.png`), 20_480, at);
      await daemon.until(({ completed }) => completed === 1);
      await sleep(300);
      costs.push(daemon.cpuMs() - before);
    }
    figures.push(
      { name: `watch, ${label}, watches`, unit: '', values: [daemon.watches()], reach: { most: directories + 20 } },
      { name: `watch, ${label}, idle CPU`, unit: '%', values: [idle], reach: { most: 0.2 } },
      // A mean: the kernel counts CPU in ticks of 10 ms.
      {
        name: `watch, ${label}, CPU of one new file`,
        unit: 'ms',
        values: [costs.reduce((a, b) => a + b, 0) / costs.length],
        reach: { most: 20 },
      },
      { name: `watch, ${label}, memory`, unit: 'MB', values: [daemon.rssBytes() / 1e6] },
    );
    await daemon.stop();
  }
  return figures;
}
