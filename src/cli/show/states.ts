import { showText } from '../../core/show-text.ts';
import type { FileSum } from '../../ledger/reports.ts';
import { showCount } from './count.ts';
import type { Style } from './lines.ts';

/** How a state is set off, in every command. */
export function styleOf(state: string): Style | null {
  if (state === 'ready') return 'green';
  if (state === 'rejected' || state === 'missing') return 'red';
  return state === 'gone' || state === 'excluded' ? 'dim' : 'cyan';
}

/** A reason for people: its code, by which it can be looked up, and the sentence. */
export function reasonWithCode(code: string | null, reason: string | null): string | null {
  if (reason === null) return code;
  return code === null ? reason : `${code}: ${reason}`;
}

/**
 * What did not get to FLORA, or is not there any more, in the words of the states: `3 rejected (2 upload_refused,
 * 1 empty), 1 missing`; null where that is nothing. The one wording of it: `sync` and `status` say the same.
 */
export function describeUnready(sums: readonly Pick<FileSum, 'state' | 'code' | 'count'>[]): string | null {
  const parts = (['rejected', 'missing'] as const).flatMap((state) => {
    const codes = new Map<string, number>();
    let total = 0;
    for (const { state: of, code, count } of sums) {
      if (of !== state) continue;
      total += count;
      if (code !== null) codes.set(code, (codes.get(code) ?? 0) + count);
    }
    if (total === 0) return [];
    const named = [...codes]
      .sort(([, a], [, b]) => b - a)
      .map(([code, count]) => `${showCount(count)} ${showText(code)}`);
    return [`${showCount(total)} ${state}${named.length === 0 || state === 'missing' ? '' : ` (${named.join(', ')})`}`];
  });
  return parts.length === 0 ? null : parts.join(', ');
}

/** How many files are in which state, as a table: the count right, its state beside it. */
export function countsTable(counts: Readonly<Record<string, number>>): readonly { count: string; state: string }[] {
  const rows = Object.entries(counts).map(([state, count]) => ({ count: showCount(count), state }));
  const widest = Math.max(0, ...rows.map(({ count }) => count.length));
  return rows.map(({ count, state }) => ({ count: count.padStart(widest), state }));
}
