import type { Prng } from './prng.ts';

/** What FLORA, or something on the way to it, answers to one step of the files of one name, and of no others. */
export interface OwnTrouble {
  readonly name: string;
  readonly op: 'reserve' | 'complete';
  /** Of FLORA: no credits for it, a server error. Of something in between: a web page instead of the answer. */
  readonly answer: 'credits' | 'forbidden-page' | 'unknown-page' | 'server-error';
  /** In virtual time; Infinity where it never ends. */
  readonly untilMs: number;
}

export function drawOwnTroubles(
  rng: Prng,
  names: readonly string[],
  { faultMs }: { readonly faultMs: number },
): readonly OwnTrouble[] {
  return rng.some(names, 0.4).map((name) => ({
    name,
    op: rng.pick(['reserve', 'reserve', 'complete'] as const),
    answer: rng.pick(['credits', 'forbidden-page', 'unknown-page', 'server-error'] as const),
    untilMs: rng.chance(0.5) ? Number.POSITIVE_INFINITY : rng.between(1, faultMs),
  }));
}

/** The trouble that a request about a file of this name meets now. */
export function ownTrouble(
  troubles: readonly OwnTrouble[],
  op: string,
  name: string | undefined,
  nowMs: number,
): OwnTrouble['answer'] | null {
  const met = troubles.find((each) => each.op === op && each.name === name && nowMs < each.untilMs);
  return met?.answer ?? null;
}

/** Whether no file of this name can become ready. */
export function isHopeless(troubles: readonly OwnTrouble[], name: string): boolean {
  return troubles.some((each) => each.name === name && each.untilMs === Number.POSITIVE_INFINITY);
}
