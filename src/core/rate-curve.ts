// How a rate goes on after a refusal: as a part of what was measured, over parts of the time in which it comes back to that.

/** After each refusal a bucket goes on at this part of what was measured, a window at the other (CUBIC's β, RFC 9438). */
const bucketPart = 0.8;
const windowPart = 0.9;
/** A window's rate grows by so much in each of its times of recovery beyond what was measured, and doubles in those after the sixth. */
const windowGrowth = 1.05;
const windowSlowParts = 6;
/** After so many without a refusal a window is another, or none, as its rate has grown to twenty times what was measured. */
export const forgottenParts = 10;

/** CUBIC's curve. */
export function ofBucket(part: number): number {
  return 1 + (1 - bucketPart) * (part - 1) ** 3;
}

export function ofWindow(part: number): number {
  if (part < 1) return 1 - (1 - windowPart) * (1 - part) ** 3;
  return windowGrowth ** (part - 1) * 2 ** Math.max(0, part - windowSlowParts);
}

/** Waits before the first probes, where FLORA names none; further ones wait as long as a wait may grow. */
const probeWaitsMs = [5_000, 10_000, 20_000, 40_000];
const longestOwnMs = 60_000;

/** How long to wait after so many refused probes, where this time is named, or none. Milliseconds. */
export function closedMs(refusedProbes: number, namedMs: number | null): number {
  if (namedMs === null) return probeWaitsMs[refusedProbes] ?? longestOwnMs;
  return Math.max(namedMs, Math.min(longestOwnMs, namedMs * 2 ** refusedProbes));
}

/** A closing: from the first refusal to the first grant. */
export interface Closing {
  readonly sinceMs: number;
  /** Calls a second that the rule allowed then. */
  readonly allowed: number;
  /** Calls a second that were granted before it. */
  readonly granted: number;
  refusedProbes: number;
  /** When it was still closed, as was seen last. */
  lastProbeMs: number;
  /** When it is asked again. */
  opensAtMs: number;
}
