import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { openDatabase } from '../../src/ledger/database.ts';
import { openLedger } from '../../src/ledger/ledger.ts';
import { createLocalFiles } from '../../src/local/local-files.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { Hints } from '../../src/sync/intake/hints.ts';
import { Intake } from '../../src/sync/intake/intake.ts';
import { RuleBook, type RuleBookDeps } from '../../src/sync/intake/rule-book.ts';
import { nobodyWatches } from '../../src/sync/ports/watch.ts';
import { RootGuard } from '../../src/sync/roots/root-guard.ts';
import type { Bench, Figure } from './measure.ts';
import { settledLedger } from './settled.ts';
import { plantFiles } from './trees.ts';

/** So long nothing else has a turn: whoever asks the daemon waits, and every request that is due. */
const reach = { most: 100 };
const resolutionMs = 5;
const noLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** How long the event loop stands still at most while a whole tree goes away or comes back: the intake alone, in this process. */
export async function* vanish(bench: Bench, { scale }: { scale: number }): AsyncIterable<Figure> {
  const files = Math.round(100_000 * scale);
  for (const [label, perDirectory] of [
    ['one directory', files],
    ['1,000 directories', Math.ceil(files / 1_000)],
  ] as const) {
    const root = bench.path(`vanish-${perDirectory}`);
    const away = `${root}-away`;
    plantFiles(root, files, 64, perDirectory);
    const stateDir = bench.path(`vanish-state-${perDirectory}`);
    await settledLedger(stateDir, root, (at) => `asset_${perDirectory}_${at}`);
    const tops = readdirSync(root);
    const move = (from: string, to: string) => {
      mkdirSync(to, { recursive: true });
      for (const name of tops) renameSync(join(from, name), join(to, name));
    };
    const { scan, close } = await openIntake(stateDir, root);
    for (const [what, act] of [
      ['nothing happened', () => {}],
      ['moved away', () => move(root, away)],
      ['back, and each known by its bytes', () => move(away, root)],
      ['the root is missing', () => renameSync(root, away)],
      ['the root is another', () => plantFiles(root, 10, 64, 10, 'o')],
      [
        'the root is back',
        () => {
          rmSync(root, { recursive: true });
          renameSync(away, root);
        },
      ],
      [
        'each name removed',
        () => {
          for (const name of tops) for (const file of readdirSync(join(root, name))) rmSync(join(root, name, file));
        },
      ],
    ] as const) {
      act();
      const delay = monitorEventLoopDelay({ resolution: resolutionMs });
      delay.enable();
      const beganMs = performance.now();
      await scan();
      const tookMs = performance.now() - beganMs;
      delay.disable();
      const name = `${files.toLocaleString('en')} files in ${label}, ${what}`;
      const longestMs = Math.max(0, delay.max / 1e6 - resolutionMs);
      yield { name: `${name}: longest stretch`, unit: 'ms', values: [longestMs], reach };
      yield { name: `${name}: all of it`, unit: 'ms', values: [tookMs] };
    }
    await close();
  }
}

async function openIntake(stateDir: string, root: string) {
  const database = openDatabase(stateDir, Date.now(), () => {});
  const ledger = openLedger(database, {
    // As the daemon has it.
    defer: (flush, isBusy) => void (isBusy ? systemClock.setTimer(8, flush) : setImmediate(flush)),
    pause: setImmediate,
    onBlocked: () => {},
  });
  const folder = await ledger.write(({ directories }) => {
    const destinationId = directories.destinationId({ workspaceId: 'ws_bench', folder: null, projectId: null });
    const [folderId = 0] = directories.activateFolders([{ path: root, destinationId }]);
    return { folderId, destinationId, root, copies: 'share' as const };
  });
  const stopping = new AbortController();
  const local = createLocalFiles({ now: systemClock.monotonic, accept: ['*'] });
  const common: RuleBookDeps = {
    ledger,
    local,
    clock: systemClock,
    random: systemRandom,
    log: noLog,
    matching: { begin: (_, __, nowMs) => ({ state: 'queued', notBeforeMs: nowMs }) },
    roots: new RootGuard({ ledger, local, clock: systemClock, onFolder: () => {} }, [folder]),
    signal: stopping.signal,
    isSearching: true,
    onJudged: () => {},
  };
  const intake = new Intake(
    {
      ...common,
      local,
      rules: new RuleBook(common, [folder]),
      quietMs: 100,
      roots: new RootGuard({ ledger, local, clock: systemClock, onFolder: () => {} }, [folder]),
      hints: new Hints(systemClock),
      watch: nobodyWatches,
      onWork: () => {},
      onError: (error) => {
        throw error;
      },
    },
    [folder],
  );
  return {
    scan: async () => {
      await intake.scan(folder);
      while (!intake.isIdle) await systemClock.sleep(20);
    },
    close: async () => {
      stopping.abort();
      await intake.close();
      ledger.close();
    },
  };
}
