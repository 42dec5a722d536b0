import type { Pass } from './call.ts';
import { type Call, rankOf, ranks } from './call.ts';

export interface Waiter {
  readonly call: Call;
  /** Monotonic milliseconds. */
  readonly sinceMs: number;
  readonly enter: (pass: Pass) => void;
}

/** Who can wait until no file does is not left waiting for ever. */
const patientMs = 30_000;

/** Those who wait at the gate, in the order of their rank, and of their coming within one. */
export class WaitingLine {
  readonly #queues: readonly Waiter[][] = Array.from({ length: ranks }, () => []);

  add(waiter: Waiter): void {
    this.#queues[rankOf(waiter.call)]?.push(waiter);
  }

  remove(waiter: Waiter): void {
    const queue = this.#queues[rankOf(waiter.call)];
    queue?.splice(queue.indexOf(waiter), 1);
  }

  all(): readonly Waiter[] {
    return this.#queues.flat();
  }

  /** Those who can wait until no file does. */
  background(): readonly Waiter[] {
    return this.#queues[ranks - 1] ?? [];
  }

  /** All of them, the one first that has waited for so long behind files that it is its turn. */
  inOrder(nowMs: number): readonly Waiter[] {
    const [first] = this.background();
    return first !== undefined && nowMs - first.sinceMs >= patientMs ? [first, ...this.all()] : this.all();
  }

  has(isMeant: (call: Call) => boolean): boolean {
    return this.#queues.some((queue) => queue.some(({ call }) => isMeant(call)));
  }
}
