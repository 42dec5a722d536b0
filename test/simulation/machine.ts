import type { Scheduled } from './timeline.ts';
import type { World } from './world.ts';

/**
 * One life of the daemon's process. When it dies, everything that it waited for never comes: its timers do not fire, its
 * requests are not answered, its gathered writes are not committed. What was on its way to FLORA goes on.
 */
export class Life {
  isAlive = true;
  readonly #world: World;
  readonly #onDeath: () => void;

  constructor(world: World, onDeath: () => void) {
    this.#world = world;
    this.#onDeath = onDeath;
  }

  after(delayMs: number, run: () => void): Scheduled {
    if (!this.isAlive) return { cancel: () => {} };
    return this.#world.timeline.after(delayMs, () => {
      if (this.isAlive) run();
    });
  }

  /** Resolves so much later, or never. */
  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  crash(why: string): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.#world.trace.add(`crash ${why}`);
    this.#onDeath();
  }

  /** Maybe the end, here. */
  mayCrash(probability: number, why: string): boolean {
    const isEnd = this.isAlive && !this.#world.areFaultsOver() && this.#world.faultRng.chance(probability);
    if (isEnd) this.crash(why);
    return isEnd;
  }
}
