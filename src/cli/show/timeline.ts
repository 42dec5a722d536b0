import { displayName } from '../../core/name.ts';
import { showPath, showText } from '../../core/show-text.ts';
import type { FileReport, TimelineEntry } from '../../ledger/reports.ts';
import { showBytes } from './bytes.ts';
import { type Line, line, prose, type Screen, span } from './lines.ts';
import { moment, timeOfDay } from './moment.ts';
import { showBelow } from './path.ts';
import { reasonWithCode, styleOf } from './states.ts';
import { cutMiddle } from './width.ts';

/** A file with all that has happened to it; without entries where the ledger has never seen it. */
export type ShownTimeline =
  | (FileReport & { readonly entries: readonly TimelineEntry[] })
  | { readonly path: string; readonly folder: string; readonly entries: null };

/** As much of a digest as people compare. */
const digestDigits = 12;

/**
 * What `why` tells people.
 *
 * @param settling why it is not taken in as it is now; null where it is
 * @param waits what holds it up that is not its own; null where that is nothing
 */
export function timelineLines(
  file: ShownTimeline,
  settling: string | null,
  screen: Screen,
  waits: string | null = null,
): readonly Line[] {
  const heading = headingOf(file, screen);
  if (file.entries === null) return [...heading, ...prose(`settling (${settling ?? ''})`, screen, '  ')];
  const { state, sizeBytes, sha256, url, assetId, updatedAtMs } = file;
  const reason = reasonWithCode(file.reasonCode, file.reason);
  const digest = sha256 === null ? null : `sha256 ${screen.columns === null ? sha256 : sha256.slice(0, digestDigits)}`;
  const lines = [
    ...heading,
    line('  ', span(state, styleOf(state)), `, ${moment(updatedAtMs, screen)}`),
    ...(reason === null ? [] : prose(showText(reason), screen, '  ', 'bold')),
    ...(waits === null ? [] : prose(`waits: ${showText(waits)}`, screen, '  ', 'bold')),
    line(`  ${[showBytes(sizeBytes), digest].filter((part) => part !== null).join(', ')}`),
    ...(assetId === null ? [] : [line(`  asset ${showText(assetId)}`)]),
    ...(url === null || !screen.isLong ? [] : [line(`  ${showText(url)}`)]),
    line(),
  ];
  const pending = settling === null ? [] : [...prose(`settling: ${settling}`, screen, '  '), line()];
  return [...lines, ...pending, ...file.entries.flatMap((entry) => entryLines(entry, screen))];
}

/** On a terminal the path below its drop folder, which is named beside it; elsewhere the whole path. */
function headingOf({ path, folder }: ShownTimeline, { columns, isTerminal }: Screen): readonly Line[] {
  if (!isTerminal) return [line(showPath(path))];
  const cut = (text: string, room: number) => (columns === null ? text : cutMiddle(text, room));
  const name = span(cut(showBelow(folder, path), columns ?? 0), 'bold');
  return [line(name), line('  ', span(`in ${cut(showPath(folder), (columns ?? 0) - 5)}`, 'dim'))];
}

function entryLines(entry: TimelineEntry, screen: Screen): readonly Line[] {
  const parts = [timeOfDay(entry.atMs, screen), entry.event];
  if (entry.from !== null) parts.push(`${entry.from} -> ${entry.to}`);
  else if (entry.to !== null && entry.to !== entry.event) parts.push(entry.to);
  if (entry.attempt !== null && entry.attempt > 1) parts.push(`attempt ${entry.attempt}`);
  if (entry.assetId !== null) parts.push(entry.assetId);
  if (entry.requestId !== null) parts.push(entry.requestId);
  if (entry.detail !== null) parts.push(`- ${displayName(entry.detail)}`);
  return prose(parts.map(showText).join('  '), screen, '  ');
}
