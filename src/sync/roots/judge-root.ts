import { splitPath } from '../../core/entry.ts';
import type { SyncError } from '../../errors.ts';
import type { LedgerPort } from '../ports/ledger.ts';
import type { LocalPort } from '../ports/local.ts';
import type { ClockPort } from '../ports/runtime.ts';
import { emptied, missing, replacedByEmpty, replacedByOther } from './root-errors.ts';

export interface RootDeps {
  readonly ledger: LedgerPort;
  readonly local: LocalPort;
  readonly clock: Pick<ClockPort, 'monotonic'>;
}

/** What is remembered from one look at a root to the next. */
export interface RootMemory {
  /** As the ledger has it, which nobody else writes while we run; undefined until it was read. */
  saved: string | null | undefined;
  /** A root other than the ledger's that was found to hold what the ledger knows; from then on it is the one to compare with. */
  believed: string | null;
  /** Monotonic milliseconds since when a root on a server is empty; null when it is not. */
  emptySinceMs: number | null;
}

export interface Judgement {
  /** Of the root that was judged; null when it is missing or cannot be read. */
  readonly identity: string | null;
  readonly trouble: SyncError | null;
}

interface Judged {
  readonly folderId: number;
  readonly root: string;
}

/** How long a server has to go on saying that everything is gone. */
const emptyPatienceMs = 60 * 60_000;

/**
 * Why a root cannot be believed, if it cannot: it is missing; it is another directory than it was, and empty or without
 * any name that the ledger knows at its top; or it is on a server, and empty all at once.
 */
export function judgeRoot(deps: RootDeps, memory: RootMemory, folder: Judged): Judgement {
  const identity = deps.local.rootIdentity(folder.root);
  const trouble = identity === null ? missing(folder.root) : judgeIdentity(deps, memory, folder, identity);
  return { identity: trouble?.code === 'folder_missing' ? null : identity, trouble };
}

function judgeIdentity(
  deps: RootDeps,
  memory: RootMemory,
  { folderId, root }: Judged,
  identity: string,
): SyncError | null {
  const { ledger, local } = deps;
  const saved = savedIdentity(ledger, memory, folderId);
  if (saved === null) return null;
  if (isSameRoot(identity, memory.believed ?? saved))
    return judgeEmptiness(deps, memory, folderId, root, deviceOf(identity));
  const glance = local.glance(root, '');
  if (glance === null) return missing(root);
  if (glance.isEmpty && ledger.directories.hasFiles(folderId)) return replacedByEmpty(root);
  const names = knownNames(ledger, folderId);
  const isAnyThere = names.some((name) => isThere(local, root, name));
  if (names.length > 0 && !isAnyThere) return replacedByOther(root, names.length);
  // Unless something was mounted between the looks, and these are the names of another root.
  if (local.rootIdentity(root) === identity) memory.believed = identity;
  return null;
}

/** What the ledger has as the root's identity; asked for once, because each file asks for it several times. */
export function savedIdentity(
  { directories }: Pick<LedgerPort, 'directories'>,
  memory: RootMemory,
  folderId: number,
): string | null {
  if (memory.saved === undefined) memory.saved = directories.rootIdentity(folderId);
  return memory.saved;
}

/** An identity begins with the device. */
export function deviceOf(identity: string): number {
  return Number(identity.split(':')[0]);
}

/**
 * The same inode born at the same moment is the same directory, on whatever device: many file systems get another number
 * each time that they are mounted. Not where no birth time is known, which is written as 0.
 */
function isSameRoot(identity: string, known: string): boolean {
  const [, inode, birthtimeMs] = identity.split(':');
  return identity === known || (birthtimeMs !== '0' && known.endsWith(`:${inode}:${birthtimeMs}`));
}

/** On a local disk, whoever could empty the folder has. A single file less is no mystery on a server either. */
function judgeEmptiness(
  deps: RootDeps,
  memory: RootMemory,
  folderId: number,
  root: string,
  device: number,
): SyncError | null {
  const { clock, ledger, local } = deps;
  if (!local.isRemote({ root, directory: '', name: '' }, device) || local.glance(root, '')?.isEmpty !== true) {
    memory.emptySinceMs = null;
    return null;
  }
  if (!ledger.directories.hasFiles(folderId, 2)) return null;
  const nowMs = clock.monotonic();
  memory.emptySinceMs ??= nowMs;
  return nowMs - memory.emptySinceMs < emptyPatienceMs ? emptied(root, emptyPatienceMs) : null;
}

/** What the ledger knows right below the root: files with bytes, and directories with such files somewhere in them. */
function knownNames({ directories, files }: Pick<LedgerPort, 'directories' | 'files'>, folderId: number): string[] {
  const root = directories.find(folderId, '');
  if (root === undefined) return [];
  const live = files
    .inDirectory(root.id)
    .filter(({ contentId, isGone, excludedBy }) => contentId !== null && !isGone && excludedBy === null);
  const below = directories.children(root.id).filter(({ id }) => directories.anyDevice(id) !== null);
  return [...live.map(({ name }) => name), ...below.map(({ path }) => splitPath(path).name)];
}

function isThere(local: LocalPort, root: string, name: string): boolean {
  const { kind } = local.look({ root, directory: '', name });
  return kind !== 'gone' && kind !== 'ignored';
}
