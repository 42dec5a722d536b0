import type { DropFolder } from '../../core/drop-folder.ts';
import { type Problem, splitPath } from '../../core/entry.ts';
import { onAbort } from '../../core/on-abort.ts';
import { SyncError } from '../../errors.ts';
import type { Admitted } from '../ports/ledger.ts';
import type { LocalPort, ScannedListing } from '../ports/local.ts';
import type { WatchPort } from '../ports/watch.ts';
import type { RootGuard } from '../roots/root-guard.ts';
import { type AdmitDeps, admitUnreadable, type FolderFile } from './admit.ts';
import { Examiner } from './examiner.ts';
import type { HintedDirectory, Hints } from './hints.ts';
import { Inspector } from './inspector.ts';
import { lookAtRacy } from './racy.ts';
import type { RuleBook } from './rule-book.ts';
import { type InHand, Settling } from './settling.ts';

export interface IntakeDeps extends AdmitDeps {
  readonly local: LocalPort;
  readonly roots: RootGuard;
  readonly hints: Hints;
  readonly watch: WatchPort;
  readonly rules: RuleBook;
  readonly quietMs: number;
  readonly signal: AbortSignal;
  /** There may be new work in the ledger: this. */
  readonly onWork: (admitted: Admitted) => void;
  /** Of the examiner; fewer in the simulation. */
  readonly knownPerSlice?: number;
  /** What is in hand has changed. */
  readonly onProgress?: () => void;
  /** Something that is not a known failure, or the end of the ledger. */
  readonly onError: (error: unknown) => void;
}

/** Files being settled or inspected at once; a scan waits beyond that, so that memory stays flat. */
const mostPending = 4_000;

/**
 * From "something is there" to "finished, digested and in the ledger". Scans are the truth, hints make it fast: both end
 * in the same comparison with the ledger, and what differs is settled, inspected and admitted.
 */
export class Intake {
  readonly #deps: IntakeDeps;
  readonly #folders: ReadonlyMap<string, DropFolder>;
  readonly #examiner: Examiner;
  readonly #settling: Settling<FolderFile>;
  readonly #inspector: Inspector;
  #scans = 0;
  readonly #waiters: (() => void)[] = [];

