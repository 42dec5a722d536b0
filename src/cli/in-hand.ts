import type { PartialConfig } from '../config/load.ts';
import { askDaemon } from '../control/client.ts';
import { fileKey, joinPath } from '../core/entry.ts';
import { locate } from '../core/locate.ts';
import { displayName } from '../core/name.ts';
import { showText } from '../core/show-text.ts';
import { SyncError } from '../errors.ts';
import { openDatabaseReadOnly } from '../ledger/database.ts';
import { Inventory } from '../ledger/inventory.ts';
import { createLocalFiles } from '../local/local-files.ts';
import { type FileInHand, inHand } from '../operations/in-hand.ts';
import { meanings } from '../operations/known-files.ts';
import { describeExclusion } from '../rules/rule.ts';
import { systemClock } from '../runtime/clock.ts';
import { rulesByRoot } from '../setup/folder-rules.ts';
import { plural } from './show/count.ts';
import { fileLines } from './show/file-lines.ts';
import type { Line, Screen } from './show/lines.ts';
import { line, prose } from './show/lines.ts';
import { moment } from './show/moment.ts';
import { showAmong } from './show/path.ts';
import { isoTime } from './show/time.ts';
import { cutMiddle, displayWidth } from './show/width.ts';

// Files that are not in the ledger yet, or not as they are now: what the daemon says of them, and what we do.

/** What is only for display is not waited for any longer. */
const askMs = 3_000;

/** So many are named where it is not the list itself that is asked for. */
const mostNamed = 20;

/** What the running daemon has in hand; nothing where none runs, or it cannot say. */
export async function askInHand(stateDir: string): Promise<readonly FileInHand[]> {
  const files: FileInHand[] = [];
  const signal = AbortSignal.timeout(askMs);
  const onItem = async (file: FileInHand) => void files.push(file);
  try {
    await askDaemon(stateDir, inHand, { request: {}, onItem, signal });
  } catch (error) {
    // It stops, is of another version, or takes too long: the ledger is what there is to show.
    if (!(error instanceof SyncError) && !signal.aborted) throw error;
  }
  return files;
}

/** Why it is not sent yet, as one line: `held open for writing by 4711 (ffmpeg) since …`. */
export function reasonOf(
  { phase, held_by: holders, held_since: since }: Pick<FileInHand, 'phase' | 'held_by' | 'held_since'>,
  showTime: (ms: number) => string = isoTime,
): string {
  if (phase === 'reading') return 'finished, and about to be read';
  if (phase !== 'held') return 'waits until it has kept still for the quiet period';
  const names = holders.map(({ pid, name }) => `${pid} (${showText(name)})`);
  const when = since === null ? '' : ` since ${showTime(since)}`;
  return `held open for writing by ${names.length === 0 ? 'a process' : names.join(', ')}${when}`;
}

/** The same with the times that this screen shows. */
export function reasonOn(screen: Screen, file: Pick<FileInHand, 'phase' | 'held_by' | 'held_since'>): string {
  return reasonOf(file, (ms) => moment(ms, screen));
}

/** What the lines of `ls --json` and `why --json` have more for such a file. */
export function settlingJson(file: FileInHand) {
  return {
    reason: reasonOf(file),
    size: file.size,
    held_by: file.held_by.map(({ pid, name }) => ({ pid, name })),
    held_since: file.held_since === null ? null : isoTime(file.held_since),
  };
}

/** A file that the ledger does not know yet, in the contract's JSON. */
export function inHandJson(file: FileInHand) {
  return {
    path: displayName(file.path),
    folder: displayName(file.folder),
    state: 'settling',
    asset_id: null,
    url: null,
    size: file.size,
    sha256: null,
    attempts: 0,
    reason: reasonOf(file),
    updated_at: isoTime(file.changed),
    settling: settlingJson(file),
  };
}

