import type { Timeline } from './timeline.ts';

/** What happened, as a running hash (the same seed gives the same one), and as lines where somebody wants to read them. */
export class Trace {
  readonly lines: string[] = [];
  violation: string | null = null;
  readonly #timeline: Timeline;
  readonly #isTold: boolean;
  #high = 0x9e3779b9;
  #low = 0x85ebca6b;

  constructor(timeline: Timeline, isTold: boolean) {
    this.#timeline = timeline;
    this.#isTold = isTold;
  }

  add(line: string): void {
    this.#mix(this.#timeline.nowMs);
    for (let at = 0; at < line.length; at += 1) this.#mix(line.charCodeAt(at));
    if (this.#isTold) this.lines.push(`${(this.#timeline.nowMs / 1000).toFixed(3).padStart(10)} ${line}`);
  }

  /** An invariant does not hold. The first one counts; the run ends at its next step. */
  violate(what: string): void {
    if (this.violation !== null) return;
    this.add(`VIOLATION ${what}`);
    this.violation = what;
  }

  hash(): string {
    return [this.#high, this.#low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #mix(value: number): void {
    this.#high = Math.imul(this.#high ^ value, 0x01000193);
    this.#low = Math.imul(this.#low + value, 0x27d4eb2f) ^ (this.#low >>> 15);
  }
}
