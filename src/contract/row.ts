/**
 * What an answer is beside FLORA's documents. `as documented`: as the main ones say, or, where they are silent, the others.
 * `known otherwise`: as only some of those say that disagree; flora-sync copes. `unknown`: as none says. `not asked`: it was
 * not asked, and `answered` says why.
 */
export type Verdict = 'as documented' | 'known otherwise' | 'unknown' | 'not asked';

export interface Finding {
  readonly answered: string;
  readonly verdict: Verdict;
}

/** A line of the table. Holds no key, no signed URL and no value of a form field. */
export interface Row extends Finding {
  readonly question: string;
  readonly documented: string;
}

export function asDocumented(answered: string): Finding {
  return { answered, verdict: 'as documented' };
}

export function knownOtherwise(answered: string): Finding {
  return { answered, verdict: 'known otherwise' };
}

export function unknown(answered: string): Finding {
  return { answered, verdict: 'unknown' };
}

export function notAsked(why: string): Finding {
  return { answered: why, verdict: 'not asked' };
}