/** The same for people, as `ls` shows files. */
export function inHandLines(file: FileInHand, path: string, screen: Screen): readonly Line[] {
  const { size: sizeBytes, changed: updatedAtMs } = file;
  return fileLines(
    { state: 'settling', sizeBytes, updatedAtMs, path, url: null, reason: reasonOn(screen, file) },
    screen,
  );
}

/** Those that somebody holds open first, the longest held before others. */
function byPatience(files: readonly FileInHand[]): readonly FileInHand[] {
  const rank = ({ held_since: since }: FileInHand) => since ?? Number.MAX_SAFE_INTEGER;
  return [...files].sort((a, b) => rank(a) - rank(b));
}

/** The first of what is in hand, and how many there are. */
export interface InHand {
  readonly count: number;
  readonly heldOpen: number;
  readonly first: readonly FileInHand[];
}

export function inHandOf(files: readonly FileInHand[]): InHand {
  const heldOpen = files.filter(({ phase }) => phase === 'held').length;
  return { count: files.length, heldOpen, first: byPatience(files).slice(0, mostNamed) };
}

/** For `status --json`: how many there are, and the first of them. */
export function settlingLine({ count, heldOpen, first }: InHand) {
  return {
    count,
    held_open: heldOpen,
    files: first.map((file) => ({ path: displayName(file.path), ...settlingJson(file) })),
  };
}

export function describeSettling(pending: InHand, folders: readonly string[], screen: Screen): readonly Line[] {
  if (pending.count === 0) return [];
  return [line(), line(`Settling: ${plural(pending.count, 'file')}`), ...describeLeft(pending, folders, screen)];
}

/** Also the last lines of a `sync`: what it did not wait for any longer. */
export function describeLeft({ count, first }: InHand, folders: readonly string[], screen: Screen): readonly Line[] {
  const more = count - first.length;
  return [
    ...first.flatMap((file) => namedLines(showAmong(folders, displayName(file.path)), reasonOn(screen, file), screen)),
    ...(more > 0 ? [line(`  and ${plural(more, 'other')}`)] : []),
  ];
}

/** A name and what is said of it: on one line, or the name cut to one and the rest below it. */
function namedLines(name: string, said: string, screen: Screen): readonly Line[] {
  const { columns } = screen;
  const whole = `  ${name}: ${said}`;
  if (columns === null || displayWidth(whole) <= columns) return [line(whole)];
  return [line('  ', cutMiddle(name, columns - 3), ':'), ...prose(said, screen, '    ')];
}

/** What can be said without a daemon of a file that the ledger has never seen; null where that is nothing. */
export async function whoHolds(
  { stateDir, folders: set }: Pick<PartialConfig, 'stateDir' | 'folders'>,
  typed: string,
): Promise<string | null> {
  const database = openDatabaseReadOnly(stateDir);
  if (database === undefined) return null;
  try {
    const folders = new Inventory(database).folders();
    const rulesOf = rulesByRoot(set);
    const local = createLocalFiles({ now: systemClock.monotonic, accept: [] });
    for (const { root } of folders) {
      for (const absolute of [...meanings(typed), ...meanings(typed, root)]) {
        const file = locate(root, absolute);
        const look = file === null ? null : local.look(file);
        if (file === null || look === null || look.kind === 'gone') continue;
        const exclusion = rulesOf(root)?.of(joinPath(file.directory, file.name), 'file') ?? null;
        if (exclusion !== null) return `It is excluded by ${describeExclusion(exclusion)}.`;
        if (look.kind !== 'file') continue;
        const key = fileKey(look.stat);
        const open = await local.openForWriting(new Set([key]), AbortSignal.timeout(askMs), true);
        const holders = open.get(key);
        if (holders === undefined) return 'It is there: `flora-sync run` or `sync` takes it in once it is finished.';
        const held = { phase: 'held', held_by: holders, held_since: null } as const;
        return `It is ${reasonOf(held)}: it is taken in once that is closed.`;
      }
    }
    return null;
  } finally {
    database.close();
  }
}
