import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from './world.ts';

/** libfaketime, wherever the distribution keeps it. */
const library = ['/usr/lib', '/usr/lib64', '/usr/local/lib']
  .filter((directory) => existsSync(directory))
  .flatMap((directory) => [directory, ...readdirSync(directory).map((name) => join(directory, name))])
  .map((directory) => join(directory, 'faketime', 'libfaketime.so.1'))
  .find((path) => existsSync(path));

/** Why clocks cannot be moved here, for a test's `skip`; false when they can. */
export const whyNoFakeClock: string | false = library === undefined ? 'libfaketime is not installed' : false;

/** A wall clock, for processes started with `env`, that can be moved while they run. Timers and files are not fooled. */
export class FakeClock {
  readonly env: Readonly<Record<string, string>>;
  readonly #path: string;

  constructor(world: World, offset: string) {
    this.#path = join(world.base, 'clock');
    this.env = {
      LD_PRELOAD: library ?? '',
      FAKETIME_TIMESTAMP_FILE: this.#path,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
    this.set(offset);
  }

  /** libfaketime's words: `+1d`, `-1d`. */
  set(offset: string): void {
    // Never half written: it is read at each look at the clock.
    writeFileSync(`${this.#path}.new`, `${offset}\n`);
    renameSync(`${this.#path}.new`, this.#path);
  }
}
