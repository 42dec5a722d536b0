import type { Socket } from 'node:net';
import { deadlines, type SetTimer } from './exchange.ts';
import { takenBytes, unconfirmedBytes } from './socket-queue.ts';

export interface SendLimits {
  /** How often an upload is looked at. */
  readonly lookMs: number;
  /** Without any progress while bytes of it are known to be still here. */
  readonly stallMs: number;
  /** Without an answer once they have left, besides what they may need on a way that we do not see. */
  readonly firstByteMs: number;
  /** A line that is slower is not waited for where it cannot be seen. */
  readonly leastBytesPerMs: number;
}

export const sendLimits: SendLimits = {
  lookMs: deadlines.stallMs / 4,
  stallMs: deadlines.stallMs,
  firstByteMs: deadlines.firstByteMs,
  leastBytesPerMs: 8,
};

interface SendDeps {
  readonly setTimer: SetTimer;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonicMs: () => number;
  readonly limits: SendLimits;
}

/** How far an upload has come, as it was seen last. */
export interface SendProgress {
  readonly sentBytes: number;
  /** From its first byte until it was seen. */
  readonly seenMs: number;
  /** From its first byte until it was seen to move last. */
  readonly movedMs: number;
  /** All of it has left this machine, as far as can be seen from here. */
  readonly hasLeft: boolean;
}

/** What buffers hold that we cannot look into: a proxy's, or the kernel's where it does not tell. Linux has 4 MB for each. */
const mostHiddenBytes = 4 << 20;

/**
 * How long the bytes that have left may still be on their way: as many as fit into a buffer, at the rate at which those before
 * them must have gone, or the slowest that is waited for.
 */
export function hiddenMs(sentBytes: number, tookMs: number, leastBytesPerMs: number): number {
  const seenRate = tookMs > 0 ? (sentBytes - mostHiddenBytes) / tookMs : 0;
  return Math.min(sentBytes, mostHiddenBytes) / Math.max(leastBytesPerMs, seenRate);
}

/**
 * Watches whether a request's bytes move, from the first one on: by what the other end has confirmed, not by what was handed
 * over. Calls `onStuck` once if nothing of it moves for too long, or no answer comes in time after all of it has left.
 */
export class SendWatch {
  readonly #deps: SendDeps;
  readonly #lengthBytes: number;
  readonly #onStuck: () => void;
  #timer: { cancel(): void } | null = null;
  #socket: Socket | null = null;
  #isOver = false;
  #beganMs: number | null = null;
  /** What the socket had taken before. */
  #beforeBytes = 0;
  /** Not bound by the length: with the request's head, and encrypted where the connection is. */
  #sentBytes = 0;
  #movedMs = 0;
  #progress: SendProgress | null = null;

  constructor(deps: SendDeps, lengthBytes: number, onStuck: () => void) {
    this.#deps = deps;
    this.#lengthBytes = lengthBytes;
    this.#onStuck = onStuck;
  }

  /** @param socket null where nothing can be seen */
  start(socket: Socket | null): void {
    if (this.#isOver || this.#beganMs !== null) return;
    this.#socket = socket;
    this.#beforeBytes = socket === null ? 0 : takenBytes(socket);
    this.#beganMs = this.#deps.monotonicMs();
    this.#wait();
  }

  /** For good. */
  stop(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  /** Since the first byte; null before it. */
  elapsedMs(): number | null {
    return this.#beganMs === null ? null : this.#deps.monotonicMs() - this.#beganMs;
  }

  /** Null before it was looked at. */
  get progress(): SendProgress | null {
    return this.#progress;
  }

  #wait(): void {
    this.#timer = this.#deps.setTimer(this.#deps.limits.lookMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const socket = this.#socket;
    const queued = socket === null ? null : await unconfirmedBytes(socket);
    if (this.#isOver) return;
    const taken = socket === null ? 0 : takenBytes(socket) - this.#beforeBytes;
    const seenMs = this.elapsedMs() ?? 0;
    const sentBytes = taken - (queued ?? 0);
    // The two are not counted in the same instant, so that it may seem to be less for once.
    if (sentBytes !== this.#sentBytes) this.#movedMs = seenMs;
    this.#sentBytes = sentBytes;
    const movedMs = this.#movedMs;
    const hasLeft = sentBytes >= this.#lengthBytes;
    this.#progress = { sentBytes: Math.min(Math.max(0, sentBytes), this.#lengthBytes), seenMs, movedMs, hasLeft };
    const { stallMs, firstByteMs, leastBytesPerMs } = this.#deps.limits;
    // Of a full buffer further on nothing is seen from here until about a third of it is free (Linux: `sk_stream_is_writeable`).
    const isWaitingHere = queued !== null && !hasLeft;
    const hidden = hiddenMs(isWaitingHere ? sentBytes : taken, movedMs, leastBytesPerMs) / (isWaitingHere ? 3 : 1);
    if (seenMs - movedMs < (hasLeft ? firstByteMs : stallMs) + hidden) return this.#wait();
    this.#onStuck();
  }
}
