import type { ClockPort } from '../ports/runtime.ts';

export interface Hint {
  readonly folderId: number;
  readonly directory: string;
  /** Null: anything in the directory. */
  readonly name: string | null;
}

export interface HintedDirectory {
  readonly folderId: number;
  readonly directory: string;
  readonly names: ReadonlySet<string> | null;
}

/** Hints that come within this of each other are handled as one. */
const gatherMs = 20;
/** More names than this in one directory are not kept apart. */
const mostNames = 256;

/** Gathers hints by directory and hands them on one directory at a time. */
export class Hints {
  readonly #clock: ClockPort;
  readonly #handle: (hinted: HintedDirectory) => Promise<void>;
  readonly #onHandled: () => void;
  #gathered = new Map<string, { folderId: number; directory: string; names: Set<string> | null }>();
  #timer: { cancel(): void } | undefined;
  #isHandling = false;

  constructor(clock: ClockPort, handle: (hinted: HintedDirectory) => Promise<void>, onHandled: () => void) {
    this.#clock = clock;
    this.#handle = handle;
    this.#onHandled = onHandled;
  }

  get isIdle(): boolean {
    return this.#gathered.size === 0 && !this.#isHandling;
  }

  add({ folderId, directory, name }: Hint): void {
    const key = `${folderId}/${directory}`;
    const gathered = this.#gathered.get(key) ?? { folderId, directory, names: new Set<string>() };
    this.#gathered.set(key, gathered);
    if (name === null) gathered.names = null;
    else gathered.names?.add(name);
    if (gathered.names !== null && gathered.names.size > mostNames) gathered.names = null;
    this.#arm();
  }

  close(): void {
    this.#timer?.cancel();
    this.#gathered.clear();
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#isHandling || this.#gathered.size === 0) return;
    this.#timer = this.#clock.setTimer(gatherMs, () => {
      this.#timer = undefined;
      void this.#handleAll();
    });
  }

  async #handleAll(): Promise<void> {
    const gathered = this.#gathered;
    this.#gathered = new Map();
    this.#isHandling = true;
    // The handler answers for its own errors.
    for (const hinted of gathered.values()) await this.#handle(hinted);
    this.#isHandling = false;
    this.#arm();
    this.#onHandled();
  }
}
