import { HandClock } from './hand-clock.ts';

/** A clock that knows how many of its timers are set. */
export class CountingClock extends HandClock {
  readonly live = new Set<object>();

  override setTimer(delayMs: number, callback: () => void): { cancel(): void } {
    const timer = super.setTimer(delayMs, () => {
      this.live.delete(timer);
      callback();
    });
    this.live.add(timer);
    return {
      cancel: () => {
        this.live.delete(timer);
        timer.cancel();
      },
    };
  }
}
