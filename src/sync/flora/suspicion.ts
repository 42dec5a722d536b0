import { type BackoffLimits, backoffMs } from '../../core/backoff.ts';
import type { SyncError } from '../../errors.ts';
import type { RandomPort } from '../ports/runtime.ts';
import type { Call, Pass } from './call.ts';

/** So many refusals, of different files where there are any, without a grant between them are the service's. */
const refusalsThatTell = 3;
/** What nobody asks for any more is told no longer. */
const forgottenMs = 600_000;
/** While a person has to act (credits, plan), asking more often than this helps nobody. */
const waitingBackoff: BackoffLimits = { baseMs: 2_000, capMs: 60_000 };
/** So many files are remembered as those that alone were refused. */
const mostProven = 10_000;

/**
 * One operation that FLORA, or something in between, has refused: whether that is about the file or about everybody is found
 * out by asking for other files, one at a time. Times are monotonic milliseconds.
 */
export class Suspicion {
  error: SyncError;
  /** The one request that is allowed at a time. */
  probe: Pass | null = null;
  readonly #random: RandomPort;
  /** Refused since the last proof. */
  #suspects = new Set<number>();
  /** Refused while others were granted the same. */
  readonly #proven = new Set<number>();
  #row = 0;
  #largestBytes = 0;
  #suspectsFromMs = 0;
  #othersFromMs = 0;
  #touchedMs = 0;
  /** Nobody is stopped: another file got through. */
  #isOpen = true;

  constructor(error: SyncError, random: RandomPort) {
    this.error = error;
    this.#random = random;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether people are told: it is the service's, as far as can be known. */
  get isTold(): boolean {
    return !this.#isOpen && this.#row >= refusalsThatTell;
  }

  isSuspect({ file }: Call): boolean {
    return file !== null && (this.#suspects.has(file.id) || this.#proven.has(file.id));
  }

  /** Milliseconds until this may be asked; Infinity until something changes. */
  waitMs(call: Call, nowMs: number): number {
    if (this.#isOpen) return 0;
    if (this.probe !== null) return Number.POSITIVE_INFINITY;
    return Math.max(
      0,
      (this.isSuspect(call) || call.file === null ? this.#suspectsFromMs : this.#othersFromMs) - nowMs,
    );
  }

  /** One more was refused. */
  refused(pass: Pass, error: SyncError, nowMs: number): void {
    const { file } = pass.call;
    this.error = error;
    this.#touchedMs = nowMs;
    const isKnown = file !== null && this.#proven.has(file.id);
    // What was under way when it began is no further evidence, and neither is what is known of this file.
    const isEvidence = this.#isOpen ? !isKnown : pass === this.probe;
    if (pass === this.probe) this.probe = null;
    if (isEvidence) {
      this.#row += 1;
      this.#isOpen = false;
      this.#suspectsFromMs = nowMs + this.#backoffMs();
      this.#othersFromMs = this.isTold ? this.#suspectsFromMs : nowMs;
    }
    if (file === null || isKnown) return;
    this.#suspects.add(file.id);
    this.#largestBytes = Math.max(this.#largestBytes, file.sizeBytes);
  }

  /** A request of this operation was granted. */
  granted(pass: Pass): void {
    if (!this.#isOpen && pass !== this.probe) return;
    this.probe = null;
    this.#isOpen = true;
    const { file } = pass.call;
    if (file !== null && (this.#proven.delete(file.id) || this.#suspects.has(file.id))) this.#suspects.delete(file.id);
    // Credits may suffice for few bytes, and for no more.
    else if (this.error.code === 'credits' && (file?.sizeBytes ?? 0) < this.#largestBytes) return;
    this.#row = 0;
    this.#largestBytes = 0;
    for (const id of this.#suspects) if (this.#proven.size < mostProven) this.#proven.add(id);
    this.#suspects = new Set();
  }

  /** The probe told nothing. */
  unclear(nowMs: number): void {
    this.probe = null;
    this.#suspectsFromMs = Math.max(this.#suspectsFromMs, nowMs + this.#backoffMs());
    if (this.isTold) this.#othersFromMs = this.#suspectsFromMs;
  }

  /** A person says that it is mended. */
  hurry(nowMs: number): void {
    this.#suspectsFromMs = nowMs;
    this.#othersFromMs = nowMs;
  }

  /** Whether nobody has been refused for long. */
  isForgotten(nowMs: number): boolean {
    return this.probe === null && nowMs - this.#touchedMs > forgottenMs;
  }

  #backoffMs(): number {
    return backoffMs(this.#row - refusalsThatTell + 1, this.#random.fraction(), waitingBackoff);
  }
}
