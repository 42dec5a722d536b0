import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { textOf } from '../../src/cli/show/lines.ts';
import { timelineLines } from '../../src/cli/show/timeline.ts';
import { whatHoldsUp } from '../../src/cli/why.ts';
import { type Config, loadConfig } from '../../src/config/load.ts';
import { type Engine, startEngine } from '../../src/daemon/engine.ts';
import { liveStatus } from '../../src/daemon/status.ts';
import type { EmulatorOptions } from '../../src/emulator/emulator.ts';
import { retryFiles } from '../../src/operations/retry.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { nobodyWatches } from '../../src/sync/ports/watch.ts';
import type { Cleanup } from '../support/process.ts';
import { KEY, World } from '../support/world.ts';
import type { StoryClock } from './story-clock.ts';

const levels: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' };
/** Of each line of a log, without a meaning here. */
const noise = new Set(['level', 'time', 'pid', 'hostname', 'msg']);

/** A drop folder, FLORA, and the engine between them, in the time of a StoryClock; what people would read of it. */
export class Story {
  readonly world: World;
  readonly clock: StoryClock;
  /** What is undone when the story is over. */
  readonly cleanup: Cleanup;
  readonly #said: { readonly text: string; readonly path: string }[] = [];
  #engine: Engine | undefined;
  #settings: Readonly<Record<string, string>> = {};

  constructor(t: Cleanup, clock: StoryClock) {
    this.clock = clock;
    this.cleanup = t;
    this.world = new World(t);
    t.after(() => this.#engine?.stop());
  }

  get engine(): Engine {
    if (this.#engine === undefined) throw new Error('The engine does not run');
    return this.#engine;
  }

  /** FLORA, and an engine that has compared its empty folder with it; of what it said so far nothing is kept. */
  async begin(
    settings: Readonly<Record<string, string>> = {},
    flora: Partial<EmulatorOptions> = {},
    isCompared = true,
  ): Promise<void> {
    await this.world.startFlora({ ...flora, clock: () => this.clock.now() });
    this.#settings = { FLORA_SYNC_ON_NEW_LEDGER: 'upload', ...settings };
    await this.start(this.#settings, isCompared);
    this.#said.length = 0;
  }

  /** As `flora-sync run` does: all folders are read, FLORA's listing too, and what matches is recognised. */
  async start(settings: Readonly<Record<string, string>> = this.#settings, isCompared = true): Promise<void> {
    const log = createLogger({ level: 'info', pretty: false, destination: { write: (line) => this.#hear(line) } });
    this.#engine = await this.clock.during(startEngine(this.#config(settings), log, { watch: () => nobodyWatches }));
    const { engine } = this;
    await this.clock.during(engine.scanAll());
    await this.clock.until(
      () => 'the intake is idle',
      () => engine.intake.isIdle,
    );
    if (!isCompared) return;
    await this.clock.during(engine.reconcileNow());
    await this.clock.during(engine.finishMatching());
  }

  async stop(): Promise<void> {
    const { engine } = this;
    this.#engine = undefined;
    await this.clock.during(engine.stop());
  }

  #config(settings: Readonly<Record<string, string>>): Config {
    // In a file, because the engine reads it anew; and this process has no variables of ours.
    const keyFile = join(this.world.base, 'key');
    writeFileSync(keyFile, KEY, { mode: 0o600 });
    const { env, cwd } = this.world.launch({ FLORA_SYNC_SETTLE: '2s', FLORA_API_KEY_FILE: keyFile, ...settings });
    const { FLORA_API_KEY: _, ...rest } = env;
    return loadConfig({ flags: {}, env: rest, cwd, homedir: join(cwd, 'home') });
  }

  #hear(line: string): void {
    const { level, msg, ...facts } = JSON.parse(line) as Record<string, unknown>;
    const told = Object.entries(facts).filter(([name]) => !noise.has(name));
    const shown = told.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
    const head = `${(levels[Number(level)] ?? '').padEnd(5)}  ${msg}`;
    const text = shown.length === 0 ? head : `${head}\n         ${shown.join('  ')}`;
    this.#said.push({ text, path: typeof facts['path'] === 'string' ? facts['path'] : '' });
  }

  path(name: string): string {
    return join(this.world.drop, name);
  }

  /** Puts it there and has it looked at. */
  async drop(name: string, bytes: Uint8Array | string): Promise<void> {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), bytes);
    await this.scan();
  }

  /** Reads the folder; what is there is taken in once it kept still. */
  async scan(): Promise<void> {
    await this.clock.during(this.engine.scanAll());
  }

  async reconcile(): Promise<void> {
    await this.clock.during(this.engine.reconcileNow({ isFull: true, isDryRun: false }));
  }

  /** As the command does. */
  async retry(name: string): Promise<void> {
    const { engine, clock } = this;
    const work = {
      ...engine.operating,
      inventory: engine.inventory,
      onLook: (file: { root: string; directory: string; name: string }) => engine.hints.add(file),
    };
    const { signal } = new AbortController();
    await clock.during(retryFiles(work, { paths: [this.path(name)] }, async () => {}, signal));
  }

  /** Until the ledger has it in this state, for this reason if one is named. */
  async until(name: string, state: string, reasonCode?: string): Promise<void> {
    const isSo = () => {
      const file = this.#file(name);
      return file?.state === state && (reasonCode === undefined || file.reasonCode === reasonCode);
    };
    await this.clock.until(() => `${name} is ${state}:\n${this.told(name)}`, isSo);
  }

  assetId(name: string): string {
    return this.#file(name)?.assetId ?? '';
  }

  #file(name: string) {
    return this.#found(name)?.file;
  }

  #found(name: string) {
    const at = dirname(name) === '.' ? '' : dirname(name);
    return this.engine.reports.file(this.world.drop, at, name.split('/').at(-1) ?? '');
  }

