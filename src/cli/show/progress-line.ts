import { showBytes } from './bytes.ts';
import { showCount, showPercent } from './count.ts';
import { showAbout } from './time.ts';
import { cutEnd, cutMiddle, displayWidth } from './width.ts';

/** How far a `sync` is. */
export interface ProgressState {
  /** What it does beside sending, in words; null where that is nothing. */
  readonly phase: string | null;
  readonly doneFiles: number;
  readonly totalFiles: number;
  /** Of all that is known to do, by bytes and by files. */
  readonly share: number;
  readonly sentBytes: number;
  /** Bytes a second. */
  readonly rate: number;
  /** Infinite while nobody can say. */
  readonly leftSeconds: number;
  /** Of files on their way; harmless (core/show-text). */
  readonly names: readonly string[];
}

type Part = 'bar' | 'shortBar' | 'percent' | 'phase' | 'files' | 'count' | 'bytes' | 'rate' | 'left';

/** From all that there is to what is never left out: the first that fits is shown. */
const layouts: readonly (readonly Part[])[] = [
  ['bar', 'phase', 'files', 'bytes', 'rate', 'left'],
  ['shortBar', 'phase', 'files', 'bytes', 'rate', 'left'],
  ['shortBar', 'phase', 'files', 'rate', 'left'],
  ['shortBar', 'phase', 'count', 'rate', 'left'],
  ['percent', 'phase', 'count', 'rate', 'left'],
  ['phase', 'rate', 'left'],
];

const gap = '  ';
/** A name in less than this says nothing. */
const leastForNames = 12;
const mostForName = 28;
const namesAtOnce = 2;

/** One line in at most so many columns. Where it is narrow, rate and time left stay longest, and what it does just now. */
export function progressLine(state: ProgressState, columns: number): string {
  const parts = partsOf(state);
  let shown = '';
  for (const layout of layouts) {
    shown = layout
      .map((part) => parts[part])
      .filter((text) => text !== '')
      .join(gap);
    if (displayWidth(shown) <= columns) break;
  }
  const room = columns - displayWidth(shown) - gap.length;
  const names = room < leastForNames ? '' : showNames(state.names, room);
  return cutEnd(names === '' ? shown : `${shown}${gap}${names}`, columns);
}

function partsOf({
  phase,
  doneFiles,
  totalFiles,
  share,
  sentBytes,
  rate,
  leftSeconds,
}: ProgressState): Record<Part, string> {
  // What there is nothing of yet is not said.
  const some = (value: number, text: string) => (value === 0 ? '' : text);
  const count = `${showCount(doneFiles)}/${showCount(totalFiles)}`;
  return {
    bar: bar(share, 24),
    shortBar: bar(share, 10),
    percent: showPercent(share),
    phase: phase ?? '',
    files: some(totalFiles, `${count} files`),
    count: some(totalFiles, count),
    bytes: some(sentBytes, showBytes(sentBytes)),
    rate: some(sentBytes, `${showBytes(rate)}/s`),
    left: Number.isFinite(leftSeconds) ? `${showAbout(leftSeconds)} left` : '',
  };
}

function bar(share: number, columns: number): string {
  const full = Math.floor(Math.min(1, Math.max(0, Number.isNaN(share) ? 0 : share)) * columns);
  return '█'.repeat(full) + '░'.repeat(columns - full);
}

function showNames(names: readonly string[], room: number): string {
  const first = names.slice(0, namesAtOnce).map((name) => cutMiddle(name, mostForName));
  const more = names.length > first.length ? ` +${names.length - first.length}` : '';
  const all = `${first.join(', ')}${more}`;
  return displayWidth(all) <= room ? all : cutMiddle(names[0] ?? '', Math.min(room, mostForName));
}
