import type { Equivalent } from './equivalent.ts';
import { roomOf } from './tree.ts';
import type { Outcome, Verdict } from './trial.ts';

export interface Row {
  readonly room: string;
  readonly planted: number;
  readonly counts: Readonly<Record<Outcome, number>>;
  /** How many of a hundred that are no equivalents were noticed; null where there are none. */
  readonly score: number | null;
}

const outcomes: readonly Outcome[] = ['test', 'time-out', 'simulation', 'equivalent', 'survived', 'unreached'];

/** A row for each room, and one over all. */
export function rowsOf(verdicts: readonly Verdict[]): readonly Row[] {
  const rooms = [...new Set(verdicts.map(({ mutant }) => roomOf(mutant.module)))].sort();
  const ofRoom = (room: string) => verdicts.filter(({ mutant }) => roomOf(mutant.module) === room);
  return [...rooms.map((room) => rowOf(room, ofRoom(room))), rowOf('all', verdicts)];
}

function rowOf(room: string, verdicts: readonly Verdict[]): Row {
  const count = (outcome: Outcome) => verdicts.filter((verdict) => verdict.outcome === outcome).length;
  const counts = Object.fromEntries(outcomes.map((outcome) => [outcome, count(outcome)])) as Row['counts'];
  const counted = verdicts.length - counts.equivalent;
  const noticed = counts.test + counts['time-out'] + counts.simulation;
  return { room, planted: verdicts.length, counts, score: counted === 0 ? null : (100 * noticed) / counted };
}

export function tableOf(rows: readonly Row[]): string {
  const heads = [
    'room',
    'planted',
    'by test',
    'by time-out',
    'by simulation',
    'equivalent',
    'survived',
    'unreached',
    'score',
  ];
  const cells = rows.map(({ room, planted, counts, score }) => [
    room,
    String(planted),
    ...outcomes.map((outcome) => String(counts[outcome])),
    score === null ? '' : `${score.toFixed(1)} %`,
  ]);
  const widths = heads.map((head, at) => Math.max(head.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ');
  return [heads, ...cells].map(line).join('\n');
}

/** One mistake that nothing noticed, to be read and to be run again. */
export function survivorText({ mutant, outcome, ran, left }: Verdict): string {
  const tests = outcome === 'unreached' ? 'reached by nothing' : `${ran} test files ran`;
  const more = left === 0 ? '' : `, ${left} more that reach it did not`;
  return `${mutant.source}  ${mutant.kind}  (${tests}${more})\n  - ${mutant.before}\n  + ${mutant.after}\n  --id ${mutant.id}`;
}

export function lineOf({ mutant, outcome, by, said, ms }: Verdict): string {
  const noticed = by === '' ? '' : `  ${by}${said === '' ? '' : `: ${said}`}`;
  return `${outcome.padEnd(10)} ${(ms / 1_000).toFixed(1).padStart(5)} s  ${mutant.id}${noticed}`;
}

export function staleText({ file, before, after }: Equivalent): string {
  return `${file} has no such piece any more; take it out of equivalent.ts:\n  - ${before}\n  + ${after}`;
}
