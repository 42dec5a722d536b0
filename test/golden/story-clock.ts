import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { systemClock } from '../../src/runtime/clock.ts';
import { systemRandom } from '../../src/runtime/random.ts';

/** How many milliseconds in all may be waited for what no timer brings. */
const mostIdle = 5_000;
/** How many turns in a row nothing may be under way before time moves. */
const quietTurns = 3;

/**
 * The time of this whole process while stories are told: it moves to the next timer when no request and no call to the file
 * system is under way. So an hour of waiting costs nothing, and however slow the machine is, a story takes its one course.
 */
export class StoryClock {
  /** Off where a request hangs, and time is to pass all the same. */
  waitsForRequests = true;
  #nowMs = 1_800_000_000_000;
  #timers: { readonly atMs: number; readonly callback: () => void }[] = [];
  readonly #asking = new Set<unknown>();
  readonly #undo: (() => void)[] = [];

  constructor() {
    const set = (atMs: number, callback: () => void) => {
      const timer = { atMs, callback };
      this.#timers.push(timer);
      const cancel = () => {
        this.#timers = this.#timers.filter((each) => each !== timer);
      };
      return { cancel };
    };
    const [clock, random] = [{ ...systemClock }, { ...systemRandom }];
    this.#undo.push(
      () => void Object.assign(systemClock, clock),
      () => void Object.assign(systemRandom, random),
    );
    Object.assign(systemClock, {
      now: () => this.#nowMs,
      monotonic: () => this.#nowMs,
      setTimer: (delayMs: number, callback: () => void) => set(this.#nowMs + Math.max(0, delayMs), callback),
    });
    Object.assign(systemRandom, { fraction: () => 0.5 });
    this.#listen('undici:request:create', (request) => this.#asking.add(request));
    for (const end of ['undici:request:trailers', 'undici:request:error'])
      this.#listen(end, (request) => this.#asking.delete(request));
  }

  #listen(channel: string, tell: (request: unknown) => void): void {
    const listener = (message: unknown) => tell((message as { readonly request: unknown }).request);
    subscribe(channel, listener);
    this.#undo.push(() => void unsubscribe(channel, listener));
  }

  /** Gives the process its own time and chance back. */
  end(): void {
    for (const undo of this.#undo) undo();
  }

  now(): number {
    return this.#nowMs;
  }

  /** Lets time pass, from timer to timer, until the promise is settled. */
  async during<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const watched = promise.finally(() => {
      isSettled = true;
    });
    watched.catch(() => {});
    await this.#until(
      () => isSettled,
      () => 'a promise',
    );
    return await watched;
  }

  /** The same until the condition holds: for a day of that time at most. */
  async until(what: () => string, condition: () => boolean): Promise<void> {
    await this.#until(condition, what);
  }

  async pass(ms: number): Promise<void> {
    let isOver = false;
    systemClock.setTimer(ms, () => {
      isOver = true;
    });
    await this.#until(
      () => isOver,
      () => `${ms} ms`,
    );
  }

  async #until(condition: () => boolean, what: () => string): Promise<void> {
    const latestMs = this.#nowMs + 2 * 86_400_000;
    let idle = 0;
    for (;;) {
      await this.#quiet(condition);
      if (condition()) return;
      const [next] = this.#timers.toSorted((a, b) => a.atMs - b.atMs);
      if (next === undefined) {
        // What the emulator or the kernel still does is no request of ours.
        await delay(1);
        idle += 1;
        if (idle > mostIdle) throw new Error(`Nothing will ever happen: no timer is set. In vain: ${what()}`);
        continue;
      }
      if (next.atMs > latestMs) throw new Error(`Two days passed in vain: ${what()}`);
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
    }
  }

  async #quiet(condition: () => boolean): Promise<void> {
    for (let quiet = 0; quiet < quietTurns; ) {
      await turn();
      if (condition()) return;
      const isBusy =
        (this.waitsForRequests && this.#asking.size > 0) ||
        process.getActiveResourcesInfo().some((kind) => kind.startsWith('FSReq'));
      quiet = isBusy ? 0 : quiet + 1;
      if (isBusy) await delay(0);
    }
  }
}
