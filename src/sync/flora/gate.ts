import { onAbort } from '../../core/on-abort.ts';
import { Pace } from '../../core/pace.ts';
import type { SavedPace } from '../../core/records.ts';
import type { SyncError } from '../../errors.ts';
import type { ClockPort, RandomPort } from '../ports/runtime.ts';
import type { Call, Pass } from './call.ts';
import { Outage } from './outage.ts';
import { Suspicions } from './suspicions.ts';
import { type Waiter, WaitingLine } from './waiting-line.ts';

export interface GateDeps {
  readonly clock: ClockPort;
  readonly random: RandomPort;
  /** Most requests at once. */
  readonly most: number;
  /** Told once when the gate closes or its reason changes (the error), and once when it opens again (null). */
  readonly onChange: (trouble: SyncError | null) => void;
  /** Told each time that the service is found in trouble, once for requests that were under way together. */
  readonly onFailure?: (error: SyncError) => void;
  /** What may be behind nothing but errors, where more is known than the errors say. */
  readonly suspect?: (error: SyncError) => string | null;
  /** Something was learned of how fast FLORA may be asked. */
  readonly onPace?: (saved: SavedPace) => void;
}

const never = Number.POSITIVE_INFINITY;

/**
 * The one door to FLORA's API for the whole workspace: it decides who asks next, and when. Trouble with the service as a whole
 * (429, no network, refused key) closes it for everybody, and a refusal that may be one file's for its operation; then a single
 * request goes through as a probe. A rate that was learned from refusals spreads the others. Whoever waits here holds nothing
 * that others need, and nothing is counted against a file unless another shows that it is the file's own.
 */
export class Gate {
  readonly pace = new Pace();
  /** Told what `onChange` is told. */
  readonly listeners = new Set<GateDeps['onChange']>();
  readonly #deps: GateDeps;
  readonly #outage: Outage;
  readonly #suspicions: Suspicions;
  readonly #line = new WaitingLine();
  /** Files with a reservation that nothing was sent to yet, or one on its way. */
  readonly #reserved = new Set<number>();
  #underWay = 0;
  #timer: { cancel(): void } | undefined;
  #told: SyncError | null = null;

  constructor(deps: GateDeps) {
    this.#deps = deps;
    this.#suspicions = new Suspicions(deps.random);
    this.#outage = new Outage(deps.random, (error) => deps.suspect?.(error) ?? null);
  }

  get trouble(): SyncError | null {
    return this.#outage.trouble ?? this.#suspicions.told(this.#deps.clock.monotonic());
  }

  /** Milliseconds until FLORA is asked again; 0 while it is asked. */
  closedForMs(): number {
    return this.#outage.trouble === null ? 0 : Math.max(0, this.#outage.opensAtMs - this.#deps.clock.monotonic());
  }

  /** Whether new reservations come one by one: then they are begun with only as fast as they go through. */
  get isNarrow(): boolean {
    return this.#isPaced() || this.#outage.trouble !== null || this.#suspicions.isNarrow('reserve');
  }