  constructor(deps: IntakeDeps, folders: readonly DropFolder[]) {
    this.#deps = deps;
    this.#folders = new Map(folders.map((folder) => [folder.root, folder]));
    const onLost = (file: FolderFile) => deps.hints.add(file);
    this.#inspector = new Inspector({
      ...deps,
      onLost,
      onUnfinished: (file, stat, quietPeriods) => this.#settling.again(file, stat, quietPeriods),
      onChange: () => this.#changed(),
    });
    this.#settling = new Settling<FolderFile>({
      ...deps,
      onSettled: (file, stat) => this.#inspector.add({ file, stat }),
      onLost,
    });
    this.#examiner = new Examiner({
      ...deps,
      onCandidate: (file, stat) => {
        this.#settling.add(file, stat);
        return this.pendingFiles > mostPending ? this.#room() : undefined;
      },
      onVanished: (path) => this.#settling.forget(path),
      scan: async (folder, directory) => void (await this.scan(folder, directory)),
    });
    // A scan that waits for room ends with the signal, not only with whatever closes next.
    onAbort(deps.signal, () => this.#changed());
    deps.hints.handleWith(
      (hinted) => this.#examineHinted(hinted),
      () => this.#changed(),
    );
  }

  /**
   * Reads everything from `directory` down and compares it with the ledger. Trouble with the folder goes to the root guard.
   * Returns whether all of it was read.
   */
  async scan(folder: DropFolder, directory = ''): Promise<boolean> {
    const { local, roots, rules, signal } = this.#deps;
    this.#scans += 1;
    const handlers = {
      onDirectory: (listing: ScannedListing) => this.#examine(folder, listing),
      onUnreadable: async (path: string, problem: Problem) => {
        if (roots.trouble(folder) === null) await admitUnreadable(this.#deps, folder, path, problem);
      },
    };
    try {
      if (directory === '' ? !(await roots.begin(folder)) : !roots.mayTake(folder)) return false;
      if (directory === '') await this.#refreshRules(folder, true);
      else if (rules.of(folder.root).of(directory, 'directory') !== null) return true;
      await local.walk(folder.root, directory, handlers, signal);
      if (directory === '') {
        await roots.scanned(folder);
        await lookAtRacy(this.#deps, this.#examiner, folder);
      }
      return !signal.aborted && !roots.isHalted(folder);
    } catch (error) {
      if (signal.aborted) return false;
      if (!(error instanceof SyncError) || error.scope !== 'folder') throw error;
      return roots.failed(folder, error) ? this.scan(folder) : false;
    } finally {
      this.#scans -= 1;
      this.#changed();
    }
  }

  /** Looks whether a folder's rules have changed; then all of it is scanned. */
  async scanReruled(): Promise<void> {
    const { roots } = this.#deps;
    for (const folder of this.#folders.values()) {
      if (roots.mayTake(folder) && (await this.#refreshRules(folder, false))) await this.scan(folder);
    }
  }

  async #refreshRules(folder: DropFolder, mayWait: boolean): Promise<boolean> {
    const { rules, watch } = this.#deps;
    if (!(await rules.refresh(folder, mayWait))) return false;
    watch.retain(folder, (directory) => rules.of(folder.root).of(directory, 'directory') === null);
    return true;
  }

  /** Looks for what nothing else tells: drives that went away, came back or are others, and files that changed unseen. */
  async scanHalted(): Promise<void> {
    const { hints, roots } = this.#deps;
    for (const folder of this.#folders.values()) {
      if (roots.isScanDue(folder)) await this.scan(folder);
      if (roots.trouble(folder) !== null) continue;
      for (const directory of roots.takeFoundMounts(folder)) {
        await this.scan(folder, directory);
        // It may have gone for good, which shows from above only.
        hints.add({ root: folder.root, ...splitPath(directory) });
      }
      await lookAtRacy(this.#deps, this.#examiner, folder);
    }
  }

  /**
   * Takes a halted folder's root as it is: what is there is taken in, what is missing is gone. Returns what still keeps
   * the folder halted, null when nothing does. Without a daemon, `forgetRootIdentity` in the ledger does the same at the
   * next start.
   */
  async accept(folder: DropFolder): Promise<SyncError | null> {
    const { roots } = this.#deps;
    const trouble = await roots.accept(folder);
    if (trouble !== null) return trouble;
    await this.scan(folder);
    return roots.trouble(folder);
  }

  /** How many files are seen but not in the ledger yet. */
  get pendingFiles(): number {
    return this.#settling.size + this.#inspector.size;
  }

  /** What is in hand, with everybody who has it open for writing now. */
  async list(signal: AbortSignal): Promise<readonly InHand<FolderFile>[]> {
    const unfinished = await this.#settling.list(signal);
    return [...unfinished, ...this.#inspector.list().map((each) => ({ ...each, isSettled: true, held: null }))];
  }

  /** How many files are not finished only because somebody has them open for writing. */
  get heldOpen(): number {
    return this.#settling.heldOpen;
  }

  get isIdle(): boolean {
    return this.#scans === 0 && this.pendingFiles === 0 && this.#deps.hints.isIdle;
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Stops settling and waits for what is being inspected. The signal should be aborted already. */
  async close(): Promise<void> {
    this.#deps.hints.close();
    this.#settling.close();
    await this.#inspector.close();
    while (this.#inspector.isAdmitting) await this.#nextChange();
    this.#changed();
  }

  async #examine(folder: DropFolder, listing: ScannedListing): Promise<void> {
    // Judged after it was read: what another drive holds is not even written down as a problem.
    const trouble = this.#deps.roots.trouble(folder);
    if (trouble !== null) throw trouble;
    this.#deps.watch.add(folder, listing);
    await this.#examiner.listing(folder, listing);
  }

  async #room(): Promise<void> {
    while (this.pendingFiles > mostPending && !this.#deps.signal.aborted) await this.#nextChange();
  }

  async #examineHinted({ root, directory, names }: HintedDirectory): Promise<void> {
    const { signal, onError } = this.#deps;
    const folder = this.#folders.get(root);
    if (folder === undefined || signal.aborted) return;
    try {
      await this.#examiner.hinted(folder, directory, names);
    } catch (error) {
      if (!signal.aborted) onError(error);
    } finally {
      this.#changed();
    }
  }

  #changed(): void {
    for (const wake of this.#waiters.splice(0)) wake();
    this.#deps.onProgress?.();
  }
}
