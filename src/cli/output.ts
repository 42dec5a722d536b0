import { once } from 'node:events';
import { WriteStream } from 'node:tty';
import { showJson, showLines, showText } from '../core/show-text.ts';
import type { Line, Screen, Style } from './show/lines.ts';
import { fit } from './show/lines.ts';

/**
 * Writes a result for people to stdout, and waits while its reader is behind. What others made of its parts goes through
 * `showText` or `showPath` first, so that it stays on its line.
 */
export async function print(text: string): Promise<void> {
  await write(showLines(text));
}

/** Writes lines for people to stdout, within the screen and in colours where there are any. */
export async function printLines(lines: readonly Line[], { columns }: Pick<Screen, 'columns'>): Promise<void> {
  const isColored = hasColors(process.stdout);
  await write(lines.map((each) => `${render(fit(each, columns), isColored)}\n`).join(''));
}

export async function printJson(value: unknown): Promise<void> {
  await write(`${showJson(JSON.stringify(value))}\n`);
}

/** Writes what people should read beside the result, to stderr. */
export function tell(text: string): void {
  process.stderr.write(showLines(text));
}

/** Moves a terminal's cursor on stderr. Made of our own control sequences, and of texts that have been shown. */
export function draw(sequence: string): void {
  process.stderr.write(sequence);
}

/** What stdout shows; `isLong` where everything was asked for, which is cut nowhere. */
export function screenOf(options: { readonly long?: boolean }, nowMs: number): Screen {
  const isTerminal = process.stdout.isTTY === true;
  const isLong = options.long === true;
  return { columns: isTerminal && !isLong ? columnsOf(process.stdout) : null, isTerminal, isLong, nowMs };
}

/** A terminal that does not know its width is as wide as they have always been. */
export function columnsOf(stream: { readonly columns?: number }): number {
  return stream.columns === undefined || stream.columns < 1 ? 80 : stream.columns;
}

/** Whether the stream's reader wants colours, as Node decides it: FORCE_COLOR, else a terminal without NO_COLOR or TERM=dumb. */
export function hasColors(stream: { readonly isTTY?: boolean }): boolean {
  const isWanted = process.env['FORCE_COLOR'] !== undefined || stream.isTTY === true;
  return isWanted && WriteStream.prototype.getColorDepth() > 2;
}

/** Select Graphic Rendition (ECMA-48, 8.3.117): how each begins, and what ends it. */
const styles: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/** Colours are put around what has been made harmless, so that no text of others can hold any. */
function render(spans: Line, isColored: boolean): string {
  return spans
    .map(({ text, style }) => {
      const shown = showText(text);
      if (style === null || !isColored || shown === '') return shown;
      const [begin, end] = styles[style];
      return `\u001b[${begin}m${shown}\u001b[${end}m`;
    })
    .join('');
}

async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}