  /** Resolves when the request may be made, or to null when the signal is aborted first. */
  async enter(call: Call, signal: AbortSignal): Promise<Pass | null> {
    if (signal.aborted) return null;
    return await new Promise((resolve) => {
      const leave = () => {
        this.#line.remove(waiter);
        resolve(null);
        // Whoever let files go first must not wait for one that has given up.
        this.#look();
      };
      const enter = (pass: Pass) => {
        off();
        resolve(pass);
      };
      const waiter: Waiter = { call, sinceMs: this.#deps.clock.monotonic(), enter };
      this.#line.add(waiter);
      const off = onAbort(signal, leave);
      this.#look();
    });
  }

  /** Whether a request may still be made with this. */
  isGood(pass: Pass): boolean {
    return this.#outage.trouble === null || pass === this.#outage.probe;
  }

  /** FLORA answered, whatever it said of the one file; `isGranted` where it did what it was asked. */
  succeeded(pass: Pass, isGranted = true): void {
    this.#outage.noStumble();
    this.#answered(pass);
    if (isGranted) this.#suspicions.granted(pass);
    this.#done(pass, isGranted);
  }

  /** FLORA answered that it could not (5xx), or what nobody can read. */
  stumbled(pass: Pass, error: SyncError): void {
    const nowMs = this.#deps.clock.monotonic();
    const trouble = this.#outage.stumbled(pass, error, nowMs);
    if (trouble === null) {
      this.#answered(pass);
      this.#done(pass);
    } else this.failed(pass, trouble);
  }

  /** The request ended without telling anything (it was aborted): the next one may probe. */
  cancelled(pass: Pass): void {
    if (pass === this.#outage.probe) this.#outage.probe = null;
    this.#done(pass);
  }

  /** A request was lost on the way: for a probe that is failure enough, for others it is their own affair. */
  unclear(pass: Pass): void {
    if (pass === this.#outage.probe) this.#outage.lost(this.#deps.clock.monotonic());
    this.#done(pass);
  }

  /** Refused in a way that may be this file's own affair: others of its operation find out. */
  refused(pass: Pass, error: SyncError): void {
    const nowMs = this.#deps.clock.monotonic();
    this.#answered(pass);
    this.#suspicions.refused(pass, error, nowMs);
    if (this.#suspicions.told(nowMs) !== null) this.#deps.onFailure?.(error);
    this.#done(pass);
  }

  failed(pass: Pass, error: SyncError): void {
    const { clock, random } = this.#deps;
    const nowMs = clock.monotonic();
    const isLimit = error.code === 'rate_limited';
    if (isLimit && pass === this.#outage.probe) this.pace.probeRefused(nowMs);
    // Spread upwards only, so that several clients do not come back in step.
    const waitMs = isLimit ? this.pace.closedMs(error.retryAfterMs ?? null) + random.fraction() * 1_000 : undefined;
    if (this.#outage.failed(pass, error, nowMs, waitMs)) this.#deps.onFailure?.(error);
    if (isLimit) this.pace.refused(nowMs, this.#outage.opensAtMs);
    this.#done(pass);
  }

  /** A person says that it is mended: the next probe goes at once. A wait that FLORA asked for is kept. */
  hurry(): void {
    const nowMs = this.#deps.clock.monotonic();
    this.#outage.hurry(nowMs);
    this.#suspicions.hurry(nowMs);
    this.#look();
  }

  /** Nothing is sent to this file's reservation any more, or all is. */
  unreserved(contentId: number): void {
    if (this.#reserved.delete(contentId) && this.#isPaced()) this.#look();
  }

  #isPaced(): boolean {
    return this.pace.kind(this.#deps.clock.monotonic()) !== null;
  }

  #answered(pass: Pass): void {
    const isOld = this.#outage.trouble !== null && pass !== this.#outage.probe;
    this.#outage.answered(pass);
    if (isOld) return;
    const { clock, onPace } = this.#deps;
    const nowMs = clock.monotonic();
    const saved = this.pace.granted(nowMs) ? this.pace.save(nowMs, clock.now()) : null;
    if (saved !== null) onPace?.(saved);
  }

  /** Milliseconds until this request may go where nothing is wrong; Infinity until something changes. Asked in the order of rank. */
  #waitMs(call: Call, nowMs: number): number {
    const waitMs = this.#suspicions.waitMs(call, nowMs);
    if (waitMs > 0) return waitMs;
    const isFull = call.op === 'reserve' && this.#isPaced() && this.#reserved.size >= this.#deps.most;
    return isFull ? never : this.pace.waitMs(nowMs);
  }

  #admit(call: Call): Pass {
    const { clock, random } = this.#deps;
    const pass: Pass = { call };
    if (this.#outage.trouble !== null) this.#outage.probe = pass;
    this.#suspicions.admitted(pass);
    if (call.file !== null) this.#underWay += 1;
    if (call.op === 'reserve' && call.file !== null) this.#reserved.add(call.file.id);
    this.pace.took(clock.monotonic(), random.fraction());
    return pass;
  }

  #done(pass: Pass, isGranted = false): void {
    const { op, file } = pass.call;
    if (file !== null) this.#underWay -= 1;
    if (op === 'reserve' && file !== null && !isGranted) this.#reserved.delete(file.id);
    const nowMs = this.#deps.clock.monotonic();
    this.#suspicions.ended(pass, nowMs);
    this.#suspicions.forget(this.#line, nowMs);
    this.#tell();
    this.#look();
  }

  #tell(): void {
    const { trouble } = this;
    if (trouble?.code === this.#told?.code) return;
    this.#told = trouble;
    for (const tell of [this.#deps.onChange, ...this.listeners]) tell(trouble);
  }

  /** Lets in who may go now, and looks again when the next one may. */
  #look(): void {
    let next = this.#next();
    for (; typeof next !== 'number'; next = this.#next()) {
      this.#line.remove(next);
      next.enter(this.#admit(next.call));
    }
    this.#timer?.cancel();
    this.#timer = next === never ? undefined : this.#deps.clock.setTimer(Math.ceil(next), () => this.#look());
  }

  /** Who may go now; or in how many milliseconds somebody may, as it stands. */
  #next(): Waiter | number {
    if (this.#outage.trouble !== null) return this.#nextProbe();
    const isFull = this.#underWay >= this.#deps.most;
    const nowMs = this.#deps.clock.monotonic();
    const waiting = isFull ? this.#line.background() : this.#line.inOrder(nowMs);
    let leastMs = never;
    for (const waiter of waiting) {
      const waitMs = this.#waitMs(waiter.call, nowMs);
      if (waitMs > 0) leastMs = Math.min(leastMs, waitMs);
      else if (!this.#suspicions.yields(waiter.call, this.#line)) return waiter;
    }
    return leastMs;
  }

  /** One looks whether it is over: a file, where one waits, and if possible none of those that closed it. */
  #nextProbe(): Waiter | number {
    const waiting = this.#line.all();
    const isOther = ({ call }: Waiter) => call.file !== null && !this.#outage.isCloser(call.file.id);
    const first = waiting.find(isOther) ?? waiting[0];
    if (first === undefined) return never;
    const waitMs = this.#outage.waitMs(this.#deps.clock.monotonic());
    return waitMs > 0 ? waitMs : first;
  }
}
