import { type BackoffLimits, backoffMs } from '../../core/backoff.ts';
import { SyncError } from '../../errors.ts';
import type { RandomPort } from '../ports/runtime.ts';
import type { Pass } from './call.ts';

/** While a person has to act (a new key), asking more often than this helps nobody. */
const waitingBackoff: BackoffLimits = { baseMs: 2_000, capMs: 60_000 };

/** Short: what is mended should go on soon, and healthy files wait behind the probe. */
const outageBackoff: BackoffLimits = { baseMs: 1_000, capMs: 10_000 };
const unreachableBackoff: BackoffLimits = { baseMs: 500, capMs: 10_000 };

/** So many server errors in a row, and within this, are trouble with FLORA and not with the files that met them. */
const mostStumbles = 8;
const stumblingMs = 10_000;

/** Trouble with the service as a whole: since when, why, and when it may be asked next. Times are monotonic milliseconds. */
export class Outage {
  trouble: SyncError | null = null;
  /** The one request that looks whether it is over. */
  probe: Pass | null = null;
  readonly #random: RandomPort;
  readonly #suspect: (error: SyncError) => string | null;
  /** Files whose requests closed it: others look first. */
  #closers = new Set<number>();
  #stumblers = new Set<number>();
  #opensAtMs = 0;
  /** Until when FLORA itself has asked not to be asked. */
  #askedUntilMs = 0;
  #failures = 0;
  #stumbles = 0;
  #stumblingSinceMs = 0;

  constructor(random: RandomPort, suspect: (error: SyncError) => string | null) {
    this.#random = random;
    this.#suspect = suspect;
  }

  /** Monotonic: when the next probe may go. */
  get opensAtMs(): number {
    return this.#opensAtMs;
  }

  isCloser(id: number): boolean {
    return this.#closers.has(id);
  }

  /** Milliseconds until a probe may go; Infinity while one is under way. */
  waitMs(nowMs: number): number {
    return this.probe === null ? Math.max(0, this.#opensAtMs - nowMs) : Number.POSITIVE_INFINITY;
  }

  /**
   * The service is in trouble. Returns whether this is evidence: requests that were under way when it began tell nothing new,
   * except how long FLORA wants to be left alone.
   */
  failed(pass: Pass, error: SyncError, nowMs: number, waitMs?: number): boolean {
    const isProbe = pass === this.probe;
    const isEvidence = this.trouble === null || isProbe;
    if (isProbe) this.probe = null;
    if (isEvidence) {
      this.#failures += 1;
      // What stumbled before it closed did so together.
      if (this.trouble === null) this.#closers = new Set(error.code === 'unavailable' ? this.#stumblers : []);
      if (pass.call.file !== null) this.#closers.add(pass.call.file.id);
    }
    if (isEvidence || error.code === 'rate_limited') this.trouble = error;
    const named = error.retryAfterMs;
    if (named !== undefined) this.#askedUntilMs = Math.max(this.#askedUntilMs, nowMs + named);
    const ownMs = waitMs ?? this.#waitMs(error);
    if (isEvidence || named !== undefined) this.#opensAtMs = Math.max(this.#opensAtMs, nowMs + ownMs);
    return isEvidence;
  }

  /**
   * FLORA answered that it could not (5xx), or what nobody can read. One file may be to blame for that; but when nothing else
   * comes any more, each of a hundred thousand files would have to find out by itself. Returns the trouble, if that is what it is.
   */
  stumbled(pass: Pass, error: SyncError, nowMs: number): SyncError | null {
    if (this.trouble?.code === 'unavailable' && pass === this.probe) return outage(error, this.#suspect(error));
    if (this.#stumbles === 0 || nowMs - this.#stumblingSinceMs > stumblingMs) {
      this.#stumbles = 0;
      this.#stumblers.clear();
      this.#stumblingSinceMs = nowMs;
    }
    this.#stumbles += 1;
    if (pass.call.file !== null) this.#stumblers.add(pass.call.file.id);
    const isTrouble = this.trouble === null && this.#stumbles >= mostStumbles;
    return isTrouble ? outage(error, this.#suspect(error)) : null;
  }

  /** The answer to the probe was lost: that tells no more than that it is not over. */
  lost(nowMs: number): void {
    this.probe = null;
    this.#failures += 1;
    this.#opensAtMs = nowMs + backoffMs(this.#failures, this.#random.fraction(), unreachableBackoff);
  }

  noStumble(): void {
    this.#stumbles = 0;
  }

  /** FLORA answered this request. An answer to one from before the closing opens nothing; true where it is over. */
  answered(pass: Pass): boolean {
    if (this.trouble === null) {
      this.#failures = 0;
      return false;
    }
    if (pass !== this.probe) return false;
    this.probe = null;
    this.#failures = 0;
    this.trouble = null;
    return true;
  }

  /** The next probe may go at once, but not before FLORA said. */
  hurry(nowMs: number): void {
    this.#opensAtMs = Math.min(this.#opensAtMs, Math.max(nowMs, this.#askedUntilMs));
  }

  #waitMs(error: SyncError): number {
    const patient = error.disposition === 'wait' ? waitingBackoff : unreachableBackoff;
    const limits = error.code === 'unavailable' ? outageBackoff : patient;
    const ownMs = backoffMs(this.#failures, this.#random.fraction(), limits);
    if (error.retryAfterMs === undefined) return ownMs;
    // Spread what FLORA asked for upwards only, so that several clients do not come back in step.
    return error.retryAfterMs + Math.min(ownMs, 1_000);
  }
}

function outage(error: SyncError, suspicion: string | null): SyncError {
  const told = suspicion === null ? error.message : `${error.message}); ${suspicion}`;
  const message = `FLORA answers nothing but errors now (${told}${suspicion === null ? ')' : ''}`;
  return new SyncError(message, {
    code: 'unavailable',
    scope: 'service',
    disposition: 'retry',
    op: error.op,
    status: error.status,
    requestId: error.requestId,
    retryAfterMs: error.retryAfterMs,
    hint: suspicion === null ? 'Nothing is wrong here: it goes on by itself as soon as FLORA does.' : undefined,
    cause: error,
  });
}
