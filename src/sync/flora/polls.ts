import type { Content } from '../../core/content.ts';
import type { ClockPort } from '../ports/runtime.ts';
import type { Gate } from './gate.ts';

/** So much of what FLORA allows may be spent on asking whether it has finished processing. */
const mostOfRate = 1 / 4;
const longestMs = 10 * 60_000;

/** How far apart polls have to be so that they leave the rate to what brings files further. */
export class Polls {
  readonly #gate: Gate;
  readonly #clock: ClockPort;
  /** Contents that FLORA is processing, as far as this life knows. */
  readonly #polled = new Set<number>();

  constructor(gate: Gate, clock: ClockPort) {
    this.#gate = gate;
    this.#clock = clock;
  }

  /** A content's row is this now. */
  stepped({ id, state, reasonCode }: Pick<Content, 'id' | 'state' | 'reasonCode'>): void {
    if (state === 'checking' && reasonCode === 'processing') this.#polled.add(id);
    else this.#polled.delete(id);
  }

  /** Milliseconds until a content is asked for again, at least; 0 while FLORA shows no limit. */
  leastMs(): number {
    const perSecond = this.#gate.pace.perSecond(this.#clock.monotonic());
    if (perSecond === Number.POSITIVE_INFINITY) return 0;
    return Math.min(longestMs, (this.#polled.size / (perSecond * mostOfRate)) * 1_000);
  }
}
