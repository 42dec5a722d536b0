import PQueue from 'p-queue';
import { diffDirectory, isChanged } from '../core/diff.ts';
import { absolutePath, type DirectoryListing, type FileStat, joinPath } from '../core/entry.ts';
import { SyncError } from '../errors.ts';
import { type AdmitDeps, admitFile, admitProblem, admitVanished } from './admit.ts';
import { Hints } from './hints.ts';
import type { LocalPort } from './ports.ts';
import { Settling, type UnsettledFile } from './settling.ts';

export interface IntakeFolder {
  readonly folderId: number;
  readonly destinationId: number;
  readonly root: string;
}

export interface IntakeDeps extends AdmitDeps {
  readonly local: LocalPort;
  readonly quietMs: number;
  readonly signal: AbortSignal;
  /** There may be new work in the ledger. */
  readonly onWork: () => void;
  /** A directory was read: watch it. */
  readonly onDirectory: (folder: IntakeFolder, listing: DirectoryListing) => void;
  /** The folder as a whole cannot be read (error), or can again (null). Told once for each change. */
  readonly onFolder: (folder: IntakeFolder, trouble: SyncError | null) => void;
  /** Something that is not a known failure, or the end of the ledger. */
  readonly onError: (error: unknown) => void;
}

/** Files being settled or inspected at once; a scan waits beyond that, so that memory stays flat. */
const mostInHand = 10_000;
/** Digests at once: more would only fight over the disk. */
const inspectors = 2;
/** A hinted directory with more names than this is read whole. */
const namesWorthLooking = 64;

/**
 * From "something is there" to "finished, digested and in the ledger". Scans are the truth, hints make it fast: both end
 * in the same comparison with the ledger, and what differs is settled, inspected and admitted.
 */
export class Intake {
  readonly #deps: IntakeDeps;
  readonly #folders = new Map<number, IntakeFolder>();
  readonly #settling: Settling;
  readonly #inspecting = new PQueue({ concurrency: inspectors });
  readonly #hints: Hints;
  readonly #roots = new Map<number, string>();
  readonly #halted = new Map<number, string>();
  #scans = 0;
  #waiters: (() => void)[] = [];

