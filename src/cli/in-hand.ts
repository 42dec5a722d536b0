import { askDaemon } from '../control/client.ts';
import { fileKey } from '../core/entry.ts';
import { locate } from '../core/locate.ts';
import { displayName } from '../core/name.ts';
import { showPath, showText } from '../core/show-text.ts';
import { SyncError } from '../errors.ts';
import { openDatabaseReadOnly } from '../ledger/database.ts';
import { Inventory } from '../ledger/inventory.ts';
import { createLocalFiles } from '../local/local-files.ts';
import { type FileInHand, inHand } from '../operations/in-hand.ts';
import { meanings } from '../operations/known-files.ts';
import { systemClock } from '../runtime/clock.ts';
import { isoTime, plural, showBytes } from './output.ts';

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
export function reasonOf({
  phase,
  held_by: holders,
  held_since: since,
}: Pick<FileInHand, 'phase' | 'held_by' | 'held_since'>): string {
  if (phase === 'reading') return 'finished, and about to be read';
  if (phase !== 'held') return 'waits until it has kept still for the quiet period';
  const who = holders.map(({ pid, name }) => `${pid} (${showText(name)})`);
  const when = since === null ? '' : ` since ${isoTime(since)}`;
  return `held open for writing by ${who.length === 0 ? 'a process' : who.join(', ')}${when}`;
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
export function describeInHandLine(file: FileInHand): string {
  return `${'settling'.padEnd(9)} ${showBytes(file.size).padStart(9)}  ${showPath(file.path)}  ${reasonOf(file)}`;
}

/** Those that somebody holds open first, the longest held before others. */
function byPatience(files: readonly FileInHand[]): readonly FileInHand[] {
  const rank = ({ held_since: since }: FileInHand) => since ?? Number.MAX_SAFE_INTEGER;
  return [...files].sort((a, b) => rank(a) - rank(b));
}

/** For `status`: how many there are, and the first of them. */
export function settlingLine(files: readonly FileInHand[]) {
  const first = byPatience(files).slice(0, mostNamed);
  return {
    count: files.length,
    held_open: files.filter(({ phase }) => phase === 'held').length,
    files: first.map((file) => ({ path: displayName(file.path), ...settlingJson(file) })),
  };
}

export function describeSettling({ count, files }: ReturnType<typeof settlingLine>): readonly string[] {
  if (count === 0) return [];
  return ['', `Settling: ${plural(count, 'file')}`, ...named(files, count)];
}

/** The last lines of a `sync`: what it did not wait for any longer. */
export function describeLeft({ count, files }: ReturnType<typeof settlingLine>): readonly string[] {
  return named(files, count);
}

function named(files: ReturnType<typeof settlingLine>['files'], count: number): readonly string[] {
  const more = count - files.length;
  return [
    ...files.map(({ path, reason }) => `  ${showPath(path)}: ${reason}`),
    ...(more > 0 ? [`  and ${plural(more, 'other')}`] : []),
  ];
}

/** What can be said without a daemon of a file that the ledger has never seen; null where that is nothing. */
export async function whoHolds(stateDir: string, typed: string): Promise<string | null> {
  const database = openDatabaseReadOnly(stateDir);
  if (database === undefined) return null;
  try {
    const folders = new Inventory(database).folders();
    const local = createLocalFiles({ now: systemClock.monotonic, accept: [] });
    for (const absolute of meanings(typed)) {
      for (const { root } of folders) {
        const file = locate(root, absolute);
        const look = file === null ? null : local.look(file);
        if (look?.kind !== 'file') continue;
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
