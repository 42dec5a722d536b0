import { SyncError } from '../errors.ts';
import type { LocalPort } from './ports.ts';

/** A watched drop folder as the ledger numbers it. */
export interface IntakeFolder {
  readonly folderId: number;
  readonly destinationId: number;
  readonly root: string;
}

/** Remembers what each folder's root was, and says once when one is gone, another one, or back. */
export class FolderWatch {
  readonly #local: LocalPort;
  readonly #onFolder: (folder: IntakeFolder, trouble: SyncError | null) => void;
  readonly #roots = new Map<number, string>();
  readonly #halted = new Map<number, string>();

  constructor(local: LocalPort, onFolder: (folder: IntakeFolder, trouble: SyncError | null) => void) {
    this.#local = local;
    this.#onFolder = onFolder;
  }

  /** Whether what is missing below the root may be believed: a root that went away is not a thousand deletions. */
  isThere(folder: IntakeFolder): boolean {
    const identity = this.#local.rootIdentity(folder.root);
    const remembered = this.#roots.get(folder.folderId) ?? identity;
    if (identity !== null && identity === remembered) return true;
    this.halt(
      folder,
      new SyncError(`${folder.root} is not the directory that it was`, {
        code: 'folder_replaced',
        scope: 'folder',
        disposition: 'wait',
        op: 'scan',
        path: folder.root,
        hint: 'Nothing is concluded from what is missing there; the next full scan takes the folder as it is then.',
      }),
    );
    return false;
  }

  halt(folder: IntakeFolder, trouble: SyncError): void {
    this.#roots.delete(folder.folderId);
    if (this.#halted.get(folder.folderId) === trouble.code) return;
    this.#halted.set(folder.folderId, trouble.code);
    this.#onFolder(folder, trouble);
  }

  /** A full scan went through: the root is what it is now. */
  resume(folder: IntakeFolder): void {
    const identity = this.#local.rootIdentity(folder.root);
    if (identity !== null) this.#roots.set(folder.folderId, identity);
    if (this.#halted.delete(folder.folderId)) this.#onFolder(folder, null);
  }
}
