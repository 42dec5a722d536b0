import { SyncError } from '../../src/errors.ts';
import type { World } from './world.ts';

export interface WatchedPass {
  readonly op: string;
  isProbe: boolean;
}

/** Whoever learns from refusals meets a limit less often than this, once it has met it a few times. */
const mostInMinute = 15;
const togetherMs = 500;

/** What may be one file's own affair closes nothing for the others. */
const mayBeOwn: ReadonlySet<string> = new Set(['credits', 'forbidden', 'no_destination', 'not_flora', 'redirected']);

/**
 * Holds the engine to what a closed gate means, knowing nothing of `sync/gate.ts`: after FLORA as a whole was in trouble, no
 * request begins before its time, and then one at a time until one that began after the closing was answered.
 */
export class GateWatch {
  readonly #world: World;
  #isClosed = false;
  #closedUntilMs = 0;
  #probe: WatchedPass | null = null;
  #limitedMs: readonly number[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  begin(op: string): WatchedPass {
    const pass: WatchedPass = { op, isProbe: false };
    if (!this.#isClosed) return pass;
    const { timeline, trace } = this.#world;
    if (timeline.nowMs < this.#closedUntilMs) trace.violate(`${op} was asked while the gate is closed`);
    if (this.#probe !== null) trace.violate(`${op} was asked beside the probe ${this.#probe.op}`);
    pass.isProbe = true;
    this.#probe = pass;
    return pass;
  }

  /** FLORA's own limit refused a request: those that were on their way together count once. */
  limited(): void {
    const { timeline, trace } = this.#world;
    const { nowMs } = timeline;
    if (nowMs - (this.#limitedMs.at(-1) ?? Number.NEGATIVE_INFINITY) < togetherMs) return;
    this.#limitedMs = [...this.#limitedMs.filter((atMs) => nowMs - atMs < 60_000), nowMs];
    if (this.#limitedMs.length > mostInMinute) trace.violate(`the limit was met ${mostInMinute} times in a minute`);
  }

  answered(pass: WatchedPass): void {
    if (pass !== this.#probe) return;
    this.#probe = null;
    this.#isClosed = false;
  }

  cancelled(pass: WatchedPass): void {
    if (pass === this.#probe) this.#probe = null;
  }

  failed(pass: WatchedPass, error: unknown): void {
    if (!(error instanceof SyncError)) return;
    const isSilence = error.status === undefined;
    if ((error.scope !== 'service' || mayBeOwn.has(error.code)) && !(isSilence && pass === this.#probe)) {
      this.answered(pass);
      return;
    }
    // What was under way when it closed tells nothing new, except how long FLORA wants to be left alone.
    const isLate = this.#isClosed && pass !== this.#probe;
    if (pass === this.#probe) this.#probe = null;
    this.#isClosed = true;
    // A quarter of the first backoff is the least that the gate may wait.
    const leastMs = isLate ? 0 : error.disposition === 'wait' ? 500 : 125;
    const untilMs = this.#world.timeline.nowMs + (error.retryAfterMs ?? leastMs);
    this.#closedUntilMs = Math.max(this.#closedUntilMs, untilMs);
  }
}
