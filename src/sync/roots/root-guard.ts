import type { DropFolder } from '../../core/drop-folder.ts';
import type { SyncError } from '../../errors.ts';
import { type Judgement, judgeRoot, type RootDeps, type RootMemory, savedIdentity } from './judge-root.ts';
import { findLostMount } from './lost-mount.ts';
import { missing } from './root-errors.ts';

export interface RootGuardDeps extends RootDeps {
  /** Told once when a folder cannot be believed any more (error), and once when it can again (null). */
  readonly onFolder: (folder: DropFolder, trouble: SyncError | null) => void;
}

/** How a folder stands with us. */
interface Standing extends RootMemory {
  /** As it was told last; null when the folder can be believed. */
  trouble: SyncError | null;
  /** Nothing is taken from the folder. Unlike `trouble` not while a scan tries whether it can be believed again. */
  isClosed: boolean;
  /** A person took the root as it is, until it is scanned. */
  isAccepted: boolean;
  readonly rootDevices: Set<number>;
  readonly lostMounts: Set<string>;
}

/**
 * Knows each folder's root (device, inode, birth time; kept in the ledger), and halts a folder whose root is gone, was
 * replaced by one that holds nothing we know, or (on a server) was emptied at once: an unmounted drive is not a thousand
 * deletions, and another drive in its place is not a thousand new files.
 */
export class RootGuard {
  readonly #deps: RootGuardDeps;
  readonly #standings = new Map<number, Standing>();

  constructor(deps: RootGuardDeps) {
    this.#deps = deps;
  }

  /** Why nothing may be taken from the folder now; null when what is there may be. */
  trouble(folder: DropFolder): SyncError | null {
    const { isClosed, trouble } = this.#standing(folder);
    return isClosed ? trouble : this.#judge(folder).trouble;
  }

  /** Whether what is found by itself may be taken in: not from a root that will do, but was not scanned yet either. */
  mayTake(folder: DropFolder): boolean {
    const { isClosed } = this.#standing(folder);
    if (isClosed) return false;
    // One look at the root serves both questions: this is asked for each file.
    const { identity, trouble } = this.#judge(folder);
    return trouble === null && !this.#isOther(folder, identity);
  }

