import { type Content, isActive } from './content.ts';
import type { ContentEvent } from './event.ts';

/**
 * What the ledger remembers of asking FLORA for assets. There is no delete: an asset that never gets a byte stays, so that there is
 * one budget of such assets over all files and lives. Times are milliseconds since the epoch.
 */
export interface Creation {
  /** Assets that were made and let go without one accepted byte, less what later uploads made up for. */
  readonly barren: number;
  /** Uploads that were accepted, as far as the budget grows with them. */
  readonly accepted: number;
  /** Reservations in a row whose answers were lost although they had been made. */
  readonly lost: number;
  /** Since when assets are asked for one at a time, and seldom; null while they are asked for as needed. */
  readonly slowSinceMs: number | null;
  /** Assets asked for since then. */
  readonly probes: number;
  /** When the next one may be asked for, and how long that was away when it was set. */
  readonly nextProbeMs: number;
  readonly waitMs: number;
  /** Why, for people. */
  readonly reason: string | null;
  /** An answer to a reservation could not be understood: whatever file is tried next, it will not be otherwise soon. */
  readonly isMisunderstood?: boolean;
  /** The flora-sync that found so: another one may understand more. */
  readonly version: string;
}

const minuteMs = 60_000;

/** What may be without bytes at first; it grows with the files that were accepted. */
const leastBudget = 8;
/** Each so many accepted files make up for one asset that stayed without bytes. */
const acceptedForOne = 8;
/** An answer that cannot be understood may be an accident: so the first probes are soon. */
const firstProbeMs = 2_000;
const spentProbeMs = 10 * minuteMs;
/** Files whose bytes are refused may have spent it, and no other: then these two probes come before the others. */
const earlyProbesMs: readonly number[] = [5_000, minuteMs];
const seldomProbeMs = 60 * minuteMs;
/** So many probes of a spent budget are ten minutes apart, then they are an hour apart. */
const soonProbes = 6;

export function freshCreation(version: string): Creation {
  return {
    barren: 0,
    accepted: 0,
    lost: 0,
    slowSinceMs: null,
    probes: 0,
    nextProbeMs: 0,
    waitMs: 0,
    reason: null,
    version,
  };
}

/**
 * How many assets may be without bytes, those on their way included.
 *
 * @param most how many contents may be on their way at once
 */
export function budgetOf({ accepted }: Creation, most: number): number {
  return Math.min(Math.max(leastBudget, most), leastBudget + accepted);
}

/** How many more assets may be asked for while so many are without bytes; below 1 the budget is spent. */
export function roomIn(creation: Creation, open: number, most: number): number {
  // Lost answers count until one that comes shows that they were an accident.
  return budgetOf(creation, most) - creation.barren - creation.lost - open;
}

export function isSpent(creation: Creation, open: number, most: number): boolean {
  return roomIn(creation, open, most) < 1;
}

/** Whether assets that are certainly there have spent the budget: lost answers alone, of crashes say, are tried again sooner. */
export function isOwing(creation: Creation, open: number, most: number): boolean {
  return isSpent({ ...creation, lost: 0 }, open, most);
}

/** An upload was accepted: what was slow goes on, with one more for each such upload. */
export function afterAccepted(creation: Creation, open: number, most: number): Creation {
  const accepted = Math.min(creation.accepted + 1, most);
  const grown = { ...creation, accepted, lost: 0, barren: Math.max(0, creation.barren - 1 / acceptedForOne) };
  if (creation.slowSinceMs === null) return grown;
  const barren = Math.max(0, Math.min(grown.barren, budgetOf(grown, most) - 1 - open));
  return { ...freshCreation(creation.version), accepted, barren, isMisunderstood: false };
}

export function slowed(creation: Creation, nowMs: number, reason: string, isSpentNow: boolean): Creation {
  const slowSinceMs = creation.slowSinceMs ?? nowMs;
  return { ...waiting(creation, nowMs, isSpentNow), slowSinceMs, reason };
}

