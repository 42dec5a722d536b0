/** What `NODE_V8_COVERAGE` writes for a script. */
export interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly {
    readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];
  }[];
}

/** Pieces of code that ran: start, end, start, end, … in order, apart from each other. */
export type Ranges = readonly number[];

/** What ran of a script. Of ranges within each other the innermost one knows. */
export function ranOf({ functions }: Pick<ScriptCoverage, 'functions'>): Ranges {
  const all = functions
    .flatMap(({ ranges }) => ranges)
    .sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  const ran: number[] = [];
  const around: (typeof all)[number][] = [];
  let from = 0;
  const upTo = (offset: number) => {
    if ((around.at(-1)?.count ?? 0) > 0) append(ran, from, offset);
    from = Math.max(from, offset);
  };
  const leaveBefore = (offset: number) => {
    for (let inner = around.at(-1); inner !== undefined && inner.endOffset <= offset; inner = around.at(-1)) {
      upTo(inner.endOffset);
      around.pop();
    }
  };
  for (const range of all) {
    leaveBefore(range.startOffset);
    upTo(range.startOffset);
    around.push(range);
  }
  leaveBefore(Number.POSITIVE_INFINITY);
  return ran;
}

/** What ran in either. */
export function joined(a: Ranges, b: Ranges): Ranges {
  const pairs: [number, number][] = [];
  for (const ranges of [a, b])
    for (let at = 0; at < ranges.length; at += 2) pairs.push([ranges[at] ?? 0, ranges[at + 1] ?? 0]);
  const ran: number[] = [];
  for (const [start, end] of pairs.sort((one, other) => one[0] - other[0])) append(ran, start, end);
  return ran;
}

export function includes(ranges: Ranges, offset: number): boolean {
  for (let at = 0; at < ranges.length; at += 2)
    if (offset >= (ranges[at] ?? 0) && offset < (ranges[at + 1] ?? 0)) return true;
  return false;
}

/** How many characters ran. */
export function sizeOf(ranges: Ranges): number {
  return ranges.reduce((size, offset, at) => size + (at % 2 === 0 ? -offset : offset), 0);
}

function append(ran: number[], start: number, end: number): void {
  if (end <= start) return;
  const last = ran.at(-1);
  if (last === undefined || last < start) ran.push(start, end);
  else ran[ran.length - 1] = Math.max(last, end);
}
