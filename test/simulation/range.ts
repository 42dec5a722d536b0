import { runSeed } from './run.ts';
import { nothing, sum, type Totals, totalOf, unlikeFigures } from './totals.ts';

export interface Range {
  readonly from: number;
  readonly count: number;
  /** Not to stop at the first seed that fails. */
  readonly isAll: boolean;
  readonly isTold?: boolean;
}

/** Plays these seeds, and tells of each that fails, and of the first hundred if they take much more or less than they did. */
export async function playRange(range: Range, tell: (line: string) => void): Promise<Totals> {
  const { from, count, isAll, isTold = false } = range;
  let totals = nothing;
  for (let seed = from; seed < from + count; seed += 1) {
    const outcome = await runSeed(seed, isTold);
    totals = sum(totals, totalOf(outcome));
    for (const line of outcome.lines) tell(line);
    if (outcome.violation !== null) {
      tell(`seed ${seed}: ${outcome.violation}\n  replay: npm run simulate -- --seed ${seed} --trace`);
      if (!isAll) break;
    } else if (count === 1) {
      tell(`seed ${seed}: holds, trace ${outcome.hash}, ${(outcome.virtualMs / 60_000).toFixed(1)} min`);
    }
    const unlike = from === 1 ? (unlikeFigures(totals) ?? []) : [];
    if (unlike.length > 0) {
      tell(`seed ${seed}: it and those before it take ${unlike.join('; ')}`);
      totals = { ...totals, failed: totals.failed + 1 };
      if (!isAll) break;
    }
  }
  return totals;
}