/** One asset is asked for. */
export function probed(creation: Creation, nowMs: number, isSpentNow: boolean): Creation {
  return waiting({ ...creation, probes: creation.probes + 1 }, nowMs, isSpentNow);
}

/** Whether one may be asked for. A clock that was put back prolongs no wait. */
export function isProbeDue({ nextProbeMs, waitMs }: Creation, nowMs: number): boolean {
  return nowMs >= nextProbeMs || nextProbeMs - nowMs > waitMs;
}

function waiting(creation: Creation, nowMs: number, isSpentNow: boolean): Creation {
  const waitMs = pauseMs(creation, isSpentNow);
  return { ...creation, waitMs, nextProbeMs: nowMs + waitMs };
}

function pauseMs({ probes, isMisunderstood }: Creation, isSpentNow: boolean): number {
  if (isSpentNow) {
    const early = isMisunderstood === true ? [] : earlyProbesMs;
    return probes <= soonProbes + early.length ? (early[probes] ?? spentProbeMs) : seldomProbeMs;
  }
  return Math.min(spentProbeMs, firstProbeMs * 2 ** Math.min(probes, 12));
}

/** Whether a content has an asset none of whose bytes was accepted yet, and that may still get them. */
export function isWithoutBytes({ assetId, isCompleteSent, state }: Content): boolean {
  return assetId !== null && !isCompleteSent && isActive(state);
}

/** Whether a step can mean anything for the budget at all: most do not, and need no look at it. */
export function mayCount(before: Content, { type }: ContentEvent, after: Content | null): boolean {
  const isOfCreating = type === 'reserved' || type === 'bytes-accepted' || type === 'key-spent' || type === 'trouble';
  return isOfCreating || isLetGo(before, after);
}

/** A step of a content, with the row that it led to; null where its result was dropped. */
interface CountedStep {
  readonly before: Content;
  readonly event: ContentEvent;
  readonly after: Content | null;
  readonly nowMs: number;
}

/** What a step means for the budget; the very same object where it means nothing. */
export function accounted(creation: Creation, step: CountedStep, open: number, most: number): Creation {
  const { before, event, after, nowMs } = step;
  const known = isLetGo(before, after) ? withOneMore(creation) : creation;
  switch (event.type) {
    case 'bytes-accepted':
      return after === null || isNothingOpen(known, most) ? known : afterAccepted(known, open, most);
    case 'reserved': {
      const isBound = after?.assetId === event.reservation.assetId;
      // Nobody will send anything to one that was made for a row that is another by now.
      if (!isBound) return event.isReplayed ? known : withOneMore(known);
      return known.lost === 0 ? known : { ...known, lost: 0 };
    }
    case 'key-spent':
      // What its key had made was counted when its answer was not understood.
      return before.state === 'queued' && before.reasonCode !== 'not_understood'
        ? { ...known, lost: known.lost + 1 }
        : known;
    case 'trouble': {
      if (event.code !== 'not_understood') return known;
      const counted = before.reasonCode === 'not_understood' ? known : withOneMore(known);
      const misunderstood = { ...counted, isMisunderstood: true };
      return slowed(misunderstood, nowMs, event.reason, isOwing(counted, open, most));
    }
    default:
      return known;
  }
}

function withOneMore(creation: Creation): Creation {
  return { ...creation, barren: creation.barren + 1 };
}

/** Whether an accepted upload changes nothing any more. */
function isNothingOpen({ slowSinceMs, barren, lost, accepted }: Creation, most: number): boolean {
  return slowSinceMs === null && barren === 0 && lost === 0 && accepted >= most;
}

/** Whether an asset without bytes was given up, or can get none any more. */
function isLetGo(before: Content, after: Content | null): boolean {
  if (after === null || !isWithoutBytes(before) || after.areBytesConfirmed || after.state === 'ready') return false;
  return before.assetId !== after.assetId || !isWithoutBytes(after);
}
