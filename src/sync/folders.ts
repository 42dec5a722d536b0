import { SyncError } from '../errors.ts';
import type { LedgerPort, LocalPort } from './ports.ts';

/** A watched drop folder as the ledger numbers it. */
export interface IntakeFolder {
  readonly folderId: number;
  readonly destinationId: number;
  readonly root: string;
  /** Whether files with the same bytes share one asset, or have a separate one each. */
  readonly copies: 'share' | 'separate';
}

export interface FolderWatchDeps {
  readonly ledger: LedgerPort;
  readonly local: LocalPort;
  /** Told once when a folder cannot be believed any more (error), and once when it can again (null). */
  readonly onFolder: (folder: IntakeFolder, trouble: SyncError | null) => void;
}

/**
 * Knows each folder's root (device, inode, birth time; kept in the ledger), and halts a folder whose root is gone, or is
 * another and empty one: an unmounted drive is not a thousand deletions.
 */
export class FolderWatch {
  readonly #deps: FolderWatchDeps;
  readonly #halted = new Map<number, string>();

  constructor(deps: FolderWatchDeps) {
    this.#deps = deps;
  }

  /** Whether what is missing below the root may be believed. Halts the folder when it may not. */
  isThere(folder: IntakeFolder): boolean {
    const identity = this.#deps.local.rootIdentity(folder.root);
    if (identity === null) {
      this.halt(folder, awayError(folder, 'folder_missing', 'is not there or cannot be read'));
      return false;
    }
    const known = this.#deps.ledger.directories.rootIdentity(folder.folderId);
    if (identity === known || known === null || !this.#wasEmptied(folder)) return true;
    this.halt(folder, awayError(folder, 'folder_replaced', 'is empty, and not the directory that it was'));
    return false;
  }

  /** Before the first scan ever: from now on this root is known from another in its place. */
  async begin(folder: IntakeFolder): Promise<void> {
    const { ledger, local } = this.#deps;
    const identity = local.rootIdentity(folder.root);
    if (identity === null || ledger.directories.rootIdentity(folder.folderId) !== null) return;
    await ledger.write((tables) => tables.directories.saveRootIdentity(folder.folderId, identity));
  }

  isHalted(folder: IntakeFolder): boolean {
    return this.#halted.has(folder.folderId);
  }

  halt(folder: IntakeFolder, trouble: SyncError): void {
    if (this.#halted.get(folder.folderId) === trouble.code) return;
    this.#halted.set(folder.folderId, trouble.code);
    this.#deps.onFolder(folder, trouble);
  }

  /** A full scan went through: if the root can be believed, it is the one to know from now on. */
  async scanned(folder: IntakeFolder): Promise<void> {
    if (!this.isThere(folder)) return;
    const { ledger, local } = this.#deps;
    const identity = local.rootIdentity(folder.root);
    if (identity !== null && identity !== ledger.directories.rootIdentity(folder.folderId)) {
      await ledger.write((tables) => tables.directories.saveRootIdentity(folder.folderId, identity));
    }
    if (this.#halted.delete(folder.folderId)) this.#deps.onFolder(folder, null);
  }

  /** Whether the root holds nothing at all although the ledger knows files there. */
  #wasEmptied(folder: IntakeFolder): boolean {
    const read = this.#deps.local.read(folder.root, '');
    if (read.kind !== 'listing') return true;
    return read.listing.entryCount === 0 && this.#deps.ledger.directories.hasFiles(folder.folderId);
  }
}

function awayError(folder: IntakeFolder, code: string, what: string): SyncError {
  return new SyncError(`The drop folder ${folder.root} ${what}`, {
    code,
    scope: 'folder',
    disposition: 'wait',
    op: 'scan',
    path: folder.root,
    hint: 'Nothing is concluded from what is missing there. See that the drive is mounted; it goes on by itself.',
  });
}
