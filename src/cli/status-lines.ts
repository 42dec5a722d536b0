import type { LiveStatus } from '../control/protocol.ts';
import { showPath, showText } from '../core/show-text.ts';
import type { FileSum } from '../ledger/reports.ts';
import type { Status } from './collect-status.ts';
import { describeSettling, type InHand } from './in-hand.ts';
import { showBytes } from './show/bytes.ts';
import { plural, showCount, showPercent } from './show/count.ts';
import { type Line, line, prose, type Screen, span } from './show/lines.ts';
import { momentOf } from './show/moment.ts';
import { showAmong } from './show/path.ts';
import { countsTable, describeUnready, styleOf } from './show/states.ts';
import { cutMiddle, displayWidth, padEnd, padStart } from './show/width.ts';

import { describeCreation, describeLearnt, describePace, describeReasons } from './status-flora.ts';

/** What people get beyond `status --json`. */
export interface MoreStatus {
  readonly inHand: InHand;
  /** How many files share a state and a reason. */
  readonly sums: readonly FileSum[];
}

/** What `status` tells people: the daemon and its troubles, a table of counts a folder, and what goes on. */
export function statusLines(status: Status, { inHand, sums }: MoreStatus, screen: Screen): readonly Line[] {
  const { daemon, folders, last_reconcile: last, creation, matching } = status;
  const say = (text: string, indent = '') => prose(text, screen, indent);
  const sayAll = (texts: readonly string[]) => texts.flatMap((text) => sayIndented(text, screen));
  const paths = folders.map(({ path }) => path);
  const unready = describeUnready(sums);
  return [
    ...daemonLines(daemon, screen),
    ...(status.trouble === null ? [] : prose(`FLORA: ${showText(status.trouble)}`, screen, '', 'red')),
    ...(status.pace === null ? [] : say(describePace(status.pace, status.counts, screen))),
    ...folders.flatMap((folder) => folderLines(folder, screen)),
    ...(unready === null ? [] : [line(), ...say(`${unready}: \`flora-sync ls\` tells why`)]),
    ...(creation === null ? [] : [line(), ...sayAll(describeCreation(creation, screen))]),
    ...sayAll(describeReasons('Waiting:', status.waiting)),
    ...sayAll(describeReasons('Odd in FLORA:', status.findings)),
    ...(folders.length > 0 ? [] : say('The ledger knows no folder yet: it begins with the first `run` or `sync`.')),
    ...uploadLines(status.inflight, paths, screen),
    ...describeSettling(inHand, paths, screen),
    ...(last === null ? [] : [line(), ...say(describeReconciled(last, screen))]),
    ...(matching === null ? [] : [line(), ...say(describeMatching(matching, screen))]),
    ...Object.entries(status.learnt).flatMap(([workspace, learnt]) => [
      line(),
      ...sayAll(describeLearnt(workspace, learnt)),
    ]),
  ];
}

/** A text whose indent stays, and deepens where it goes on. */
function sayIndented(text: string, screen: Screen): readonly Line[] {
  const bare = text.trimStart();
  return prose(bare, screen, ' '.repeat(text.length - bare.length));
}

function daemonLines({ running, pid, state, since }: Status['daemon'], screen: Screen): readonly Line[] {
  if (!running) return prose('flora-sync is not running on this state directory', screen, '', 'yellow');
  const when = since === null ? '' : `, started ${momentOf(since, screen)}`;
  // Who took it only just now has not said yet.
  const who = pid === null ? showText(state) : `pid ${pid}, ${showText(state)}`;
  return prose(`flora-sync is running (${who})${when}`, screen, '', 'green');
}

function folderLines(
  { path, counts, trouble, notices = [] }: Status['folders'][number],
  screen: Screen,
): readonly Line[] {
  const shown = showPath(path);
  const rows = countsTable(counts);
  return [
    line(),
    line(span(screen.columns === null ? shown : cutMiddle(shown, screen.columns), 'bold')),
    ...(trouble === undefined ? [] : prose(showText(trouble), screen, '  ', 'red')),
    ...notices.flatMap((notice) => prose(showText(notice), screen, '  ')),
    ...(rows.length === 0
      ? [line('  no files yet')]
      : rows.map(({ count, state }) => line(`  ${count} `, span(state, styleOf(state))))),
  ];
}

const stateColumns = 8;
const bytesColumns = 9;

/** Under way, each on one line: how far it is, its state, and its path. */
function uploadLines(uploads: LiveStatus['inflight'], folders: readonly string[], screen: Screen): readonly Line[] {
  if (uploads.length === 0) return [];
  const rows = uploads.map(({ path, state, sent_bytes: sent, size }) => {
    const share = showPercent(size === 0 ? 1 : sent / size).padStart(4);
    const shown = `  ${share} of ${padStart(showBytes(size), bytesColumns)}  ${padEnd(showText(state), stateColumns)}  `;
    const name = showAmong(folders, path);
    return line(shown, screen.columns === null ? name : cutMiddle(name, screen.columns - displayWidth(shown)));
  });
  return [line(), line('On their way:'), ...rows];
}

function describeReconciled(last: NonNullable<Status['last_reconcile']>, screen: Screen): string {
  const outcome = last.error === null ? plural(last.drift, 'change') : showText(last.error);
  const odd = last.unreadable === 0 ? '' : `, ${showCount(last.unreadable)} unreadable`;
  const seen = `${plural(last.assets, 'asset')}, ${showCount(last.ours)} ours${odd}`;
  return `Reconciled ${momentOf(last.at, screen)}: ${seen}, ${outcome}`;
}

function describeMatching(matching: NonNullable<Status['matching']>, screen: Screen): string {
  const { since, ended, assets, adopted, unreadable, fetched_bytes: fetched } = matching;
  const when = ended === null ? `since ${momentOf(since, screen)}, so far` : `(${momentOf(ended, screen)}):`;
  const odd = unreadable === 0 ? '' : `${showCount(unreadable)} unreadable, `;
  return (
    `Looked for files that FLORA has already ${when} ${plural(assets, 'asset')} listed, ${odd}` +
    `${showCount(adopted)} recognised by their bytes, ${showBytes(fetched)} fetched`
  );
}
