import { type Grants, newGrants } from './grants.ts';
import { type Closing, closedMs, forgottenParts, ofBucket, ofWindow } from './rate-curve.ts';
import type { SavedPace } from './records.ts';

/** One call in ten minutes: what is less than this is no rate. */
const leastPerSecond = 1 / 600;
const mostPerSecond = 1e6;
/** While nothing is known but a first bound, the rate doubles in this time. */
const doublingMs = 1_500;
const bucketRecoverMs = 30_000;
/** What was put together from short cycles is tried anew soon. */
const hastyRecoverMs = 5_000;
const longestRecoverMs = 3_600_000;
const firstRecoverMs = 120_000;
/** A cycle of fewer grants than this teaches no rate: there was little to ask, or others took the rest. */
const fewestGrants = 8;
/** After so long without a refusal the limit may be another, or none. */
const forgottenMs = 600_000;
/** Calls behind each other, and no more: a burst teaches the speed of the burst. */
const burst = 2;
/** Timers are late by some milliseconds; what falls due meanwhile is not lost. */
const timerSlackS = 0.02;
const idleMs = 2_000;
/** What was granted is measured over so long, and over so many calls at least. */
const measuredMs = 15_000;
const measuredCalls = 60;
const longestMeasureMs = 600_000;
/** Who is refused at less than before leaves some room for those who take it (RFC 9438, 4.7). */
const yieldPart = 0.95;
/** After a refusal that teaches no rate. */
const cautiousPart = 0.5;
const shortestMeasureMs = 250;

/**
 * How fast FLORA's API may be asked, learned from its refusals (429) alone, because its limit has no published number and is
 * shared with others. Free until the first refusal; then from a first bound upwards, doubling, to the next; from then on
 * CUBIC (RFC 9438): a part of what was measured, concave back to it, and then probing. What is measured is what was granted over
 * a whole cycle, from one opening to the next with the closed time in it, wherever the limit turns out to be a window and not a
 * bucket: the speed at which a window can be emptied says nothing of what it allows. Monotonic milliseconds and fractions in [0, 1)
 * are handed in.
 */
export class Pace {
  /** Null until the first refusal. */
  #kind: SavedPace['kind'] | null = null;
  /** Calls a second: the base of the present curve. */
  #perSecond = Number.POSITIVE_INFINITY;
  #recoverMs = bucketRecoverMs;
  #windowMs = 0;
  /** Where the present curve begins. */
  #fromMs = 0;
  #tokens = 0;
  #filledMs = 0;
  /** What the next call takes: 1 in the mean, so that two who ask in step do not stay so. */
  #price = 1;
  /** What the last refusal of a bucket had measured. */
  #measured = 0;
  /** Since when there is work without a pause. */
  #busyMs = 0;
  #cycleMs = 0;
  #cycleGrants = 0;
  /** Whether closings that taught nothing are part of it. */
  #hasClosings = false;
  #lastCallMs = Number.NEGATIVE_INFINITY;
  #wasWaitedFor = false;
  #closing: Closing | null = null;
  #grants: Grants = newGrants(0, longestMeasureMs);