  /** Whether what is missing in this directory may be believed. Halts the folder when nothing in it may. */
  isThere(folder: DropFolder, directory = ''): boolean {
    if (this.#standing(folder).isClosed) return false;
    const { trouble } = this.#judge(folder);
    if (trouble !== null) this.#halt(folder, trouble);
    return trouble === null && !this.isMountLost(folder, directory);
  }

  /** Whether the directory is on a drive that was mounted below the root and is not now. */
  isMountLost(folder: DropFolder, directory: string): boolean {
    const { isAccepted, rootDevices, lostMounts } = this.#standing(folder);
    const lost = isAccepted ? null : findLostMount(this.#deps, folder, directory, rootDevices);
    if (lost !== null) lostMounts.add(lost);
    return lost !== null;
  }

  /** Those of the lost mounts that are not lost any more: back, or gone for good. Each is returned once. */
  takeFoundMounts(folder: DropFolder): readonly string[] {
    const { rootDevices, lostMounts } = this.#standing(folder);
    const found = [...lostMounts].filter((at) => findLostMount(this.#deps, folder, at, rootDevices) === null);
    for (const at of found) lostMounts.delete(at);
    return found;
  }

  /** Before a whole scan: whether there is anything to walk. From here on, this root is known from another. */
  async begin(folder: DropFolder): Promise<boolean> {
    const { ledger } = this.#deps;
    const { identity, trouble } = this.#judge(folder);
    // Of a root that is missing, the walk says why.
    if (identity === null) return true;
    if (trouble !== null) {
      this.#halt(folder, trouble);
      return false;
    }
    const standing = this.#standing(folder);
    standing.isClosed = false;
    if (savedIdentity(ledger, standing, folder.folderId) === null) {
      standing.believed = null;
      // Files without a root: a person has accepted what is there now, and be it nothing.
      standing.isAccepted = ledger.directories.hasFiles(folder.folderId);
      if (standing.isAccepted) standing.emptySinceMs = Number.NEGATIVE_INFINITY;
    }
    await this.#save(folder, identity);
    return true;
  }

  /** A whole scan went through. */
  async scanned(folder: DropFolder): Promise<void> {
    if (!this.isThere(folder)) return;
    const standing = this.#standing(folder);
    standing.isAccepted = false;
    if (standing.trouble === null) return;
    standing.trouble = null;
    this.#deps.onFolder(folder, null);
  }

  /**
   * A scan did not go through. What is at the root now says more than the error, if anything is. Returns whether to scan
   * again: the walk missed the root that it began with, and the one in its place will do as well.
   */
  failed(folder: DropFolder, error: SyncError): boolean {
    const { identity, trouble } = this.#judge(folder);
    if (trouble === null && error.code === 'folder_missing' && this.#hasMoved(folder)) return true;
    this.#halt(folder, identity === null || trouble === null ? error : trouble);
    return false;
  }

  isHalted(folder: DropFolder): boolean {
    return this.#standing(folder).trouble !== null;
  }

  /** Whether a whole scan is due now: the folder is halted, or something else is at its root than when it was scanned. */
  isScanDue(folder: DropFolder): boolean {
    return this.isHalted(folder) || this.#hasMoved(folder);
  }

  /**
   * A person says that the root is right as it is: the next whole scan believes it, with all that is missing there.
   * Returns the trouble that this cannot end: the root is not there.
   */
  async accept(folder: DropFolder): Promise<SyncError | null> {
    const { ledger, local } = this.#deps;
    if (local.rootIdentity(folder.root) === null) return missing(folder.root);
    await ledger.write((tables) => tables.directories.forgetRootIdentity(folder.folderId));
    this.#standing(folder).saved = null;
    return null;
  }

  #hasMoved(folder: DropFolder): boolean {
    return this.#isOther(folder, this.#deps.local.rootIdentity(folder.root));
  }

  #isOther({ folderId }: DropFolder, identity: string | null): boolean {
    const saved = savedIdentity(this.#deps.ledger, this.#standing({ folderId }), folderId);
    return saved !== null && placeOf(identity) !== placeOf(saved);
  }

  async #save({ folderId }: DropFolder, identity: string): Promise<void> {
    const { ledger } = this.#deps;
    const standing = this.#standing({ folderId });
    const saved = savedIdentity(ledger, standing, folderId);
    if (saved !== null) standing.rootDevices.add(deviceOf(saved));
    standing.rootDevices.add(deviceOf(identity));
    if (saved === identity) return;
    await ledger.write((tables) => tables.directories.saveRootIdentity(folderId, identity));
    standing.saved = identity;
  }

  #halt(folder: DropFolder, trouble: SyncError): void {
    const standing = this.#standing(folder);
    const told = standing.trouble;
    standing.isClosed = true;
    // A missing root is described in different words, depending on who finds it.
    const isTold = told?.code === trouble.code && (told.message === trouble.message || told.code === 'folder_missing');
    if (isTold) return;
    standing.trouble = trouble;
    this.#deps.onFolder(folder, trouble);
  }

  #judge(folder: DropFolder): Judgement {
    return judgeRoot(this.#deps, this.#standing(folder), folder);
  }

  #standing({ folderId }: Pick<DropFolder, 'folderId'>): Standing {
    const found = this.#standings.get(folderId);
    if (found !== undefined) return found;
    const standing: Standing = {
      trouble: null,
      isClosed: false,
      isAccepted: false,
      saved: undefined,
      believed: null,
      emptySinceMs: null,
      rootDevices: new Set(),
      lostMounts: new Set(),
    };
    this.#standings.set(folderId, standing);
    return standing;
  }
}

/** An identity begins with the device. */
function deviceOf(identity: string): number {
  return Number.parseInt(identity, 10);
}

/** Device and inode. Where the kernel tells no birth time, Node may give one that moves with each change of the directory. */
function placeOf(identity: string | null): string | undefined {
  return identity?.slice(0, identity.lastIndexOf(':'));
}
