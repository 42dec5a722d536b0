import { showText } from '../core/show-text.ts';
import type { Row } from './row.ts';

// 120 columns with the gaps between them.
const widths = { verdict: 15, question: 33, answered: 35, documented: 31 } as const;
type Column = keyof typeof widths;
const gap = '  ';

export const tableHead = layOut({
  verdict: 'verdict',
  question: 'question',
  answered: 'answered',
  documented: 'documented',
});

/** A row of the table in as many lines as its longest cell needs, each of 120 columns at most. */
export function tableRow({ verdict, question, answered, documented }: Row): string {
  return layOut({ verdict, question, answered, documented });
}

function layOut(row: Readonly<Record<Column, string>>): string {
  // The lines of a question stand under its text, not under its number.
  const indent = ' '.repeat(/^\d\w* /.exec(row.question)?.[0].length ?? 0);
  const cells: Readonly<Record<Column, readonly string[]>> = {
    verdict: [row.verdict],
    question: wrap(row.question, widths.question, indent),
    answered: wrap(showText(row.answered), widths.answered, ''),
    documented: wrap(row.documented, widths.documented, ''),
  };
  const columns: readonly Column[] = ['verdict', 'question', 'answered', 'documented'];
  const height = Math.max(...columns.map((column) => cells[column].length));
  return Array.from({ length: height }, (_, line) =>
    columns
      .map((column) => (cells[column][line] ?? '').padEnd(widths[column]))
      .join(gap)
      .trimEnd(),
  )
    .map((line) => `${line}\n`)
    .join('');
}

/**
 * Breaks a text into lines of at most that many characters: between words, not within brackets, and within those that are
 * longer themselves.
 */
export function wrap(text: string, width: number, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/ (?![^[]*\])/)) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (joined.length <= width) {
      line = joined;
      continue;
    }
    if (line.trim() !== '') lines.push(line);
    line = `${lines.length === 0 ? '' : indent}${word}`;
    while (line.length > width) {
      lines.push(line.slice(0, width));
      line = `${indent}${line.slice(width)}`;
    }
  }
  return [...lines, line];
}