  /** Calls a second that are allowed now; Infinity while nothing is known of a limit. */
  perSecond(nowMs: number): number {
    const sinceMs = nowMs - this.#fromMs;
    if (this.#kind === null) return Number.POSITIVE_INFINITY;
    const windowsMs = this.#kind === 'window' ? Math.max(forgottenParts * this.#recoverMs, 2 * this.#windowMs) : 0;
    if (sinceMs >= Math.max(forgottenMs, windowsMs)) return Number.POSITIVE_INFINITY;
    if (this.#kind === 'doubling') {
      return Math.min(mostPerSecond, this.#perSecond * 2 ** (Math.max(0, sinceMs) / doublingMs));
    }
    const part = Math.max(0, sinceMs) / this.#recoverMs;
    return Math.max(leastPerSecond, this.#perSecond * (this.#kind === 'window' ? ofWindow(part) : ofBucket(part)));
  }

  /** Calls a second that were learned, without what is tried beyond them; Infinity while nothing is known of a limit. */
  learnedPerSecond(nowMs: number): number {
    return this.kind(nowMs) === null ? Number.POSITIVE_INFINITY : this.#perSecond;
  }

  /** Milliseconds until the next call may be made: 0 for now. Whoever makes it says so with `took`. */
  waitMs(nowMs: number): number {
    const perSecond = this.perSecond(nowMs);
    if (perSecond === Number.POSITIVE_INFINITY) return 0;
    const most = Math.max(burst, perSecond * timerSlackS);
    this.#tokens = Math.min(most, this.#tokens + (Math.max(0, nowMs - this.#filledMs) / 1_000) * perSecond);
    this.#filledMs = nowMs;
    if (this.#tokens >= this.#price) return 0;
    this.#wasWaitedFor = true;
    return Math.max(1, ((this.#price - this.#tokens) / perSecond) * 1_000);
  }

  took(nowMs: number, random: number): void {
    const perSecond = this.perSecond(nowMs);
    if (this.#isIdle(nowMs, perSecond) && this.#closing === null) {
      this.#busyMs = nowMs;
      this.#grants = newGrants(nowMs, longestMeasureMs);
      this.#beginCycle(nowMs);
    }
    this.#lastCallMs = nowMs;
    this.#wasWaitedFor = false;
    if (perSecond === Number.POSITIVE_INFINITY) return;
    this.#tokens -= this.#price;
    this.#price = 0.5 + random;
  }

  /** FLORA answered a call, with anything but a refusal. True where that ended a closing, which taught a rate. */
  granted(nowMs: number): boolean {
    this.#grants.add(nowMs);
    this.#cycleGrants += 1;
    if (this.#closing === null) return false;
    this.#reopen(this.#closing, nowMs);
    return true;
  }

  /** FLORA refused a call for its rate, and is asked again at that time. */
  refused(nowMs: number, opensAtMs: number): void {
    if (this.#closing !== null) {
      // What was on its way when it closed is no further evidence.
      this.#closing.opensAtMs = opensAtMs;
      return;
    }
    const allowed = this.perSecond(nowMs);
    const spanMs = this.#measureMs(nowMs, allowed);
    const count = this.#grants.since(nowMs - spanMs);
    const granted = (count / spanMs) * 1_000;
    this.#closing = { sinceMs: nowMs, allowed, granted, refusedProbes: 0, lastProbeMs: nowMs, opensAtMs };
    if (allowed === Number.POSITIVE_INFINITY) {
      const perSecond = (count / (spanMs + Math.max(0, opensAtMs - nowMs))) * 1_000;
      this.#go('doubling', Math.max(leastPerSecond, perSecond), opensAtMs);
    }
  }

  /** The one call that looked whether it is over was refused too. */
  probeRefused(nowMs: number): void {
    if (this.#closing === null) return;
    this.#closing.refusedProbes += 1;
    this.#closing.lastProbeMs = nowMs;
  }

  /** How long to wait after a refusal that names this time, or none: the longer, the more probes were refused. */
  closedMs(namedMs: number | null): number {
    return closedMs(this.#closing?.refusedProbes ?? 0, namedMs);
  }

  /** What the next life should know; null where nothing was learned. */
  save(nowMs: number, wallMs: number): SavedPace | null {
    const kind = this.kind(nowMs);
    if (kind === null) return null;
    const limitedAtMs = wallMs - Math.max(0, nowMs - this.#fromMs);
    const cycleMs = kind === 'window' ? this.#windowMs : 0;
    return { kind, perSecond: this.#perSecond, recoverMs: this.#recoverMs, cycleMs, limitedAtMs };
  }

  /** Takes over what an earlier life learned, unless that is too long ago. */
  load(saved: SavedPace, nowMs: number, wallMs: number): void {
    const ageMs = wallMs - saved.limitedAtMs;
    const isOld = ageMs > Math.max(forgottenMs, saved.kind === 'window' ? 2 * saved.cycleMs : 0);
    // A clock that was put back makes nothing younger than new.
    if (isOld || ageMs < -forgottenMs) return;
    this.#recoverMs = saved.recoverMs;
    this.#windowMs = saved.cycleMs;
    this.#go(saved.kind, saved.perSecond, nowMs - Math.max(0, ageMs));
    this.#filledMs = nowMs;
    this.#beginCycle(nowMs);
  }

  /** What the limit seems to be; null while nothing is known of one. */
  kind(nowMs: number): SavedPace['kind'] | null {
    return this.perSecond(nowMs) === Number.POSITIVE_INFINITY ? null : this.#kind;
  }

  /** Over how long to measure what was granted: of fast calls since the last opening, of slow ones beyond it. */
  #measureMs(nowMs: number, allowed: number): number {
    const isNew = this.#kind === 'doubling' && allowed !== Number.POSITIVE_INFINITY;
    const slowMs = Math.min(longestMeasureMs, (measuredCalls / allowed) * 1_000);
    const isSlow = !isNew && slowMs > measuredMs;
    const mostMs = isNew ? doublingMs : isSlow ? slowMs : measuredMs;
    return Math.max(shortestMeasureMs, Math.min(mostMs, nowMs - (isSlow ? this.#busyMs : this.#cycleMs)));
  }

  #isIdle(nowMs: number, perSecond: number): boolean {
    if (this.#wasWaitedFor) return false;
    return nowMs - this.#lastCallMs > idleMs + (perSecond === Number.POSITIVE_INFINITY ? 0 : 4_000 / perSecond);
  }

  #reopen({ sinceMs, allowed, granted, refusedProbes, lastProbeMs, opensAtMs }: Closing, nowMs: number): void {
    // Where nobody had anything to ask, it is no longer closed than it was to be.
    const seenMs = nowMs - opensAtMs > idleMs ? opensAtMs : nowMs;
    // It opened at some time since the last probe that was refused.
    const openedMs = (lastProbeMs + seenMs) / 2;
    const cycleMs = Math.max(shortestMeasureMs, openedMs - this.#cycleMs);
    const whole = Math.max(leastPerSecond, (this.#cycleGrants / cycleMs) * 1_000);
    const shutMs = seenMs - sinceMs;
    // A bucket of the rate that was granted would have let the next one through by then, unless others took its tokens.
    const oneMs = 1_000 / Math.max(leastPerSecond, granted);
    const isTelling = this.#cycleGrants >= fewestGrants;
    const isWindow = (refusedProbes > 1 && shutMs > 2 * oneMs) || shutMs > Math.max(10_000, 8 * oneMs);
    if (isWindow && isTelling) {
      // One such closing may have been an accident: a second one shows how long the window is.
      const mostMs = this.#kind === 'window' ? longestRecoverMs : firstRecoverMs;
      this.#recoverMs = Math.min(mostMs, Math.max(bucketRecoverMs, 2 * cycleMs));
      this.#windowMs = cycleMs;
      this.#go('window', whole, nowMs);
    } else if (allowed === Number.POSITIVE_INFINITY) this.#go('doubling', whole, nowMs);
    else if (!isTelling && this.#kind === 'doubling') {
      this.#go('doubling', Math.max(this.#measure(allowed, granted), allowed * cautiousPart), nowMs);
      // A few grants at a time tell in the end.
      this.#closing = null;
      this.#hasClosings = true;
      return;
    } else if (this.#kind === 'window' && (!isTelling || this.#recoverMs > forgottenMs)) {
      // An hour's quota does not become a bucket because its hour ended a few seconds later.
      this.#go('window', isTelling ? this.#measure(allowed, granted) : this.#perSecond, nowMs);
    } else {
      const measured = this.#measure(allowed, this.#hasClosings ? whole : granted);
      this.#recoverMs = this.#hasClosings ? hastyRecoverMs : bucketRecoverMs;
      this.#go('bucket', isTelling ? measured : Math.max(measured, allowed * cautiousPart), nowMs);
    }
    this.#closing = null;
    this.#beginCycle(nowMs);
  }

  #measure(allowed: number, granted: number): number {
    const measured = Math.max(leastPerSecond, granted > 0 ? Math.min(allowed, granted) : allowed);
    const isLess = measured < this.#measured;
    this.#measured = measured;
    return isLess ? measured * yieldPart : measured;
  }

  #go(kind: SavedPace['kind'], perSecond: number, fromMs: number): void {
    this.#kind = kind;
    this.#perSecond = perSecond;
    this.#fromMs = fromMs;
    this.#filledMs = fromMs;
    this.#tokens = 0;
  }

  #beginCycle(nowMs: number): void {
    this.#cycleMs = nowMs;
    this.#hasClosings = false;
    this.#cycleGrants = 0;
  }
}