  /** What `why` prints of these files, and what the log said, with a placeholder for each time, id and path of this run. */
  told(...names: readonly string[]): string {
    const screen = { columns: null, isTerminal: false, isLong: false, nowMs: this.clock.now() };
    const pages = names.map((name) => {
      const found = this.#found(name);
      const lines =
        found === undefined
          ? ['(not in the ledger)']
          : timelineLines(
              { ...found.file, entries: found.timeline },
              null,
              screen,
              whatHoldsUp(found.file, liveStatus(this.engine)),
            ).map(textOf);
      return [`$ flora-sync why ${this.path(name)}`, ...lines].join('\n');
    });
    // In which order several files go on, chance decides.
    const said =
      names.length === 1
        ? this.#said
        : this.#said.toSorted((a, b) => (a.path === b.path ? 0 : a.path < b.path ? -1 : 1));
    return plain(this.world.base, [...pages, `log\n${said.map(({ text }) => text).join('\n')}`].join('\n\n'));
  }
}

/** The same text for each run of a story. */
function plain(base: string, text: string): string {
  const ids = new Map<string, string>();
  const numbered = (kind: string) => (id: string) => {
    const known =
      ids.get(id) ?? `<${kind} ${[...ids.values()].filter((each) => each.startsWith(`<${kind} `)).length + 1}>`;
    ids.set(id, known);
    return known;
  };
  return `${text
    .replaceAll(base, '')
    .replaceAll(/\b[0-9a-f]{64}\b/g, numbered('digest'))
    .replaceAll(/\basset_[0-9a-f]{8,}\b/g, numbered('asset'))
    .replaceAll(/\breq_[0-9a-z-]+/gi, numbered('request'))
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?[+-]\d\d:?\d\d|Z)?/g, '<time>')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
    .replaceAll(/\bseconds=[\d.]+/g, 'seconds=<seconds>')
    .replaceAll(/ +$/gm, '')
    .trimEnd()}\n`;
}
