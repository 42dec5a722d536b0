import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mutant } from './mutants.ts';
import { planted } from './mutators.ts';
import { type Ended, endStrays, killAll, type Limits, runNode } from './process.ts';

/** What tests read of a tree; without source maps, a third of all files. */
const parts = ['build/src', 'build/test', 'dist', 'src', 'test', 'config', 'systemd'];

/** A copy of the tree, in which mistakes are planted: the tree itself is never changed. */
export class Slot {
  readonly path: string;
  readonly #tmp: string;

  /** @param tree what is copied */
  constructor(path: string, tree: string) {
    this.path = path;
    this.#tmp = join(path, 't');
    mkdirSync(join(path, 'build'), { recursive: true });
    const filter = (file: string) => !file.endsWith('.map');
    for (const part of parts)
      if (existsSync(join(tree, part))) cpSync(join(tree, part), join(path, part), { recursive: true, filter });
    for (const name of readdirSync(tree))
      if (/\.(md|json)$|^(LICENSE|\.npmrc)$/.test(name)) cpSync(join(tree, name), join(path, name));
    if (existsSync(join(tree, 'node_modules'))) symlinkSync(join(tree, 'node_modules'), join(path, 'node_modules'));
  }

  /** Puts the mistake into both builds while `work` goes on. */
  async with<T>(mutant: Pick<Mutant, 'module' | 'start' | 'end' | 'by'>, work: () => Promise<T>): Promise<T> {
    const files = ['build/src', 'dist']
      .map((build) => join(this.path, build, mutant.module))
      .filter((file) => existsSync(file))
      .map((file) => ({ file, code: readFileSync(file, 'utf8') }));
    if (files.some(({ code }) => code !== files[0]?.code))
      throw new Error(`${mutant.module} is not the same in build/src and dist: build both`);
    for (const { file, code } of files) writeFileSync(file, planted(code, mutant));
    try {
      return await work();
    } finally {
      for (const { file, code } of files) writeFileSync(file, code);
    }
  }

  /** Runs a compiled test of this slot. Its temporary files are removed with it. */
  async run(test: string, args: readonly string[], limits: Limits, coverage?: string): Promise<Ended> {
    mkdirSync(this.#tmp, { recursive: true });
    // As the usual one: some tests run as another user.
    chmodSync(this.#tmp, 0o1777);
    const env = { TMPDIR: this.#tmp, ...(coverage === undefined ? {} : { NODE_V8_COVERAGE: coverage }) };
    try {
      return await runNode([join('build', 'test', test), ...args], this.path, env, limits);
    } finally {
      rmSync(this.#tmp, { recursive: true, force: true, maxRetries: 3 });
    }
  }
}

/** So many copies of the tree, for as long as `work` goes on; removed also when it is interrupted. */
export async function withSlots<T>(
  tree: string,
  count: number,
  work: (slots: readonly Slot[]) => Promise<T>,
): Promise<T> {
  // Short, because sockets lie below it; readable, because some tests run as another user.
  const base = mkdtempSync(join(tmpdir(), 'fsm-'));
  chmodSync(base, 0o755);
  const remove = () => {
    killAll();
    endStrays(base);
    rmSync(base, { recursive: true, force: true, maxRetries: 3 });
  };
  const interrupted = (signal: NodeJS.Signals) => {
    remove();
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, interrupted);
  try {
    const slots = Array.from({ length: count }, (_, at) => new Slot(join(base, String(at)), tree));
    return await work(slots);
  } finally {
    for (const signal of signals) process.off(signal, interrupted);
    remove();
  }
}

/** Does all of it, one thing at a time in each slot. */
export async function shared<T>(
  slots: readonly Slot[],
  all: readonly T[],
  work: (slot: Slot, one: T) => Promise<void>,
): Promise<void> {
  const waiting = [...all];
  await Promise.all(
    slots.map(async (slot) => {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await work(slot, one);
    }),
  );
}
