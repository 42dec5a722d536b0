import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { showPath, showText } from '../core/show-text.ts';
import { startDaemon } from '../daemon/daemon.ts';
import type { Engine } from '../daemon/engine.ts';
import type { FileReport } from '../ledger/reports.ts';
import { systemClock } from '../runtime/clock.ts';
import { createLogger } from '../runtime/logger.ts';
import { demoSamples } from './demo-media.ts';
import { emulatorKey, emulatorWorkspace } from './emulator.ts';
import { toJson } from './ls.ts';
import { hasColors, print, printJson, screenOf } from './output.ts';
import { showBytes } from './show/bytes.ts';
import { cutEnd, cutMiddle, displayWidth, padEnd } from './show/width.ts';
import { nextStopSignal } from './signals.ts';

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('a first look without an account: the emulator, the daemon, and a drop folder with samples')
    .option('--dir <path>', 'where to put the drop folder and the data; a new temporary directory by default')
    .option('--json', 'end with one JSON object a file')
    .action(async (options: { dir?: string; json?: boolean }) => demo(options));
}

async function demo(options: { dir?: string; json?: boolean }): Promise<void> {
  const isJson = options.json === true;
  const say = async (text: string) => (isJson ? undefined : await print(text));
  const base = options.dir ?? mkdtempSync(join(tmpdir(), 'flora-sync-demo-'));
  const drop = join(base, 'drop');
  mkdirSync(drop, { recursive: true });
  const stopSignal = nextStopSignal();
  const { startEmulator } = await import('../emulator/emulator.ts');
  const emulator = await startEmulator({ port: 0, dataDir: join(base, 'flora') });
  const config = loadConfig({
    flags: {
      folder: [realpathSync(drop)],
      state_dir: join(base, 'state'),
      workspace_id: emulatorWorkspace,
      base_url: emulator.baseUrl,
      settle: '500ms',
    },
    env: { FLORA_API_KEY: emulatorKey },
    homedir: base,
    cwd: base,
  });
  const steps = new Steps(config.folders[0]?.path ?? drop, say);
  const engine = await startDaemon(
    config,
    createLogger({ level: 'error', pretty: process.stderr.isTTY === true, color: hasColors(process.stderr) }),
  );
  engine.events.on('content:changed', () => steps.changed(engine));
  try {
    await say(`FLORA (the emulator) listens on ${emulator.baseUrl}\nThe drop folder is ${drop}\n\n`);
    for (const { name, bytes } of demoSamples()) {
      mkdirSync(dirname(join(drop, name)), { recursive: true });
      writeFileSync(join(drop, name), bytes);
    }
    const stoppedBy = await Promise.race([steps.allReady(demoSamples().length), stopSignal, engine.life.failed]);
    if (stoppedBy !== undefined) return;
    await say(`\nEvery sample is ready in FLORA, once. ${nextSteps}`);
    if (isJson) for (const file of engine.reports.list(null)) await printJson(toJson(file));
    if (process.stdout.isTTY !== true || isJson) return;
    await say(`\nDrop more files into ${drop} and watch. Ctrl-C ends the demo.\n\n`);
    await Promise.race([stopSignal, engine.life.failed]);
  } finally {
    await engine.stop();
    await steps.told;
    await emulator.close();
  }
}

const nextSteps = 'For the real service see "Five minutes to the real service" in README.md.\n';

const nameColumns = 26;

/** Tells each file's way to `ready` as the ledger has it. */
class Steps {
  /** Resolves when all that was to be said is said. */
  told: Promise<void> = Promise.resolve();
  readonly #root: string;
  readonly #say: (text: string) => Promise<void>;
  readonly #shown = new Map<string, string>();
  #onReady: () => void = () => {};

  constructor(root: string, say: (text: string) => Promise<void>) {
    this.#root = root;
    this.#say = say;
  }

  changed(engine: Engine): void {
    for (const file of engine.reports.list(null)) {
      if (this.#shown.get(file.path) === file.state) continue;
      this.#shown.set(file.path, file.state);
      this.told = this.told.then(() => this.#say(this.#describe(file)));
    }
    this.#onReady();
  }

  allReady(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#onReady = () => {
        const ready = [...this.#shown.values()].filter((state) => state === 'ready').length;
        if (ready >= count) void this.told.then(resolve);
      };
      this.#onReady();
    });
  }

  /** A URL that has no room beside the rest has a line of its own, and is whole: it is there to be opened. */
  #describe(file: FileReport): string {
    const { columns } = screenOf({}, systemClock.now());
    const path = showPath(relative(this.#root, file.path));
    const head = `  ${padEnd(columns === null ? path : cutMiddle(path, nameColumns), nameColumns)} ${file.state.padEnd(9)}`;
    if (file.state !== 'ready') {
      const whole = `${head} ${showText(file.reason ?? '')}`.trimEnd();
      return `${columns === null ? whole : cutEnd(whole, columns)}\n`;
    }
    const url = showText(file.url ?? '');
    const line = `${head} ${showBytes(file.sizeBytes)}`;
    const isRoomy = columns === null || displayWidth(`${line}  ${url}`) <= columns;
    return isRoomy ? `${line}  ${url}\n` : `${line}\n    ${url}\n`;
  }
}