  constructor(deps: IntakeDeps, folders: readonly IntakeFolder[]) {
    this.#deps = deps;
    for (const folder of folders) this.#folders.set(folder.folderId, folder);
    this.#settling = new Settling({
      ...deps,
      onSettled: (file) => void this.#inspecting.add(() => this.#guard(this.#inspect(file))),
      onLost: (file) => this.hint(file.folderId, file.directory, file.name),
    });
    this.#hints = new Hints(deps.clock, (hinted) => this.#guard(this.#examineHinted(hinted)));
  }

  /** Reads everything from `directory` down and compares it with the ledger. Trouble with the folder goes to `onFolder`. */
  async scan(folder: IntakeFolder, directory = ''): Promise<void> {
    this.#scans += 1;
    try {
      await this.#deps.local.walk(
        folder.root,
        directory,
        (listing) => this.#examine(folder, listing),
        this.#deps.signal,
      );
      if (directory === '') this.#resume(folder);
    } catch (error) {
      if (this.#deps.signal.aborted) return;
      if (!(error instanceof SyncError) || error.scope !== 'folder') throw error;
      this.#halt(folder, error);
    } finally {
      this.#scans -= 1;
      this.#changed();
    }
  }

  /** Something may have happened to this name (or to anything in this directory). */
  hint(folderId: number, directory: string, name: string | null): void {
    if (!this.#deps.signal.aborted) this.#hints.add({ folderId, directory, name });
  }

  /** How many files are seen but not in the ledger yet. */
  get inHand(): number {
    return this.#settling.size + this.#inspecting.size + this.#inspecting.pending;
  }

  /** Files that are not finished because somebody has them open for writing. */
  heldOpen(): readonly UnsettledFile[] {
    return this.#settling.heldOpen();
  }

  get isIdle(): boolean {
    return this.#scans === 0 && this.inHand === 0 && this.#hints.isIdle;
  }

  /** Resolves at the next change of what is in hand. */
  nextChange(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Stops settling and waits for what is being inspected. The signal should be aborted already. */
  async close(): Promise<void> {
    this.#hints.close();
    this.#settling.close();
    this.#inspecting.clear();
    await this.#inspecting.onIdle();
    this.#changed();
  }

  async #examine(folder: IntakeFolder, listing: DirectoryListing): Promise<void> {
    const { ledger } = this.#deps;
    this.#deps.onDirectory(folder, listing);
    const directory = ledger.directories.find(folder.folderId, listing.directory);
    const known = directory === undefined ? [] : ledger.files.inDirectory(directory.id);
    const diff = diffDirectory(known, listing);
    for (const file of diff.candidates)
      this.#settling.add(this.#fileOf(folder, listing.directory, file.name), file.stat);
    for (const { name, stat, problem } of diff.problems) {
      await admitProblem(this.#deps, this.#fileOf(folder, listing.directory, name), stat ?? noStat, problem);
    }
    if (directory !== undefined) {
      await this.#vanish(
        folder,
        listing.directory,
        directory.id,
        diff.vanished.map((file) => file.name),
      );
      const present = new Set(listing.subdirectories.map((name) => joinPath(listing.directory, name)));
      for (const child of ledger.directories.children(directory.id)) {
        if (!present.has(child.path)) await this.#forgetTree(folder, child.path, child.id);
      }
    }
    while (this.inHand > mostInHand && !this.#deps.signal.aborted) await this.nextChange();
  }

  async #examineHinted(hinted: {
    folderId: number;
    directory: string;
    names: ReadonlySet<string> | null;
  }): Promise<void> {
    const folder = this.#folders.get(hinted.folderId);
    if (folder === undefined || this.#deps.signal.aborted) return;
    if (hinted.names !== null && hinted.names.size <= namesWorthLooking) {
      for (const name of hinted.names) await this.#examineName(folder, hinted.directory, name);
      return;
    }
    const listing = this.#deps.local.read(folder.root, hinted.directory);
    if (listing !== null) return await this.#examine(folder, listing);
    const known = this.#deps.ledger.directories.find(folder.folderId, hinted.directory);
    if (hinted.directory === '') return await this.scan(folder);
    if (known !== undefined && !known.isGone) await this.#forgetTree(folder, hinted.directory, known.id);
  }

  async #examineName(folder: IntakeFolder, directory: string, name: string): Promise<void> {
    const { ledger, local } = this.#deps;
    const file = this.#fileOf(folder, directory, name);
    const path = joinPath(directory, name);
    const parent = ledger.directories.find(folder.folderId, directory);
    const look = local.look(file);
    switch (look.kind) {
      case 'ignored':
        return;
      case 'file': {
        const known = parent === undefined ? undefined : ledger.files.get(parent.id, name);
        if (isChanged(known, look.stat)) this.#settling.add(file, look.stat);
        return;
      }
      case 'problem':
        await admitProblem(this.#deps, file, look.stat ?? noStat, look.problem);
        return;
      case 'directory': {
        const known = ledger.directories.find(folder.folderId, path);
        const listing = known === undefined || known.isGone ? null : local.read(folder.root, path);
        return listing === null ? await this.scan(folder, path) : await this.#examine(folder, listing);
      }
      case 'gone': {
        if (parent !== undefined) await this.#vanish(folder, directory, parent.id, [name]);
        const tree = ledger.directories.find(folder.folderId, path);
        if (tree !== undefined && !tree.isGone) await this.#forgetTree(folder, path, tree.id);
        this.#settling.forget(absolutePath(file));
        return;
      }
      default: {
        const never: never = look;
        throw new Error(`Unknown look ${JSON.stringify(never)}`);
      }
    }
  }

  async #vanish(folder: IntakeFolder, directory: string, directoryId: number, names: readonly string[]): Promise<void> {
    if (names.length === 0 || !this.#isRootThere(folder)) return;
    await admitVanished(this.#deps, folder, directory, directoryId, names);
  }

  async #forgetTree(folder: IntakeFolder, directory: string, directoryId: number): Promise<void> {
    if (!this.#isRootThere(folder)) return;
    const { ledger } = this.#deps;
    this.#settling.forget(joinPath(folder.root, directory));
    const names = ledger.files.inDirectory(directoryId).map((file) => file.name);
    await this.#vanish(folder, directory, directoryId, names);
    for (const child of ledger.directories.children(directoryId)) await this.#forgetTree(folder, child.path, child.id);
    await ledger.write((tables) => tables.directories.markGone(directoryId));
  }

  async #inspect(file: UnsettledFile): Promise<void> {
    const folder = this.#folders.get(file.folderId);
    if (folder === undefined || this.#deps.signal.aborted) return;
    const target = this.#fileOf(folder, file.directory, file.name);
    const inspection = await this.#deps.local.inspect(file, this.#deps.signal);
    if (this.#deps.signal.aborted) return;
    switch (inspection.kind) {
      case 'fingerprint':
        await admitFile(this.#deps, target, inspection.fingerprint);
        this.#deps.onWork();
        return;
      case 'problem':
        await admitProblem(this.#deps, target, inspection.stat, inspection.problem);
        return;
      case 'changed':
      case 'gone':
        this.hint(file.folderId, file.directory, file.name);
        return;
      default: {
        const never: never = inspection;
        throw new Error(`Unknown inspection ${JSON.stringify(never)}`);
      }
    }
  }

  #fileOf(folder: IntakeFolder, directory: string, name: string) {
    return { ...folder, directory, name };
  }

  /** A root that went away, or is another one now, is not a thousand deletions. */
  #isRootThere(folder: IntakeFolder): boolean {
    const identity = this.#deps.local.rootIdentity(folder.root);
    const remembered = this.#roots.get(folder.folderId) ?? identity;
    if (identity !== null && identity === remembered) return true;
    this.#halt(
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

  #halt(folder: IntakeFolder, trouble: SyncError): void {
    if (this.#halted.get(folder.folderId) === trouble.code) return;
    this.#halted.set(folder.folderId, trouble.code);
    this.#roots.delete(folder.folderId);
    this.#deps.onFolder(folder, trouble);
  }

  #resume(folder: IntakeFolder): void {
    const identity = this.#deps.local.rootIdentity(folder.root);
    if (identity !== null) this.#roots.set(folder.folderId, identity);
    if (this.#halted.delete(folder.folderId)) this.#deps.onFolder(folder, null);
  }

  async #guard(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!this.#deps.signal.aborted) this.#deps.onError(error);
    } finally {
      this.#changed();
    }
  }

  #changed(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

const noStat: FileStat = { sizeBytes: 0, mtimeMs: 0, ctimeMs: 0, inode: 0, device: 0 };
