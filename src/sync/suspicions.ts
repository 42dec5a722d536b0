import type { SyncError } from '../errors.ts';
import type { Call } from './call.ts';
import type { Pass } from './gate.ts';
import type { RandomPort } from './ports.ts';
import { Suspicion, type Verdict } from './suspicion.ts';
import type { WaitingLine } from './waiting-line.ts';

/** What is suspected of each operation of the API. Times are monotonic milliseconds. */
export class Suspicions {
  readonly #byOp = new Map<string, Suspicion>();
  readonly #random: RandomPort;
  readonly #mostHeld: number;

  constructor(random: RandomPort, mostHeld: number) {
    this.#random = random;
    this.#mostHeld = mostHeld;
  }

  /** What people are told; null for nothing. */
  told(nowMs: number): SyncError | null {
    for (const each of this.#byOp.values()) if (each.isTold && !each.isForgotten(nowMs)) return each.error;
    return null;
  }

  /** Whether an operation is asked for one at a time. */
  isNarrow(op: string): boolean {
    return this.#byOp.get(op)?.isOpen === false;
  }

  /** Milliseconds until this may be asked; Infinity until something changes. */
  waitMs(call: Call, nowMs: number): number {
    return this.#byOp.get(call.op)?.waitMs(call, nowMs) ?? 0;
  }

  /** One that was refused lets others of its operation go first: only they can show whose affair it is. */
  yields(call: Call, line: WaitingLine): boolean {
    const suspicion = this.#byOp.get(call.op);
    if (suspicion === undefined || suspicion.isOpen || !suspicion.isSuspect(call)) return false;
    return line.has((other) => other.op === call.op && other.file !== null && !suspicion.isSuspect(other));
  }

  admitted(pass: Pass): void {
    const suspicion = this.#byOp.get(pass.call.op);
    if (suspicion !== undefined && !suspicion.isOpen) suspicion.probe ??= pass;
  }

  granted(pass: Pass): void {
    const { op } = pass.call;
    const suspicion = this.#byOp.get(op);
    if (suspicion === undefined || (pass !== suspicion.probe && !suspicion.isOpen)) return;
    if (suspicion.granted(pass.call)) this.#byOp.delete(op);
  }

  /** Resolves when it is known whose affair the refusal is, or to `again` when the signal is aborted first. */
  refused(pass: Pass, error: SyncError, nowMs: number, signal: AbortSignal): Promise<Verdict> {
    const { op, file } = pass.call;
    const known = this.#byOp.get(op);
    // It was found to be its own before.
    if (file?.reasonCode === error.code && known?.isTold !== true) return Promise.resolve('own');
    const suspicion = known ?? new Suspicion(error, this.#random, this.#mostHeld);
    this.#byOp.set(op, suspicion);
    return suspicion.refused(pass, error, nowMs, signal);
  }

  /** A request has ended: as a probe it told nothing, unless that was said before. */
  ended(pass: Pass, nowMs: number): void {
    const suspicion = this.#byOp.get(pass.call.op);
    if (suspicion?.probe === pass) suspicion.unclear(nowMs);
  }

  /** Has those that were refused ask again where nobody else does, and forgets what nobody asks for. Milliseconds until the next look. */
  mind(line: WaitingLine, nowMs: number): number {
    let leastMs = Number.POSITIVE_INFINITY;
    for (const [op, suspicion] of this.#byOp) {
      if (line.has((call) => call.op === op)) continue;
      if (suspicion.isForgotten(nowMs)) this.#byOp.delete(op);
      else leastMs = Math.min(leastMs, suspicion.inviteMs(nowMs));
    }
    return leastMs;
  }

  /** A person says that it is mended. */
  hurry(nowMs: number): void {
    for (const suspicion of this.#byOp.values()) suspicion.hurry(nowMs);
  }
}
