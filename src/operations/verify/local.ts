import { isActive } from '../../core/content.ts';
import { absolutePath, type FilePath, isAtOrBelow, joinPath } from '../../core/entry.ts';
import { SyncError } from '../../errors.ts';
import type { Inventory, InventoryFolder } from '../../ledger/inventory.ts';
import type { createLocalFiles } from '../../local/local-files.ts';
import type { ScannedDirectory } from '../../local/walk/scanner.ts';
import type { FolderRules } from '../../rules/folder-rules.ts';
import { type KnownPath, knownFiles } from '../known-files.ts';
import { Bounded } from './bounded.ts';
import type { Findings } from './difference.ts';

/** What is to be compared: everything at or below a directory of a folder, or one file in it. */
export interface Scope {
  readonly folder: InventoryFolder;
  readonly directory: string;
  /** Null for all of the directory. */
  readonly name: string | null;
}

export interface VerifyLocalDeps {
  readonly inventory: Inventory;
  readonly local: Pick<ReturnType<typeof createLocalFiles>, 'walk' | 'glance' | 'look' | 'digest' | 'rootIdentity'>;
  readonly rulesOf: (root: string) => FolderRules | undefined;
  readonly findings: Findings;
  readonly signal: AbortSignal;
  /** Told each content that a file in scope stands for. */
  readonly onContent: (contentId: number) => void;
}

/** Digests at once: more would only fight over the disk. */
const readers = 2;
/** The daemon may take a file in anew while it is compared; so often the new row is looked at. */
const mostLooks = 3;

/**
 * Compares the files of the ledger with the disk, by size and digest, and what lies on the disk with the ledger. Only reads,
 * a batch of rows at a time; what the daemon changes meanwhile is compared as it is then.
 */
export async function verifyLocal(deps: VerifyLocalDeps, scopes: readonly Scope[]): Promise<void> {
  for (const scope of scopes) {
    if (deps.signal.aborted) return;
    if (await isAway(deps, scope.folder)) continue;
    await compareRows(deps, scope);
    await findUntracked(deps, scope);
  }
}

/** A folder that is not mounted is one difference, not one for each of its files. */
async function isAway({ inventory, local, findings }: VerifyLocalDeps, folder: InventoryFolder): Promise<boolean> {
  const { root, rootIdentity } = folder;
  const identity = local.rootIdentity(root);
  if (identity === null) {
    await findings.differ(root, 'folder_missing', 'directory', null);
    return true;
  }
  if (identity === rootIdentity || rootIdentity === null) return false;
  const isEmpty = local.glance(root, '')?.isEmpty === true;
  if (!isEmpty || knownFiles(inventory, folder).next().done === true) return false;
  await findings.differ(root, 'folder_replaced', 'directory with files', 'another one, empty');
  return true;
}

async function compareRows(deps: VerifyLocalDeps, { folder, directory, name }: Scope): Promise<void> {
  const { inventory, signal } = deps;
  if (name !== null) {
    const file = inventory.file(folder.folderId, directory, name);
    if (file !== undefined) await compare(deps, { folder, file, path: { root: folder.root, directory, name } });
    return;
  }
  const work = new Bounded(readers);
  for (const known of knownFiles(inventory, folder, (each) => isAtOrBelow(each, directory))) {
    if (signal.aborted) break;
    await work.add(() => compare(deps, known));
  }
  await work.end();
}

async function compare(deps: VerifyLocalDeps, known: KnownPath): Promise<void> {
  const { inventory, findings } = deps;
  const { folder, path } = known;
  let { file } = known;
  for (let looks = 1; ; looks += 1) {
    // Of what a rule leaves alone, the ledger does not know what became of it.
    if (file.isGone || file.isExcluded) return;
    if (file.content === null) {
      findings.rejected += 1;
      return;
    }
    const difference = await lookAt(deps, path, file.content);
    const now = difference === null ? file : inventory.file(folder.folderId, path.directory, path.name);
    if (now === undefined) return;
    if (difference === null || now.content?.contentId === file.content.contentId || looks === mostLooks) {
      // Counted only now: a row that was overtaken is no file of its own.
      const { contentId, state } = file.content;
      deps.onContent(contentId);
      if (isActive(state) || state === 'gone') findings.pending += 1;
      if (difference !== null && !now.isGone) await findings.differ(absolutePath(path), ...difference);
      return;
    }
    file = now;
  }
}

type Difference = Parameters<Findings['differ']> extends [string, ...infer Rest] ? Rest : never;

async function lookAt(
  { local, findings, signal }: VerifyLocalDeps,
  path: FilePath,
  expected: { readonly sizeBytes: number; readonly sha256: string },
): Promise<Difference | null> {
  const look = local.look(path);
  // Of a file in another size nothing has to be read.
  if (look.kind === 'file' && look.stat.sizeBytes !== expected.sizeBytes) {
    findings.files += 1;
    return ['size', expected.sizeBytes, look.stat.sizeBytes];
  }
  const read = await local.digest(path, signal);
  switch (read.kind) {
    case 'fingerprint': {
      const { stat, sha256 } = read.fingerprint;
      findings.files += 1;
      findings.bytesRead += stat.sizeBytes;
      if (stat.sizeBytes !== expected.sizeBytes) return ['size', expected.sizeBytes, stat.sizeBytes];
      return sha256 === expected.sha256 ? null : ['digest', expected.sha256, sha256];
    }
    case 'changed':
      return ['changed', expected.sha256, null];
    case 'gone':
      return ['missing_local', expected.sha256, null];
    case 'problem':
      return ['unreadable', expected.sha256, read.problem.reason];
    default: {
      const never: never = read;
      throw new Error(`Unknown result ${JSON.stringify(never)}`);
    }
  }
}

/** What the intake would take, or would already have taken: the same walk, which skips the same names. */
async function findUntracked(deps: VerifyLocalDeps, { folder, directory, name }: Scope): Promise<void> {
  const { inventory, local, rulesOf, findings, signal } = deps;
  const { folderId, root } = folder;
  const check = async (path: FilePath) => {
    const known = inventory.file(folderId, path.directory, path.name);
    if (known !== undefined && !known.isGone) return;
    if (rulesOf(root)?.of(joinPath(path.directory, path.name), 'file') != null) return;
    // The listing may be old by now.
    const look = local.look(path);
    if (look.kind === 'file') await findings.differ(absolutePath(path), 'untracked', null, look.stat.sizeBytes);
  };
  if (name !== null) return await check({ root, directory, name });
  const onDirectory = async (listing: ScannedDirectory) => {
    for (const file of listing.files) await check({ root, directory: listing.directory, name: file.name });
  };
  const onUnreadable = (path: string, { reason }: { readonly reason: string }) =>
    findings.differ(joinPath(root, path), 'unreadable', 'directory', reason);
  try {
    await local.walk(root, directory, { onDirectory, onUnreadable }, signal);
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof SyncError) || error.scope !== 'folder') throw error;
    await findings.differ(root, 'folder_missing', 'directory', null);
  }
}
