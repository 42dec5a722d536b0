import type { ClockPort } from '../ports/runtime.ts';

export interface Hint {
  /** Of a drop folder. */
  readonly root: string;
  readonly directory: string;
  /** Null: anything in the directory. */
  readonly name: string | null;
}

export interface HintedDirectory {
  readonly root: string;
  readonly directory: string;
  readonly names: ReadonlySet<string> | null;
}

/** Takes one directory after the other; answers for its own errors. */
export type HintHandler = (hinted: HintedDirectory) => Promise<void>;

/** Hints that come within this of the first one are handled as one; the wait does not grow with later ones. */
const gatherMs = 20;
/** With more names than this, reading the directory once is cheaper than looking at each. */
const mostNames = 64;

/**
 * Where something may have happened: the one place that gathers what watchers, workers and the intake itself noticed, by
 * directory. Hints may come before anybody handles them.
 */
export class Hints {
  readonly #clock: ClockPort;
  #gathered = new Map<string, { root: string; directory: string; names: Set<string> | null }>();
  #handle: HintHandler | null = null;
  #onIdle: () => void = () => {};
  #timer: { cancel(): void } | undefined;
  #isHandling = false;
  #isClosed = false;

  constructor(clock: ClockPort) {
    this.#clock = clock;
  }

  get isIdle(): boolean {
    return this.#gathered.size === 0 && !this.#isHandling;
  }

  add({ root, directory, name }: Hint): void {
    if (this.#isClosed) return;
    const key = `${root}/${directory}`;
    const gathered = this.#gathered.get(key) ?? { root, directory, names: new Set<string>() };
    this.#gathered.set(key, gathered);
    if (name === null) gathered.names = null;
    else gathered.names?.add(name);
    if (gathered.names !== null && gathered.names.size > mostNames) gathered.names = null;
    this.#arm();
  }

  /** From now on the handler gets them, and `onIdle` is called each time that all were handled. */
  handleWith(handle: HintHandler, onIdle: () => void): void {
    this.#handle = handle;
    this.#onIdle = onIdle;
    this.#arm();
  }

  /** Forgets what was gathered, and whatever comes. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#gathered.clear();
  }

  #arm(): void {
    const handle = this.#handle;
    if (handle === null || this.#timer !== undefined || this.#isHandling || this.#gathered.size === 0) return;
    this.#timer = this.#clock.setTimer(gatherMs, () => {
      this.#timer = undefined;
      void this.#handleAll(handle);
    });
  }

  async #handleAll(handle: HintHandler): Promise<void> {
    const gathered = this.#gathered;
    this.#gathered = new Map();
    this.#isHandling = true;
    for (const hinted of gathered.values()) await handle(hinted);
    this.#isHandling = false;
    this.#arm();
    this.#onIdle();
  }
}
