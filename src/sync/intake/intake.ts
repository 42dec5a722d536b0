import type { DropFolder } from '../../core/drop-folder.ts';
import { joinPath, type Problem, splitPath } from '../../core/entry.ts';
import { SyncError } from '../../errors.ts';
import type { Admitted } from '../ports/ledger.ts';
import type { LocalPort, ScannedListing } from '../ports/local.ts';
import { RootGuard } from '../roots/root-guard.ts';
import type { AdmitDeps, FolderFile } from './admit.ts';
import { Examiner } from './examiner.ts';
import { type HintedDirectory, Hints } from './hints.ts';
import { Inspector, type Settled } from './inspector.ts';
import { Line } from './line.ts';
import { lookAtRacy } from './racy.ts';
import { type InHand, Settling } from './settling.ts';

export interface IntakeDeps extends AdmitDeps {
  readonly local: LocalPort;
  readonly quietMs: number;
  readonly signal: AbortSignal;
  /** There may be new work in the ledger: this. */
  readonly onWork: (admitted: Admitted) => void;
  /** A directory was read: watch it. */
  readonly onDirectory: (folder: DropFolder, listing: ScannedListing) => void;
  /** Of the examiner; fewer in the simulation. */
  readonly knownPerSlice?: number;
  /** Whether the watcher has this directory, so that what happens below it will be hinted. True where nothing watches. */
  readonly isWatched: (folder: DropFolder, directory: string) => boolean;
  readonly onDirectoryGone: (folder: DropFolder, directory: string) => void;
  /** The folder as a whole cannot be read (error), or can again (null). Told once for each change. */
  readonly onFolder: (folder: DropFolder, trouble: SyncError | null) => void;
  /** What is in hand has changed. */
  readonly onProgress?: () => void;
  /** Something that is not a known failure, or the end of the ledger. */
  readonly onError: (error: unknown) => void;
}

/** Files being settled or inspected at once; a scan waits beyond that, so that memory stays flat. */
const mostInHand = 4_000;

/** So many of them are with the inspector: enough for its digests to go on while a group of rows becomes durable. */
const mostInspected = 64;

/**
 * From "something is there" to "finished, digested and in the ledger". Scans are the truth, hints make it fast: both end
 * in the same comparison with the ledger, and what differs is settled, inspected and admitted.
 */
export class Intake {
  readonly #deps: IntakeDeps;
  readonly #byId = new Map<number, DropFolder>();
  readonly #byRoot = new Map<string, DropFolder>();
  readonly #folders: RootGuard;
  readonly #examiner: Examiner;
  readonly #settling: Settling<FolderFile>;
  readonly #inspector: Inspector;
  readonly #settled: Line<Settled>;
  readonly #hints: Hints;
  #scans = 0;
  #waiters: (() => void)[] = [];

