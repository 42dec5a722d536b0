import { createRequire } from 'node:module';
import type { MultiBar, SingleBar } from 'cli-progress';
import type { DestinationStream } from 'pino';
import type { Content } from '../core/content.ts';
import { isActive } from '../core/content.ts';
import { showPath } from '../core/show-text.ts';
import type { Engine } from '../daemon/engine.ts';
import { systemClock } from '../runtime/clock.ts';
import { showBytes, showSeconds } from './output.ts';

export interface Progress {
  readonly isShown: boolean;
  /** Where log lines go while the bar is there: above it. Undefined: wherever they always go. */
  readonly logStream: DestinationStream | undefined;
  changed(before: Content, after: Content): void;
  sent(content: Content, bytes: number): void;
  update(engine: Engine): void;
  stop(): void;
}

const silent: Progress = {
  isShown: false,
  logStream: undefined,
  changed: () => {},
  sent: () => {},
  update: () => {},
  stop: () => {},
};

/** The rate is that of the last so many milliseconds, so that it follows what happens. */
const rateWindowMs = 5_000;
const redrawMs = 200;

/** Files, bytes, rate, time left and current names on a terminal's stderr; nothing at all elsewhere. */
export function startProgress(isTerminal: boolean): Progress {
  return isTerminal ? new TerminalProgress() : silent;
}

interface Sample {
  readonly atMs: number;
  readonly bytes: number;
  readonly files: number;
}

class TerminalProgress implements Progress {
  readonly isShown = true;
  readonly logStream: DestinationStream;
  readonly #bars: MultiBar;
  readonly #bar: SingleBar;
  readonly #current = new Map<number, string>();
  readonly #startedMs = systemClock.monotonic();
  readonly #samples: Sample[] = [];
  #doneFiles = 0;
  #sentBytes = 0;
  #waitingFiles = 0;
  #waitingBytes = 0;
  #inHand = 0;
  #countsAtMs = 0;
  #engine: Engine | undefined;
  #timer: { cancel(): void } | undefined;

  constructor() {
    // Loaded only where there is a terminal.
    const { MultiBar, Presets }: typeof import('cli-progress') = createRequire(import.meta.url)('cli-progress');
    const format = '{bar} {files}  {bytes}  {speed}  {left}  {names}';
    const options = { format, stream: process.stderr, hideCursor: true, clearOnComplete: true, barsize: 24 };
    this.#bars = new MultiBar({ ...options, forceRedraw: true, stopOnComplete: false }, Presets.shades_classic);
    this.#bar = this.#bars.create(1, 0, { files: 'scanning', bytes: '', speed: '', left: '', names: '' });
    this.logStream = { write: (line: string) => void this.#bars.log(line.endsWith('\n') ? line : `${line}\n`) };
    this.#schedule();
  }

  changed(before: Content, after: Content): void {
    if (after.state === 'reserved') this.#current.set(after.id, after.fileName);
    if (isActive(before.state) && !isActive(after.state)) {
      this.#current.delete(after.id);
      if (after.state !== 'ready') return;
      this.#doneFiles += 1;
      this.#samples.push({ atMs: systemClock.monotonic(), bytes: 0, files: 1 });
    }
  }

  sent(_content: Content, bytes: number): void {
    this.#sentBytes += bytes;
    this.#samples.push({ atMs: systemClock.monotonic(), bytes, files: 0 });
  }

  update(engine: Engine): void {
    this.#engine = engine;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#engine = undefined;
    this.#bars.stop();
  }

  #schedule(): void {
    this.#timer = systemClock.setTimer(redrawMs, () => {
      this.#draw();
      this.#schedule();
    });
  }

  /** Counting costs with the backlog: the longer it took, the longer until the next time. */
  #count(engine: Engine): void {
    const startedMs = systemClock.monotonic();
    const backlog = engine.ledger.contents.backlog();
    this.#waitingFiles = backlog.count;
    this.#waitingBytes = backlog.bytes;
    const endedMs = systemClock.monotonic();
    this.#countsAtMs = endedMs + (endedMs - startedMs) * 50;
  }

  /** Bytes and files a second, over the window. */
  #rate(nowMs: number): { bytes: number; files: number } {
    while ((this.#samples[0]?.atMs ?? nowMs) < nowMs - rateWindowMs) this.#samples.shift();
    const seconds = Math.max(1, Math.min(rateWindowMs, nowMs - this.#startedMs) / 1000);
    const sum = { bytes: 0, files: 0 };
    for (const { bytes, files } of this.#samples) {
      sum.bytes += bytes;
      sum.files += files;
    }
    return { bytes: sum.bytes / seconds, files: sum.files / seconds };
  }

  /** Many small files go by their number, few large ones by their bytes: whichever promises more is the one that counts. */
  #left(rate: { bytes: number; files: number }): string {
    const byBytes = this.#waitingBytes / rate.bytes;
    const byFiles = (this.#waitingFiles + this.#inHand) / rate.files;
    const seconds = Math.min(byBytes, byFiles);
    return Number.isFinite(seconds) ? `${showSeconds(seconds)} left` : '';
  }

  #draw(): void {
    const nowMs = systemClock.monotonic();
    if (this.#engine !== undefined) {
      this.#inHand = this.#engine.intake.inHand;
      if (nowMs >= this.#countsAtMs) this.#count(this.#engine);
    }
    const rate = this.#rate(nowMs);
    const total = this.#doneFiles + this.#waitingFiles + this.#inHand;
    this.#bar.setTotal(Math.max(1, total));
    const names = [...this.#current.values()].slice(0, 2).map((name) => shorten(showPath(name)));
    const more = this.#current.size > names.length ? ` +${this.#current.size - names.length}` : '';
    this.#bar.update(this.#doneFiles, {
      files: `${this.#doneFiles}/${total} files`,
      bytes: showBytes(this.#sentBytes),
      speed: `${showBytes(Math.round(rate.bytes))}/s`,
      left: this.#left(rate),
      names: names.join(', ') + more,
    });
  }
}

function shorten(name: string): string {
  return name.length <= 28 ? name : `${name.slice(0, 14)}…${name.slice(-13)}`;
}
