import { writeSync } from 'node:fs';
import { errnoCode } from '../errors.ts';

interface LogSinkOptions {
  readonly descriptor: number;
  /** Writes a line that says how many were lost, through the sink. */
  readonly onLost: (count: number) => void;
  /** As `fs.writeSync`: returns how many bytes were taken. */
  readonly writeSome?: (descriptor: number, bytes: Uint8Array) => number;
}

/** How long a reader that is behind is waited for, in all, before lines are lost. */
const patienceMs = 1_000;
const pauseMs = 10;

/**
 * Where lines of the log go: written whole when the call returns, whatever comes next. A disk that is full, a reader that went
 * away or a terminal that was closed never throws here: those lines are lost, and counted, and the first that can be
 * written again says so before it.
 */
export class LogSink {
  readonly #options: LogSinkOptions;
  #lost = 0;
  /** The last line was written: the next one is worth some waiting. */
  #isPatient = true;
  /** Part of a line stands there. */
  #isCut = false;

  constructor(options: LogSinkOptions) {
    this.#options = options;
  }

  write(line: string): void {
    const lost = this.#lost;
    if (lost > 0) {
      this.#lost = 0;
      // Comes back here.
      this.#options.onLost(lost);
      if (this.#lost > 0) {
        // Nor could that be said; this one is not tried.
        this.#lost = lost + 1;
        return;
      }
    }
    this.#isPatient = this.#put(line);
    if (!this.#isPatient) this.#lost += 1;
  }

  #put(line: string): boolean {
    const { descriptor, writeSome = writeSync } = this.#options;
    const bytes = Buffer.from(this.#isCut ? `\n${line}` : line);
    let leftMs = this.#isPatient ? patienceMs : 0;
    for (let written = 0; written < bytes.length; ) {
      try {
        written += writeSome(descriptor, bytes.subarray(written));
        this.#isCut = true;
      } catch (error) {
        const code = errnoCode(error);
        if (code === undefined) throw error;
        if (code === 'EINTR') continue;
        if (code !== 'EAGAIN' || leftMs <= 0) return false;
        // A pipe that does not block is full. Blocks as one that does would, but not for ever.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
        leftMs -= pauseMs;
      }
    }
    this.#isCut = false;
    return true;
  }
}
