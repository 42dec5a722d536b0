import type { SyncError } from '../../errors.ts';
import type { RandomPort } from '../ports/runtime.ts';
import type { Call, Pass } from './call.ts';
import { Suspicion } from './suspicion.ts';
import type { WaitingLine } from './waiting-line.ts';

/** What is suspected of each operation of the API. Times are monotonic milliseconds. */
export class Suspicions {
  readonly #byOp = new Map<string, Suspicion>();
  readonly #random: RandomPort;

  constructor(random: RandomPort) {
    this.#random = random;
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
    this.#byOp.get(pass.call.op)?.granted(pass);
  }

  refused(pass: Pass, error: SyncError, nowMs: number): void {
    const suspicion = this.#byOp.get(pass.call.op) ?? new Suspicion(error, this.#random);
    this.#byOp.set(pass.call.op, suspicion);
    suspicion.refused(pass, error, nowMs);
  }

  /** A request has ended: as a probe it told nothing, unless that was said before. */
  ended(pass: Pass, nowMs: number): void {
    const suspicion = this.#byOp.get(pass.call.op);
    if (suspicion?.probe === pass) suspicion.unclear(nowMs);
  }

  /** Forgets what nobody asks for any more. */
  forget(line: WaitingLine, nowMs: number): void {
    for (const [op, suspicion] of this.#byOp) {
      if (suspicion.isForgotten(nowMs) && !line.has((call) => call.op === op)) this.#byOp.delete(op);
    }
  }

  /** A person says that it is mended. */
  hurry(nowMs: number): void {
    for (const suspicion of this.#byOp.values()) suspicion.hurry(nowMs);
  }
}
