import stringWidth from 'string-width';

const segmenter = new Intl.Segmenter('en');
/** Text of which each code unit is one column. */
const ascii = /^[\x20-\x7e]*$/;
/** Thai and Lao AM: no mark, but part of the character before it; string-width does not count it there, terminals do. */
const spacingVowel = /(?<=.)[\u0e33\u0eb3]/gsu;
const ellipsis = '…';
/** An ending longer than this is no ending. */
const longestEnding = 16;

/** Columns on a terminal: two for East Asian wide characters and emoji, none for combining marks. */
export function displayWidth(text: string): number {
  return ascii.test(text) ? text.length : stringWidth(text) + (text.match(spacingVowel)?.length ?? 0);
}

interface Piece {
  readonly text: string;
  readonly width: number;
}

/** Whole characters, as a person counts them. */
function pieces(text: string): readonly Piece[] {
  if (ascii.test(text)) return [...text].map((char) => ({ text: char, width: 1 }));
  return [...segmenter.segment(text)].map(({ segment }) => ({ text: segment, width: displayWidth(segment) }));
}

/** As many whole characters from the start as there is room for. */
function fitting(from: Iterable<Piece>, room: number): readonly Piece[] {
  const kept: Piece[] = [];
  let width = 0;
  for (const piece of from) {
    width += piece.width;
    if (width > room) break;
    kept.push(piece);
  }
  return kept;
}

function join(kept: readonly Piece[]): string {
  return kept.map(({ text }) => text).join('');
}

/** The text in at most so many columns: cut at its end, where it is too wide. */
export function cutEnd(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  if (columns < 1) return '';
  return `${join(fitting(pieces(text), columns - 1)).trimEnd()}${ellipsis}`;
}

/** The path in at most so many columns: cut in its middle, so that its beginning and its ending can be seen. */
export function cutMiddle(path: string, columns: number): string {
  if (displayWidth(path) <= columns) return path;
  if (columns < 1) return '';
  const room = columns - 1;
  const dot = path.lastIndexOf('.');
  const ending = dot === -1 ? 0 : displayWidth(path.slice(dot));
  const half = Math.floor(room / 2);
  const isEnding = ending <= Math.min(longestEnding, room - 1);
  const all = pieces(path);
  const tail = fitting(all.toReversed(), isEnding ? Math.max(half, ending) : half);
  const left = room - tail.reduce((sum, { width }) => sum + width, 0);
  return `${join(fitting(all, left))}${ellipsis}${join(tail.toReversed())}`;
}

/** The text filled up with spaces to so many columns; as it is where it is wider. */
export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - displayWidth(text)));
}

export function padStart(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - displayWidth(text))) + text;
}

/**
 * The text in lines of at most so many columns, broken between words; within one only where it is wider than a line.
 *
 * @param later columns of the lines after the first
 */
export function wrap(text: string, columns: number, later = columns): readonly string[] {
  const lines: string[] = [];
  let rest = '';
  // A character of two columns has to fit.
  const room = () => Math.max(2, lines.length === 0 ? columns : later);
  for (const word of text.split(' ')) {
    const longer = rest === '' ? word : `${rest} ${word}`;
    if (displayWidth(longer) <= room()) {
      rest = longer;
      continue;
    }
    if (rest !== '') lines.push(rest.trimEnd());
    rest = '';
    let width = 0;
    for (const piece of displayWidth(word) <= room() ? [{ text: word, width: 0 }] : pieces(word)) {
      if (width + piece.width > room() && rest !== '') {
        lines.push(rest);
        rest = '';
        width = 0;
      }
      rest += piece.text;
      width += piece.width;
    }
  }
  return [...lines, rest];
}
