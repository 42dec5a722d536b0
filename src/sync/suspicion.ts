import { type BackoffLimits, backoffMs } from '../core/backoff.ts';
import { onAbort } from '../core/on-abort.ts';
import type { SyncError } from '../errors.ts';
import type { Call } from './call.ts';
import type { Pass } from './gate.ts';
import type { RandomPort } from './ports.ts';

/** What came of a refusal: it is this file's `own` affair, or it should be asked `again` at the gate. */
export type Verdict = 'own' | 'again';

interface Suspect {
  readonly settle: (verdict: Verdict) => void;
}

/** So many refusals, of different files where there are any, without a grant between them are the service's. */
const refusalsThatTell = 3;
/** What nobody asks for any more is told no longer. */
const forgottenMs = 600_000;
/** While a person has to act (credits, plan), asking more often than this helps nobody. */
const waitingBackoff: BackoffLimits = { baseMs: 2_000, capMs: 60_000 };

/**
 * One operation that FLORA, or something in between, has refused: whether that is about the file or about everybody is found
 * out by asking for other files, one at a time. The refused ones are held meanwhile, and nothing is held against them yet.
 */
export class Suspicion {
  error: SyncError;
  /** The one request that is allowed at a time. */
  probe: Pass | null = null;
  readonly #random: RandomPort;
  readonly #mostHeld: number;
  readonly #refused = new Set<number>();
  #held: Suspect[] = [];
  #row = 0;
  #largestBytes = 0;
  #suspectsFromMs = 0;
  #othersFromMs = 0;
  #nextInviteMs = 0;
  #touchedMs = 0;
  /** A file of fewer bytes got through: nobody is stopped, and nothing is proven. */
  #isOpen = false;

  constructor(error: SyncError, random: RandomPort, mostHeld: number) {
    this.error = error;
    this.#random = random;
    this.#mostHeld = mostHeld;
  }

  /** Whether people are told: it is the service's, as far as can be known. */
  get isTold(): boolean {
    return this.#row >= refusalsThatTell && !this.#isOpen;
  }

  isSuspect({ file }: Call): boolean {
    return file !== null && this.#refused.has(file.id);
  }

  get isOpen(): boolean {
    return this.#isOpen;
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

  /** One more was refused. Resolves when it is known what that means for it; to `again` when the signal is aborted first. */
  refused(pass: Pass, error: SyncError, nowMs: number, signal: AbortSignal): Promise<Verdict> {
    // What was under way when it began is no further evidence.
    const isEvidence = this.#row === 0 || this.#isOpen || pass === this.probe;
    if (pass === this.probe) this.probe = null;
    this.error = error;
    this.#touchedMs = nowMs;
    if (isEvidence) {
      this.#row += 1;
      this.#isOpen = false;
      const waitMs = backoffMs(this.#row, this.#random.fraction(), waitingBackoff);
      this.#suspectsFromMs = nowMs + waitMs;
      this.#othersFromMs = this.isTold ? this.#suspectsFromMs : nowMs;
    }
    const { file } = pass.call;
    if (file === null) return Promise.resolve('again');
    this.#refused.add(file.id);
    this.#largestBytes = Math.max(this.#largestBytes, file.sizeBytes);
    return new Promise((resolve) => this.#hold(resolve, signal));
  }

  /** The probe, or anybody where nobody is stopped, was granted: whether that ends the suspicion. */
  granted(call: Call): boolean {
    this.probe = null;
    if (this.isSuspect(call) || call.file === null) {
      this.#settleAll('again');
      return true;
    }
    this.#settleAll('own');
    // Credits may suffice for few bytes, and for no more.
    const isProof = this.error.code !== 'credits' || call.file.sizeBytes >= this.#largestBytes;
    this.#isOpen = true;
    return isProof;
  }

  /** The probe told nothing. */
  unclear(nowMs: number): void {
    this.probe = null;
    const waitMs = backoffMs(Math.max(1, this.#row), this.#random.fraction(), waitingBackoff);
    this.#suspectsFromMs = Math.max(this.#suspectsFromMs, nowMs + waitMs);
    if (this.isTold) this.#othersFromMs = this.#suspectsFromMs;
  }

  /** When nobody else asks: has the one that was refused first ask again. Milliseconds until then; Infinity for never. */
  inviteMs(nowMs: number): number {
    if (this.#held.length === 0 || this.probe !== null || this.#isOpen) return Number.POSITIVE_INFINITY;
    const fromMs = Math.max(this.#suspectsFromMs, this.#nextInviteMs);
    if (nowMs < fromMs) return fromMs - nowMs;
    this.#held.shift()?.settle('again');
    // Should it not come, it is the next one's turn.
    this.#nextInviteMs = nowMs + waitingBackoff.baseMs;
    return waitingBackoff.baseMs;
  }

  /** A person says that it is mended. */
  hurry(nowMs: number): void {
    this.#suspectsFromMs = nowMs;
    this.#othersFromMs = nowMs;
  }

  /** Whether nobody has been concerned for long. */
  isForgotten(nowMs: number): boolean {
    return this.#held.length === 0 && this.probe === null && nowMs - this.#touchedMs > forgottenMs;
  }

  #hold(resolve: (verdict: Verdict) => void, signal: AbortSignal): void {
    const suspect: Suspect = {
      settle: (verdict) => {
        off();
        resolve(verdict);
      },
    };
    this.#held.push(suspect);
    const off = onAbort(signal, () => {
      this.#held = this.#held.filter((each) => each !== suspect);
      resolve('again');
    });
    if (this.#held.length > this.#mostHeld) this.#held.shift()?.settle('own');
  }

  #settleAll(verdict: Verdict): void {
    const held = this.#held;
    this.#held = [];
    for (const { settle } of held) settle(verdict);
  }
}