  constructor(deps: IntakeDeps, folders: readonly DropFolder[]) {
    this.#deps = deps;
    for (const folder of folders) {
      this.#byId.set(folder.folderId, folder);
      this.#byRoot.set(folder.root, folder);
    }
    this.#folders = new RootGuard(deps);
    const onLost = (file: FolderFile) => this.hint(file.folderId, file.directory, file.name);
    this.#inspector = new Inspector({
      ...deps,
      mayTake: ({ folderId }) => {
        const folder = this.#byId.get(folderId);
        return folder !== undefined && this.#folders.mayTake(folder);
      },
      onLost,
      onUnfinished: (file, stat, quietPeriods) => this.#settling.again(file, stat, quietPeriods),
      onChange: () => {
        this.#settled.advance();
        this.#changed();
      },
    });
    this.#settled = new Line(
      () => this.#inspector.size < mostInspected,
      (settled) => this.#inspector.add(settled),
    );
    this.#settling = new Settling<FolderFile>({
      ...deps,
      onSettled: (file, stat) => this.#settled.add({ file, stat }),
      onLost,
    });
    this.#examiner = new Examiner({
      ...deps,
      folders: this.#folders,
      onCandidate: (file, stat) => {
        this.#settling.add(file, stat);
        return this.inHand > mostInHand ? this.#room() : undefined;
      },
      onVanished: (path) => this.#settling.forget(path),
      onListing: (folder, listing) => this.#read(folder, listing),
      scan: async (folder, directory) => void (await this.scan(folder, directory)),
    });
    this.#hints = new Hints(
      deps.clock,
      (hinted) => this.#guard(this.#examineHinted(hinted)),
      () => this.#changed(),
    );
  }

  /**
   * Reads everything from `directory` down and compares it with the ledger. Trouble with the folder goes to `onFolder`.
   * Returns whether all of it was read.
   */
  async scan(folder: DropFolder, directory = ''): Promise<boolean> {
    this.#scans += 1;
    const handlers = {
      onDirectory: (listing: ScannedListing) => this.#examine(folder, listing),
      onUnreadable: async (path: string, problem: Problem) => {
        if (this.#folders.trouble(folder) === null) await this.#examiner.unreadable(folder, path, problem);
      },
    };
    try {
      if (directory === '' ? !(await this.#folders.begin(folder)) : !this.#folders.mayTake(folder)) return false;
      await this.#deps.local.walk(folder.root, directory, handlers, this.#deps.signal);
      if (directory === '') {
        await this.#folders.scanned(folder);
        await lookAtRacy(this.#deps, this.#folders, this.#examiner, folder);
      }
      return !this.#deps.signal.aborted && !this.#folders.isHalted(folder);
    } catch (error) {
      if (this.#deps.signal.aborted) return false;
      if (!(error instanceof SyncError) || error.scope !== 'folder') throw error;
      return this.#folders.failed(folder, error) ? await this.scan(folder) : false;
    } finally {
      this.#scans -= 1;
      this.#changed();
    }
  }

  /** Looks for what nothing else tells: drives that went away, came back or are others, and files that changed unseen. */
  async scanHalted(): Promise<void> {
    for (const folder of this.#byId.values()) {
      if (this.#folders.isScanDue(folder)) await this.scan(folder);
      if (this.#folders.trouble(folder) !== null) continue;
      for (const directory of this.#folders.takeFoundMounts(folder)) {
        await this.scan(folder, directory);
        // It may have gone for good, which shows from above only.
        const { directory: parent, name } = splitPath(directory);
        this.hint(folder.folderId, parent, name);
      }
      await lookAtRacy(this.#deps, this.#folders, this.#examiner, folder);
    }
  }

  /**
   * Takes a halted folder's root as it is: what is there is taken in, what is missing is gone. Returns what still keeps
   * the folder halted, null when nothing does. Without a daemon, `forgetRootIdentity` in the ledger does the same at the
   * next start.
   */
  async accept(folder: DropFolder): Promise<SyncError | null> {
    const trouble = await this.#folders.accept(folder);
    if (trouble !== null) return trouble;
    await this.scan(folder);
    return this.#folders.trouble(folder);
  }

  /** Something may have happened to this name (or to anything in this directory). */
  hint(folderId: number, directory: string, name: string | null): void {
    if (!this.#deps.signal.aborted) this.#hints.add({ folderId, directory, name });
  }

  /** Whether a folder's root is there, and the one that it was; and so on for a drive mounted above this directory in it. */
  isRootThere(root: string, directory = ''): boolean {
    const folder = this.#byRoot.get(root);
    return folder !== undefined && this.#folders.isThere(folder, directory);
  }

  /** How many files are seen but not in the ledger yet. */
  get inHand(): number {
    return this.#settling.size + this.#settled.size + this.#inspector.size;
  }

  /** What is in hand, with everybody who has it open for writing now. */
  async list(signal: AbortSignal): Promise<readonly InHand<FolderFile>[]> {
    const unfinished = await this.#settling.list(signal);
    const settled = [...this.#settled.list(), ...this.#inspector.list()];
    return [...unfinished, ...settled.map((each) => ({ ...each, isSettled: true, held: null }))];
  }

  /** How many files are not finished only because somebody has them open for writing. */
  get heldOpen(): number {
    return this.#settling.heldOpen;
  }

  get isIdle(): boolean {
    return this.#scans === 0 && this.inHand === 0 && this.#hints.isIdle;
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Stops settling and waits for what is being inspected. The signal should be aborted already. */
  async close(): Promise<void> {
    this.#hints.close();
    this.#settling.close();
    this.#settled.clear();
    await this.#inspector.close();
    while (this.#inspector.isAdmitting) await this.#nextChange();
    this.#changed();
  }

  async #examine(folder: DropFolder, listing: ScannedListing): Promise<void> {
    // Judged after it was read: what another drive holds is not even written down as a problem.
    const trouble = this.#folders.trouble(folder);
    if (trouble !== null) throw trouble;
    this.#deps.onDirectory(folder, listing);
    await this.#examiner.listing(folder, listing);
  }

  async #room(): Promise<void> {
    while (this.inHand > mostInHand && !this.#deps.signal.aborted) await this.#nextChange();
  }

  /** A hinted directory was read: what stands in it that nobody watches is walked now. */
  async #read(folder: DropFolder, listing: ScannedListing): Promise<void> {
    this.#deps.onDirectory(folder, listing);
    for (const name of listing.subdirectories) {
      const directory = joinPath(listing.directory, name);
      if (!this.#deps.isWatched(folder, directory)) await this.scan(folder, directory);
    }
  }

  async #examineHinted({ folderId, directory, names }: HintedDirectory): Promise<void> {
    const folder = this.#byId.get(folderId);
    if (folder !== undefined && !this.#deps.signal.aborted) await this.#examiner.hinted(folder, directory, names);
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
    this.#deps.onProgress?.();
  }
}
