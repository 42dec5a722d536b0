import type { End } from './world.ts';

interface Known {
  readonly why: string;
  /** Which cases, by their names. */
  readonly cases: RegExp;
  readonly ends: readonly End[];
  readonly violation: RegExp;
}

/** What the fuzzer has found and nobody has mended yet. Each must fail as it says, or be taken out here. */
export const known: readonly Known[] = [
  {
    why: 'a listing that gives one id to the items of several pages hides all but one of them: a walk keeps ids only',
    cases: /^list: assets\[\]\.asset_id always the same$/,
    ends: ['lost'],
    violation: /another asset is asked for|ready with the same/,
  },
];

export function knownOf(name: string, end: End): Known | undefined {
  return known.find((each) => each.cases.test(name) && each.ends.includes(end));
}
