import { Pace } from '../../src/core/pace.ts';
import type { Limiter } from './limiters.ts';

// Clients that always have work, against a limiter, in virtual time: what share of the limit they get, and how often they are refused.

export interface PaceRun {
  readonly limiter: () => Limiter;
  /** Seconds of virtual time, and those at the beginning that are not counted. */
  readonly forS: number;
  readonly warmS: number;
  readonly clients: number;
  /** Calls a second of somebody who does not adapt; 0 for nobody. */
  readonly third: number;
  readonly seed: number;
  /** Calls of a client at once, and how long one takes. */
  readonly inFlight?: number;
  readonly callS?: number;
}

export interface PaceResult {
  /** Calls a second that were granted to each client. */
  readonly each: readonly number[];
  readonly thirdPerSecond: number;
  /** Of the clients' calls, a second. */
  readonly refusedPerSecond: number;
  /** What each client believes that it may, in calls a second. */
  readonly believed: readonly number[];
}

export function runPace(run: PaceRun): PaceResult {
  const world = new VirtualTime();
  const random = fractions(run.seed);
  const limiter = run.limiter();
  const clients = Array.from({ length: run.clients }, () => new Client(world, limiter, random, run));
  for (const [index, client] of clients.entries()) world.at(index * 0.137, () => client.begin());
  const third = { granted: 0 };
  const ask = () => {
    if (limiter.take(world.nowS) === true) {
      third.granted += 1;
      if (limiter.done !== undefined) world.at(0.04, () => limiter.done?.());
    }
    world.at(1 / run.third, ask);
  };
  if (run.third > 0) world.at(random() / run.third, ask);
  world.runUntil(run.warmS);
  const before = clients.map(({ granted, refused }) => ({ granted, refused }));
  const thirdBefore = third.granted;
  world.runUntil(run.forS);
  const countedS = run.forS - run.warmS;
  const each = clients.map((client, index) => (client.granted - (before[index]?.granted ?? 0)) / countedS);
  const refused = clients.reduce((sum, client, index) => sum + client.refused - (before[index]?.refused ?? 0), 0);
  return {
    each,
    thirdPerSecond: (third.granted - thirdBefore) / countedS,
    refusedPerSecond: refused / countedS,
    believed: clients.map((client) => client.pace.perSecond(world.nowS * 1_000)),
  };
}

/** The door as the engine has it, in short: closed after a refusal, then one probe at a time. */
class Client {
  readonly pace = new Pace();
  granted = 0;
  refused = 0;
  readonly #world: VirtualTime;
  readonly #limiter: Limiter;
  readonly #random: () => number;
  readonly #slots: number;
  readonly #callS: number;
  #opensAtS = 0;
  #isClosed = false;
  #isProbing = false;
  #inFlight = 0;
  #isWoken = false;

  constructor(world: VirtualTime, limiter: Limiter, random: () => number, { inFlight = 8, callS = 0.04 }: PaceRun) {
    this.#world = world;
    this.#limiter = limiter;
    this.#random = random;
    this.#slots = inFlight;
    this.#callS = callS;
  }

  begin(): void {
    while (this.#mayCall()) this.#call();
  }

  #mayCall(): boolean {
    const nowMs = this.#world.nowS * 1_000;
    if (this.#isClosed) return !this.#isProbing && this.#isTime(this.#opensAtS - this.#world.nowS);
    if (this.#inFlight >= this.#slots) return false;
    return this.#isTime(this.pace.waitMs(nowMs) / 1_000);
  }

  #isTime(waitS: number): boolean {
    if (waitS <= 0) return true;
    if (this.#isWoken) return false;
    this.#isWoken = true;
    this.#world.at(waitS, () => {
      this.#isWoken = false;
      this.begin();
    });
    return false;
  }

  #call(): void {
    const isProbe = this.#isClosed;
    this.#isProbing = isProbe;
    this.#inFlight += 1;
    this.pace.took(this.#world.nowS * 1_000, this.#random());
    this.#world.at((this.#callS / 2) * (0.8 + 0.4 * this.#random()), () => {
      const verdict = this.#limiter.take(this.#world.nowS);
      this.#world.at(this.#callS / 2, () => {
        this.#inFlight -= 1;
        if (verdict === true) this.#limiter.done?.();
        this.#answered(verdict, isProbe);
        this.begin();
      });
    });
  }

  #answered(verdict: true | number, isProbe: boolean): void {
    const nowMs = this.#world.nowS * 1_000;
    if (isProbe) this.#isProbing = false;
    if (verdict === true) {
      this.granted += 1;
      if (this.#isClosed && !isProbe) return;
      this.#isClosed = false;
      this.pace.granted(nowMs);
      return;
    }
    this.refused += 1;
    if (isProbe) this.pace.probeRefused(nowMs);
    const waitS = this.pace.closedMs(verdict === 0 ? null : verdict * 1_000) / 1_000 + this.#random();
    if (!this.#isClosed || isProbe) this.pace.refused(nowMs, nowMs + waitS * 1_000);
    if (!this.#isClosed || isProbe) this.#opensAtS = this.#world.nowS + waitS;
    this.#isClosed = true;
  }
}

class VirtualTime {
  nowS = 0;
  readonly #events: { readonly atS: number; readonly order: number; readonly happen: () => void }[] = [];
  #count = 0;

  at(inS: number, happen: () => void): void {
    const event = { atS: this.nowS + Math.max(0, inS), order: this.#count, happen };
    this.#count += 1;
    // Kept in order: there are never more than a few.
    let index = this.#events.length;
    while (index > 0 && isLater(this.#events[index - 1], event)) index -= 1;
    this.#events.splice(index, 0, event);
  }

  runUntil(endS: number): void {
    for (let next = this.#events[0]; next !== undefined && next.atS <= endS; next = this.#events[0]) {
      this.#events.shift();
      this.nowS = next.atS;
      next.happen();
    }
    this.nowS = endS;
  }
}

function isLater(one: { atS: number; order: number } | undefined, other: { atS: number; order: number }): boolean {
  if (one === undefined) return false;
  return one.atS > other.atS || (one.atS === other.atS && one.order > other.order);
}

/** Park and Miller's generator, in [0, 1). */
function fractions(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
