import { type BackoffLimits, backoffMs, retryBackoff } from '../core/backoff.ts';
import { SyncError } from '../errors.ts';
import type { ClockPort, RandomPort } from './ports.ts';

export interface GateDeps {
  readonly clock: ClockPort;
  readonly random: RandomPort;
  /** Told once when the gate closes or its reason changes (the error), and once when it opens again (null). */
  readonly onChange: (trouble: SyncError | null) => void;
  /**
   * Told each time that the service is found in trouble, once for requests that were under way together: the moment to look
   * for a new key, or to do with fewer uploads at once.
   */
  readonly onFailure?: (error: SyncError) => void;
  /** What may be behind nothing but errors, where more is known than the errors say. */
  readonly suspect?: (error: SyncError) => string | null;
}

/** Permission for one request. Its holder hands it back with what the request came to. */
export interface Pass {
  readonly isProbe: boolean;
}

/** Whether a file waits for the request, or it can wait until no file does. */
export type Urgency = 'file' | 'background';

/** While a person has to act (key, credits), asking more often than this helps nobody. */
const waitingBackoff: BackoffLimits = { baseMs: 2_000, capMs: 60_000 };

/** Short: the probe may be a file that FLORA fails at each time, and the healthy ones wait behind it. */
const outageBackoff: BackoffLimits = { baseMs: 1_000, capMs: 10_000 };

/** So many server errors in a row, and within this, are trouble with FLORA and not with the files that met them. */
const mostStumbles = 8;
const stumblingMs = 10_000;

/**
 * The one door to FLORA for the whole workspace. Trouble with the service as a whole (429, no network, refused key) closes
 * it for everybody; after a wait a single request goes through as a probe, and its outcome opens or closes the door again.
 * Nothing is counted against any file.
 */
export class Gate {
  readonly #deps: GateDeps;
  #trouble: SyncError | null = null;
  #opensAtMs = 0;
  #failures = 0;
  #probe: Pass | null = null;
  #waiters = new Set<() => void>();
  #filesWaiting = 0;
  #stumbles = 0;
  #stumblingSinceMs = 0;

  constructor(deps: GateDeps) {
    this.#deps = deps;
  }

  get trouble(): SyncError | null {
    return this.#trouble;
  }

  /**
   * Resolves when a request may be made, or to null when the signal is aborted first. While files wait, no request of the
   * background is the probe.
   */
  async enter(signal: AbortSignal, urgency: Urgency = 'file'): Promise<Pass | null> {
    while (!signal.aborted) {
      if (this.#trouble === null) return { isProbe: false };
      const waitMs = this.#opensAtMs - this.#deps.clock.monotonic();
      const mayProbe = urgency === 'file' || this.#filesWaiting === 0;
      if (waitMs <= 0 && this.#probe === null && mayProbe) {
        this.#probe = { isProbe: true };
        return this.#probe;
      }
      if (urgency === 'file') this.#filesWaiting += 1;
      await this.#changed(waitMs > 0 ? waitMs : undefined, signal);
      if (urgency === 'file') this.#filesWaiting -= 1;
    }
    // Whoever let files go first must not wait for one that has given up.
    this.#wake();
    return null;
  }

  /** FLORA answered, whatever it said of the one file. An answer to a request from before the closing opens nothing. */
  succeeded(pass: Pass): void {
    this.#stumbles = 0;
    this.#answered(pass);
  }

  /**
   * FLORA answered that it could not (5xx), or what nobody can read. One file may be to blame for that, so the gate stays as it is; but when nothing
   * else comes any more, each of a hundred thousand files would have to find out by itself.
   */
  stumbled(pass: Pass, error: SyncError): void {
    if (this.#trouble?.code === unavailable && pass === this.#probe) {
      this.failed(pass, outage(error, this.#deps.suspect?.(error) ?? null));
      return;
    }
    const nowMs = this.#deps.clock.monotonic();
    if (this.#stumbles === 0 || nowMs - this.#stumblingSinceMs > stumblingMs) {
      this.#stumbles = 0;
      this.#stumblingSinceMs = nowMs;
    }
    this.#stumbles += 1;
    this.#answered(pass);
    if (this.#trouble === null && this.#stumbles >= mostStumbles)
      this.failed(pass, outage(error, this.#deps.suspect?.(error) ?? null));
  }

  #answered(pass: Pass): void {
    if (this.#trouble === null) {
      this.#failures = 0;
      return;
    }
    if (pass !== this.#probe) return;
    this.#probe = null;
    this.#failures = 0;
    this.#trouble = null;
    this.#deps.onChange(null);
    this.#wake();
  }

  /** The request ended without telling anything (it was aborted): the next one may probe. */
  cancelled(pass: Pass): void {
    if (pass !== this.#probe) return;
    this.#probe = null;
    this.#wake();
  }

  /** A request was lost on the way: for a probe that is failure enough, for others it is their own affair. */
  unclear(pass: Pass): void {
    if (pass === this.#probe && this.#trouble !== null) this.failed(pass, this.#trouble);
  }

  failed(pass: Pass, error: SyncError): void {
    const isNews = this.#trouble?.code !== error.code;
    // Requests that were under way when the gate closed are no further evidence.
    const isEvidence = this.#trouble === null || pass === this.#probe;
    if (isEvidence) this.#failures += 1;
    if (pass === this.#probe) this.#probe = null;
    this.#trouble = error;
    this.#opensAtMs = Math.max(this.#opensAtMs, this.#deps.clock.monotonic() + this.#waitMs(error));
    if (isEvidence) this.#deps.onFailure?.(error);
    if (isNews) this.#deps.onChange(error);
    this.#wake();
  }

  /** Lets the next probe through at once: a person says that it is mended. A wait that FLORA asked for is kept. */
  hurry(): void {
    if (this.#trouble === null || this.#trouble.retryAfterMs !== undefined) return;
    this.#opensAtMs = this.#deps.clock.monotonic();
    this.#wake();
  }

  #waitMs(error: SyncError): number {
    const patient = error.disposition === 'wait' ? waitingBackoff : retryBackoff;
    const limits = error.code === unavailable ? outageBackoff : patient;
    const ownMs = backoffMs(this.#failures, this.#deps.random.fraction(), limits);
    if (error.retryAfterMs === undefined) return ownMs;
    // Spread what FLORA asked for upwards only, so that several clients do not come back in step.
    return error.retryAfterMs + Math.min(ownMs, 1_000);
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }

  #changed(timeoutMs: number | undefined, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        timer?.cancel();
        signal.removeEventListener('abort', done);
        this.#waiters.delete(done);
        resolve();
      };
      const timer = timeoutMs === undefined ? undefined : this.#deps.clock.setTimer(timeoutMs, done);
      signal.addEventListener('abort', done, { once: true });
      this.#waiters.add(done);
    });
  }
}

const unavailable = 'unavailable';

function outage(error: SyncError, suspicion: string | null): SyncError {
  const told = suspicion === null ? error.message : `${error.message}); ${suspicion}`;
  const message = `FLORA answers nothing but errors now (${told}${suspicion === null ? ')' : ''}`;
  return new SyncError(message, {
    code: unavailable,
    scope: 'service',
    disposition: 'retry',
    op: error.op,
    status: error.status,
    requestId: error.requestId,
    hint: suspicion === null ? 'Nothing is wrong here: it goes on by itself as soon as FLORA does.' : undefined,
    cause: error,
  });
}
