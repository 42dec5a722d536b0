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
    why: 'answers to reservations that are lost, each with its key, are counted and slow nothing down',
    cases: /^create \((form|put)\): \(whole\) (HTML, unsigned|lost)$/,
    ends: ['crash', 'lost'],
    violation: /assets never got a byte/,
  },
  {
    why: 'a budget with a part of an asset left has no room, and yet does not count as spent: one probe too many',
    cases: /^create \(.*\): asset_id (a path|always the same)$/,
    ends: ['crash', 'lost'],
    violation: /assets never got a byte/,
  },
  {
    why: 'a size that GET tells right makes candidates of another listed size be passed over',
    cases: /^list: assets\[\]\.size_bytes (huge|digits)$/,
    ends: ['lost'],
    violation: /another asset is asked for|ready with the same bytes/,
  },
  {
    why: 'a listing that gives all its items one id hides all but one of them',
    cases: /^list: assets\[\]\.asset_id (a path|always the same)$/,
    ends: ['lost'],
    violation: /another asset is asked for|ready with the same/,
  },
  {
    why: 'what is listed and answers 404 for 20 minutes is taken for gone, although GET shows nothing else either',
    cases: /^get refused with 404 not_found: (?!\(whole\) (204|202|HTML, unsigned|a portal|lost)$)/,
    ends: ['lost'],
    violation: /another asset is asked for|ready with the same/,
  },
];

export function knownOf(name: string, end: End): Known | undefined {
  return known.find((each) => each.cases.test(name) && each.ends.includes(end));
}
