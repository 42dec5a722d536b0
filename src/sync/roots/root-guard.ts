import type { DropFolder } from '../../core/drop-folder.ts';
import type { SyncError } from '../../errors.ts';
import { deviceOf, type Judgement, judgeRoot, type RootDeps, type RootMemory, savedIdentity } from './judge-root.ts';
import { findLostMount } from './lost-mount.ts';
import { missing } from './root-errors.ts';

export interface RootGuardDeps extends RootDeps {
  /** Told once when a folder cannot be believed any more (error), and once when it can again (null). */
  readonly onFolder: (folder: DropFolder, trouble: SyncError | null) => void;
}

/** Names a drop folder: itself, or any path in it. */
type InFolder = Pick<DropFolder, 'root'>;

/** How a folder stands with us. */
class Standing implements RootMemory {
  readonly folder: DropFolder;
  /** As it was told last; null when the folder can be believed. */
  trouble: SyncError | null = null;
  /** Nothing is taken from the folder. Unlike `trouble` not while a scan tries whether it can be believed again. */
  isClosed = false;
  /** A person took the root as it is, until it is scanned. */
  isAccepted = false;
  saved: string | null | undefined;
  believed: string | null = null;
  emptySinceMs: number | null = null;
  readonly rootDevices = new Set<number>();
  readonly lostMounts = new Set<string>();

  constructor(folder: DropFolder) {
    this.folder = folder;
  }
}

/**
 * Knows each folder's root (device, inode, birth time; kept in the ledger), and halts a folder whose root is gone, was
 * replaced by one that holds nothing we know, or (on a server) was emptied at once: an unmounted drive is not a thousand
 * deletions, and another drive in its place is not a thousand new files.
 */
export class RootGuard {
  readonly #deps: RootGuardDeps;
  readonly #standings: ReadonlyMap<string, Standing>;

  constructor(deps: RootGuardDeps, folders: readonly DropFolder[]) {
    this.#deps = deps;
    this.#standings = new Map(folders.map((folder) => [folder.root, new Standing(folder)]));
  }

  /** Why nothing may be taken from the folder now; null when what is there may be. */
  trouble(at: InFolder): SyncError | null {
    const standing = this.#standing(at);
    return standing.isClosed ? standing.trouble : this.#judge(standing).trouble;
  }

  /** Whether what is found by itself may be taken in: not from a root that will do, but was not scanned yet either. */
  mayTake(at: InFolder): boolean {
    const standing = this.#standing(at);
    if (standing.isClosed) return false;
    // One look at the root serves both questions: this is asked for each file.
    const { identity, trouble } = this.#judge(standing);
    return trouble === null && !this.#isOther(standing, identity);
  }

  /**
   * Whether what is missing in this directory (the root by default) may be believed: the folder is watched and the one that it was,
   * and nothing that was mounted at or above the directory is away. Halts the folder when nothing in it may be believed.
   */
  isThere({ root, directory = '' }: InFolder & { readonly directory?: string }): boolean {
    const standing = this.#standings.get(root);
    if (standing === undefined || standing.isClosed) return false;
    const { trouble } = this.#judge(standing);
    if (trouble !== null) this.#halt(standing, trouble);
    return trouble === null && !this.isMountLost({ root, directory });
  }

