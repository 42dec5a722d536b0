import { cutEnd, displayWidth, wrap } from './width.ts';

// What a command shows people, before it is known how: lines of texts, each with what it is.

/** How a text is set off where there are colours. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

export interface Span {
  readonly text: string;
  readonly style: Style | null;
}

export type Line = readonly Span[];

/** For whom a command shows what. */
export interface Screen {
  /** Columns of the terminal; null where nothing is cut: there is no terminal, or all was asked for. */
  readonly columns: number | null;
  readonly isTerminal: boolean;
  /** Exact times, and URLs. */
  readonly isLong: boolean;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

export function span(text: string, style: Style | null = null): Span {
  return { text, style };
}

/** A line of texts; those of null are left out. */
export function line(...parts: readonly (Span | string | null)[]): Line {
  return parts.flatMap((part) => (part === null ? [] : typeof part === 'string' ? [span(part)] : [part]));
}

export function textOf(spans: Line): string {
  return spans.map(({ text }) => text).join('');
}

/** The line within the columns; whatever sticks out is cut off, and seen to be. */
export function fit(spans: Line, columns: number | null): Line {
  if (columns === null || displayWidth(textOf(spans)) <= columns) return spans;
  const kept: Span[] = [];
  let room = columns;
  for (const [at, { text, style }] of spans.entries()) {
    const width = displayWidth(text);
    const isLast = at === spans.length - 1;
    if (width < room || (isLast && width === room)) {
      kept.push({ text, style });
      room -= width;
      continue;
    }
    // What follows has no room: the ellipsis stands for it too.
    const shown = width > room ? cutEnd(text, room) : cutEnd(`${text}${isLast ? '' : '…'}`, room);
    kept.push({ text: shown, style });
    break;
  }
  return kept;
}

/** Prose: whole on one line without a terminal, and broken between words on one. What follows the first line is indented. */
export function prose(
  text: string,
  { columns }: Pick<Screen, 'columns'>,
  indent = '',
  style: Style | null = null,
): Line[] {
  if (columns === null) return [line(indent, span(text, style))];
  const room = columns - indent.length;
  return wrap(text, room, room - 2).map((each, at) => line(at === 0 ? indent : `${indent}  `, span(each, style)));
}
