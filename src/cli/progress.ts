import type { DestinationStream } from 'pino';
import type { Content } from '../core/content.ts';
import { isActive } from '../core/content.ts';
import { showPath } from '../core/show-text.ts';
import { systemClock, type Timer } from '../runtime/clock.ts';
import { columnsOf, draw } from './output.ts';
import { LiveLine, type LiveTerminal } from './show/live-line.ts';
import { progressLine } from './show/progress-line.ts';

/** What is still to do. */
export interface Backlog {
  /** Contents that are not in FLORA yet, and their bytes. */
  readonly count: number;
  readonly bytes: number;
  /** Files that are not in the ledger yet. */
  readonly pendingFiles: number;
  /** Some of these are compared with what FLORA has already. */
  readonly isMatching: boolean;
}

export interface Progress {
  readonly isShown: boolean;
  /** Where log lines go while the bar is there: above it. Undefined: wherever they always go. */
  readonly logStream: DestinationStream | undefined;
  changed(before: Content, after: Content): void;
  sent(content: Content, bytes: number): void;
  /** What is done beside sending, in words; null when it is done. */
  begin(phase: string | null): void;
  /** Whom to ask what is still to do. */
  watch(backlog: () => Backlog): void;
  stop(): void;
}

const silent: Progress = {
  isShown: false,
  logStream: undefined,
  changed: () => {},
  sent: () => {},
  begin: () => {},
  watch: () => {},
  stop: () => {},
};

/** The rate is that of the last so many milliseconds, so that it follows what happens. */
const rateWindowMs = 5_000;
const redrawMs = 200;
/** What a file weighs beside its bytes: its requests take about as long as these. */
const fileWeightBytes = 256 * 1024;

/** What is done while FLORA's listing is read, or files of unknown fate are compared with it. */
export const comparing = 'comparing with FLORA';

/** Files, bytes, rate, time left and current names on a terminal's stderr; nothing at all elsewhere. */
export function startProgress(): Progress {
  const isDumb = process.env['TERM'] === 'dumb';
  if (process.stderr.isTTY !== true || isDumb) return silent;
  return new TerminalProgress({ draw, columns: () => columnsOf(process.stderr) });
}

interface Sample {
  readonly atMs: number;
  readonly bytes: number;
  readonly files: number;
}

/** A content on its way, with what was sent of it since its present upload began. */
interface Current {
  readonly name: string;
  sentBytes: number;
}

/** Redraws its line until it is stopped. */
export class TerminalProgress implements Progress {
  readonly isShown = true;
  readonly #line: LiveLine;
  readonly #terminal: LiveTerminal;
  readonly #current = new Map<number, Current>();
  readonly #startedMs = systemClock.monotonic();
  readonly #samples: Sample[] = [];
  #phase: string | null = null;
  #doneFiles = 0;
  #doneBytes = 0;
  #sentBytes = 0;
  #backlog: Backlog = { count: 0, bytes: 0, pendingFiles: 0, isMatching: false };
  #countsAtMs = 0;
  #count: () => Backlog = () => this.#backlog;
  #timer: Timer | undefined;

  constructor(terminal: LiveTerminal) {
    this.#terminal = terminal;
    this.#line = new LiveLine(terminal);
    this.#schedule();
  }

  get logStream(): DestinationStream {
    return this.#line.log;
  }

  changed(before: Content, after: Content): void {
    // Each try begins with the first byte.
    if (after.state === 'reserved') this.#current.set(after.id, { name: after.fileName, sentBytes: 0 });
    if (!isActive(before.state) || isActive(after.state)) return;
    this.#current.delete(after.id);
    if (after.state !== 'ready') return;
    this.#doneFiles += 1;
    this.#doneBytes += after.sizeBytes;
    this.#samples.push({ atMs: systemClock.monotonic(), bytes: 0, files: 1 });
  }

  sent({ id, sizeBytes }: Content, bytes: number): void {
    this.#sentBytes += bytes;
    const current = this.#current.get(id);
    if (current !== undefined) current.sentBytes = Math.min(sizeBytes, current.sentBytes + bytes);
    this.#samples.push({ atMs: systemClock.monotonic(), bytes, files: 0 });
  }

  begin(phase: string | null): void {
    this.#phase = phase;
    this.draw();
  }

  watch(backlog: () => Backlog): void {
    this.#count = backlog;
    this.#countsAtMs = 0;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#line.end();
  }

  draw(): void {
    const nowMs = systemClock.monotonic();
    if (nowMs >= this.#countsAtMs) this.#look(nowMs);
    const { count, bytes, pendingFiles, isMatching } = this.#backlog;
    const partial = [...this.#current.values()].reduce((sum, { sentBytes }) => sum + sentBytes, 0);
    const rate = this.#rate(nowMs);
    const totalFiles = this.#doneFiles + count + pendingFiles;
    const done = this.#doneBytes + partial + this.#doneFiles * fileWeightBytes;
    const total = this.#doneBytes + bytes + totalFiles * fileWeightBytes;
    const state = {
      phase: this.#phase ?? (isMatching ? comparing : null),
      doneFiles: this.#doneFiles,
      totalFiles,
      share: total === 0 ? 0 : done / total,
      sentBytes: this.#sentBytes,
      rate: rate.bytes,
      // Many small files go by their number, few large ones by their bytes: whichever promises more is the one that counts.
      leftSeconds:
        count + pendingFiles === 0
          ? Number.POSITIVE_INFINITY
          : Math.min(Math.max(0, bytes - partial) / rate.bytes, (count + pendingFiles) / rate.files),
      names: [...this.#current.values()].map(({ name }) => showPath(name)),
    };
    this.#line.show(progressLine(state, this.#terminal.columns() - 1));
  }

  #schedule(): void {
    this.#timer = systemClock.setTimer(redrawMs, () => {
      this.draw();
      this.#schedule();
    });
  }

  /** Counting costs with the backlog: the longer it took, the longer until the next time. */
  #look(startedMs: number): void {
    this.#backlog = this.#count();
    const endedMs = systemClock.monotonic();
    this.#countsAtMs = endedMs + (endedMs - startedMs) * 50;
  }

  /** Bytes and files a second, over the window. */
  #rate(nowMs: number): { readonly bytes: number; readonly files: number } {
    while ((this.#samples[0]?.atMs ?? nowMs) < nowMs - rateWindowMs) this.#samples.shift();
    const seconds = Math.max(1, Math.min(rateWindowMs, nowMs - this.#startedMs) / 1000);
    const sum = { bytes: 0, files: 0 };
    for (const { bytes, files } of this.#samples) {
      sum.bytes += bytes;
      sum.files += files;
    }
    return { bytes: sum.bytes / seconds, files: sum.files / seconds };
  }
}
