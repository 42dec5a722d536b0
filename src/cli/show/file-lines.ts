import { showBytes } from './bytes.ts';
import { type Line, line, type Screen, span } from './lines.ts';
import { moment } from './moment.ts';
import { styleOf } from './states.ts';
import { cutEnd, cutMiddle, padEnd, padStart } from './width.ts';

/** A file as `ls` shows it. All texts are harmless already (core/show-text). */
export interface ShownFile {
  readonly state: string;
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly updatedAtMs: number;
  readonly path: string;
  readonly url: string | null;
  /** Its code and a sentence. */
  readonly reason: string | null;
}

const stateColumns = 8;
const sizeColumns = 9;
const agoColumns = 11;
/** Where there is less room than this the path needs that of the time. */
const leastColumnsForTimes = 64;

/**
 * One line a file without a terminal: state, size, time, path, and what there is more, at least two spaces apart. On a
 * terminal the reason has a line of its own below, and the URL with `--long`.
 */
export function fileLines(file: ShownFile, screen: Screen): readonly Line[] {
  const { columns, isTerminal, isLong } = screen;
  const state = span(padEnd(file.state, stateColumns), styleOf(file.state));
  const size = padStart(showBytes(file.sizeBytes), sizeColumns);
  const time = moment(file.updatedAtMs, screen);
  const url = isLong ? file.url : null;
  if (!isTerminal) {
    const tail = [url, file.reason].filter((part) => part !== null).map((part) => `  ${part}`);
    return [line(state, `  ${size}  ${time}  ${file.path}`, ...tail)];
  }
  const hasTime = columns === null || columns >= leastColumnsForTimes;
  const head = `  ${size}  ${hasTime ? `${padEnd(time, agoColumns)}  ` : ''}`;
  const used = stateColumns + head.length;
  const path = columns === null ? file.path : cutMiddle(file.path, columns - used);
  const indent = ' '.repeat(stateColumns + 2);
  const below = [file.reason, url].filter((part) => part !== null);
  return [
    line(state, head, path),
    ...below.map((part) => line(indent, span(columns === null ? part : cutEnd(part, columns - indent.length), 'dim'))),
  ];
}
