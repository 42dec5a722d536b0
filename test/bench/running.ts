import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSqlite } from '../../src/runtime/sqlite.ts';
import { type Bench, finished, mainPath, spawnNode } from './measure.ts';
import type { SinkCounts } from './sink.ts';

const ticksPerSecond = 100;
let rounds = 0;

/** A daemon under measurement, as `/proc` shows it. */
export interface Daemon {
  readonly pid: number;
  /** Milliseconds of CPU so far. */
  cpuMs(): number;
  rssBytes(): number;
  peakRssBytes(): number;
  /** inotify watches of all its instances. */
  watches(): number;
  /** Files that its ledger has. */
  filesInLedger(): number;
  /** Log lines with these words. */
  said(words: string): number;
  until(isEnough: (counts: SinkCounts) => boolean, withinMs?: number): Promise<SinkCounts>;
  untilSaid(words: string): Promise<void>;
  /** Holds its loop up for so long. */
  block(ms: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startDaemon(
  bench: Bench,
  folder: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Daemon> {
  const env = bench.env(folder, { FLORA_SYNC_LOG_LEVEL: 'info', FLORA_SYNC_ON_NEW_LEDGER: 'upload', ...more });
  rounds += 1;
  const logPath = join(bench.base, `log-${rounds}`);
  const descriptor = openSync(logPath, 'w');
  const child = spawnNode([mainPath, 'run'], env, descriptor);
  closeSync(descriptor);
  const log = () => readFileSync(logPath, 'utf8');
  const end = finished(child);
  const pid = child.pid ?? 0;
  const proc = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8');
  const status = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(proc('status'))?.[1]) * 1_024;
  const said = (words: string) => log().split(words).length - 1;
  const alive = () => {
    if (child.exitCode !== null) throw new Error(`The daemon ended with ${child.exitCode}: ${log().slice(-2_000)}`);
  };
  const daemon: Daemon = {
    pid,
    cpuMs: () => {
      const fields = proc('stat')
        .slice(proc('stat').lastIndexOf(')') + 2)
        .split(' ');
      return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
    },
    rssBytes: () => status('VmRSS'),
    peakRssBytes: () => status('VmHWM'),
    watches: () =>
      readdirSync(`/proc/${pid}/fdinfo`)
        .map((fd) => proc(`fdinfo/${fd}`).match(/^inotify wd/gm)?.length ?? 0)
        .reduce((sum, count) => sum + count, 0),
    filesInLedger: () => {
      const database = openSqlite(join(env['FLORA_SYNC_STATE_DIR'] ?? '', 'ledger.sqlite'), { readonly: true });
      try {
        return (database.prepare('SELECT count(*) AS count FROM file').get() as { count: number }).count;
      } finally {
        database.close();
      }
    },
    said,
    until: async (isEnough, withinMs = 600_000) => {
      for (const startedMs = performance.now(); performance.now() - startedMs < withinMs; ) {
        alive();
        const counts = await bench.sink.ask({ type: 'counts' });
        if (isEnough(counts)) return counts;
        await sleep(5);
      }
      throw new Error(`Not within ${withinMs} ms: ${JSON.stringify(await bench.sink.ask({ type: 'counts' }))}`);
    },
    untilSaid: async (words) => {
      while (said(words) === 0) {
        alive();
        await sleep(20);
      }
    },
    block: async (ms) => {
      process.kill(pid, 'SIGSTOP');
      await sleep(ms);
      process.kill(pid, 'SIGCONT');
    },
    stop: async () => {
      child.kill('SIGTERM');
      await end;
    },
  };
  await daemon.untilSaid('"msg":"scanned"');
  return daemon;
}