  /** Whether the directory is on a drive that was mounted below the root and is not now. */
  isMountLost({ root, directory }: InFolder & { readonly directory: string }): boolean {
    const { folder, isAccepted, rootDevices, lostMounts } = this.#standing({ root });
    const lost = isAccepted ? null : findLostMount(this.#deps, folder, directory, rootDevices);
    if (lost !== null) lostMounts.add(lost);
    return lost !== null;
  }

  /** Those of the lost mounts that are not lost any more: back, or gone for good. Each is returned once. */
  takeFoundMounts(at: InFolder): readonly string[] {
    const { folder, rootDevices, lostMounts } = this.#standing(at);
    const found = [...lostMounts].filter((mount) => findLostMount(this.#deps, folder, mount, rootDevices) === null);
    for (const mount of found) lostMounts.delete(mount);
    return found;
  }

  /** Before a whole scan: whether there is anything to walk. From here on, this root is known from another. */
  async begin(at: InFolder): Promise<boolean> {
    const { ledger } = this.#deps;
    const standing = this.#standing(at);
    const { folderId } = standing.folder;
    const { identity, trouble } = this.#judge(standing);
    // Of a root that is missing, the walk says why.
    if (identity === null) return true;
    if (trouble !== null) {
      this.#halt(standing, trouble);
      return false;
    }
    standing.isClosed = false;
    if (savedIdentity(ledger, standing, folderId) === null) {
      standing.believed = null;
      // Files without a root: a person has accepted what is there now, and be it nothing.
      standing.isAccepted = ledger.directories.hasFiles(folderId);
      if (standing.isAccepted) standing.emptySinceMs = Number.NEGATIVE_INFINITY;
    }
    await this.#save(standing, identity);
    return true;
  }

  /** A whole scan went through. */
  async scanned(at: InFolder): Promise<void> {
    if (!this.isThere({ root: at.root })) return;
    const standing = this.#standing(at);
    standing.isAccepted = false;
    if (standing.trouble === null) return;
    standing.trouble = null;
    this.#deps.onFolder(standing.folder, null);
  }

  /**
   * A scan did not go through. What is at the root now says more than the error, if anything is. Returns whether to scan
   * again: the walk missed the root that it began with, and the one in its place will do as well.
   */
  failed(at: InFolder, error: SyncError): boolean {
    const standing = this.#standing(at);
    const { identity, trouble } = this.#judge(standing);
    if (trouble === null && error.code === 'folder_missing' && this.#hasMoved(standing)) return true;
    this.#halt(standing, identity === null || trouble === null ? error : trouble);
    return false;
  }

  isHalted(at: InFolder): boolean {
    return this.#standing(at).trouble !== null;
  }

  /** Whether a whole scan is due now: the folder is halted, or something else is at its root than when it was scanned. */
  isScanDue(at: InFolder): boolean {
    return this.isHalted(at) || this.#hasMoved(this.#standing(at));
  }

  /**
   * A person says that the root is right as it is: the next whole scan believes it, with all that is missing there.
   * Returns the trouble that this cannot end: the root is not there.
   */
  async accept(at: InFolder): Promise<SyncError | null> {
    const { ledger, local } = this.#deps;
    const standing = this.#standing(at);
    const { root, folderId } = standing.folder;
    if (local.rootIdentity(root) === null) return missing(root);
    await ledger.write((tables) => tables.directories.forgetRootIdentity(folderId));
    standing.saved = null;
    return null;
  }

  #hasMoved(standing: Standing): boolean {
    return this.#isOther(standing, this.#deps.local.rootIdentity(standing.folder.root));
  }

  #isOther(standing: Standing, identity: string | null): boolean {
    const saved = savedIdentity(this.#deps.ledger, standing, standing.folder.folderId);
    return saved !== null && placeOf(identity) !== placeOf(saved);
  }

  async #save(standing: Standing, identity: string): Promise<void> {
    const { ledger } = this.#deps;
    const { folderId } = standing.folder;
    const saved = savedIdentity(ledger, standing, folderId);
    if (saved !== null) standing.rootDevices.add(deviceOf(saved));
    standing.rootDevices.add(deviceOf(identity));
    if (saved === identity) return;
    await ledger.write((tables) => tables.directories.saveRootIdentity(folderId, identity));
    standing.saved = identity;
  }

  #halt(standing: Standing, trouble: SyncError): void {
    const told = standing.trouble;
    standing.isClosed = true;
    // A missing root is described in different words, depending on who finds it.
    const isTold = told?.code === trouble.code && (told.message === trouble.message || told.code === 'folder_missing');
    if (isTold) return;
    standing.trouble = trouble;
    this.#deps.onFolder(standing.folder, trouble);
  }

  #judge(standing: Standing): Judgement {
    return judgeRoot(this.#deps, standing, standing.folder);
  }

  #standing({ root }: InFolder): Standing {
    const standing = this.#standings.get(root);
    if (standing === undefined) throw new TypeError('Not one of the drop folders');
    return standing;
  }
}

/** Device and inode. Where the kernel tells no birth time, Node may give one that moves with each change of the directory. */
function placeOf(identity: string | null): string | undefined {
  return identity?.slice(0, identity.lastIndexOf(':'));
}
