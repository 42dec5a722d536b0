import { showText } from '../core/show-text.ts';
import type { ReconcileItem, ReconcileResult } from '../operations/reconcile.ts';
import { showBytes } from './show/bytes.ts';
import { plural, showCount } from './show/count.ts';
import { type Line, line, prose, type Screen } from './show/lines.ts';
import { showAmong } from './show/path.ts';
import { styleOf } from './show/states.ts';
import { showSeconds } from './show/time.ts';
import { cutMiddle } from './show/width.ts';

/** One line a change without a terminal; on one, the path and below it what it comes to. */
export function driftLines(drift: ReconcileItem, folders: readonly string[], screen: Screen): readonly Line[] {
  const { path, asset_id: assetId, state, becomes, listed } = drift;
  const { columns, isTerminal } = screen;
  const name = showAmong(folders, path);
  const size = listed.size === null ? '' : `, ${showBytes(listed.size)}`;
  const seen = `${showText(assetId)} is listed as ${showText(listed.status)}${size}`;
  const step = state === becomes ? `${showText(state)}, another URL` : `${showText(state)} -> ${showText(becomes)}`;
  if (!isTerminal) return [line(`${step}  ${name}  ${seen}`)];
  const shown = columns === null ? name : cutMiddle(name, columns);
  return [line(shown), ...prose(`${step}  ${seen}`, screen, '  ', styleOf(becomes))];
}

/** What a reconciliation comes to. Without a terminal one line, and another where it was broken off. */
export function reconcileLines(summary: ReconcileResult, isDryRun: boolean, screen: Screen): readonly Line[] {
  const { pages, assets, ours, unknown, unreadable, drift, asked, missing, seconds, error } = summary;
  const read = `${plural(pages, 'page')}${summary.is_full ? '' : ' (those that can hold news)'}`;
  const odd = unreadable === 0 ? '' : `, ${showCount(unreadable)} unreadable`;
  const seen = `${plural(assets, 'asset')}, ${showCount(ours)} ours, ${showCount(unknown)} unknown${odd}`;
  const change = `${plural(drift, 'change')} ${isDryRun ? 'to make' : 'brought in'}`;
  const rest = `${showCount(asked)} asked for by itself, ${showCount(missing)} missing; ${showSeconds(seconds)}`;
  const failed =
    error === null ? [] : prose(`The listing could not be read to its end: ${showText(error)}`, screen, '', 'red');
  if (!screen.isTerminal) return [line(`${read}, ${seen}; ${change}, ${rest}`), ...failed];
  return [...prose(`${read}, ${seen}`, screen), ...prose(`${change}, ${rest}`, screen), ...failed];
}
