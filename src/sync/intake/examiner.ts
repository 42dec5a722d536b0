import { type Differences, DirectoryDiff, isChanged } from '../../core/diff.ts';
import type { DropFolder } from '../../core/drop-folder.ts';
import { type FileStat, isOtherKind, joinPath, noStat, splitPath } from '../../core/entry.ts';
import type { EntryKind } from '../../rules/folder-rules.ts';
import type { KnownFile } from '../ports/ledger.ts';
import type { LocalPort, ScannedListing } from '../ports/local.ts';
import type { WatchPort } from '../ports/watch.ts';
import { mountMissing } from '../roots/lost-mount.ts';
import type { RootGuard } from '../roots/root-guard.ts';
import { isGone } from './absence.ts';
import { type AdmitDeps, admitProblem, admitUnreadable, type FolderFile } from './admit.ts';
import { fileOf, knownFile, knownSlices } from './known.ts';
import type { RuleBook } from './rule-book.ts';
import { Vanishing } from './vanishing.ts';

export interface ExaminerDeps extends AdmitDeps {
  readonly local: LocalPort;
  readonly roots: RootGuard;
  readonly watch: WatchPort;
  readonly rules: Pick<RuleBook, 'of' | 'within'>;
  readonly signal: AbortSignal;
  /** So many rows of a directory are compared in one turn of the event loop: a few milliseconds by default. */
  readonly knownPerSlice?: number;
  /** The file differs from the ledger and looks like this now. A promise resolves when there is room for another. */
  readonly onCandidate: (file: FolderFile, stat: FileStat) => Promise<void> | undefined;
  /** Nothing is at or below this path any more. */
  readonly onVanished: (path: string) => void;
  /** A whole subtree (or, with '', folder) has to be walked. */
  readonly scan: (folder: DropFolder, directory: string) => Promise<void>;
}

/** Compares what is on disk with the ledger, and writes down what needs no settling: problems, and what vanished. */
export class Examiner {
  readonly #deps: ExaminerDeps;
  readonly #vanishing: Vanishing;

  constructor(deps: ExaminerDeps) {
    this.#deps = deps;
    this.#vanishing = new Vanishing({
      ...deps,
      vanishedPerWrite: deps.knownPerSlice,
      isGone: (folder, directory, name, wanted) => isGone(deps.local, fileOf(folder, directory, name), wanted),
    });
  }

  /** Something may have happened to these names, or (null) to anything in the directory. */
  async hinted(folder: DropFolder, directory: string, names: ReadonlySet<string> | null): Promise<void> {
    // It may have been watched before a rule excluded it.
    const { rules, watch } = this.#deps;
    if (rules.of(folder.root).of(directory, 'directory') !== null) return watch.remove(folder, directory);
    if (names === null) {
      if (await this.#isOpen(folder)) await this.directory(folder, directory);
      return;
    }
    for (const name of names) {
      if (!(await this.#isOpen(folder))) return;
      await this.name(folder, directory, name);
    }
  }

  async listing(folder: DropFolder, listing: ScannedListing): Promise<void> {
    const { ledger, roots, clock, signal, knownPerSlice = 1_000 } = this.#deps;
    if (listing.directory !== '') {
      const isLost = listing.entryCount === 0 && roots.isMountLost({ ...folder, directory: listing.directory });
      if (isLost) return await admitUnreadable(this.#deps, folder, listing.directory, mountMissing);
      await this.#readable(folder, listing.directory);
    }
    const directory = ledger.directories.find(folder.folderId, listing.directory);
    // Before anything is taken: what waits under a directory's name is forgotten with it, and that may be a file by now.
    if (directory !== undefined) await this.#forgetChildren(folder, listing, directory.id);
    const diff = new DirectoryDiff(listing);
    const vanished: string[] = [];
    if (directory !== undefined) {
      for (const known of knownSlices(ledger, directory.id, knownPerSlice)) {
        const differences = diff.compare(known);
        await this.#take(folder, listing, differences);
        for (const { name } of differences.vanished) vanished.push(name);
        if (known.length < knownPerSlice) break;
        await clock.turn();
        signal.throwIfAborted();
      }
    }
    await this.#take(folder, listing, diff.rest());
    if (directory === undefined) return;
    await this.#vanishing.files(folder, listing.directory, directory.id, vanished);
  }

  async #forgetChildren(folder: DropFolder, listing: ScannedListing, directoryId: number): Promise<void> {
    const { ledger, local } = this.#deps;
    const present = new Set(listing.subdirectories);
    for (const child of ledger.directories.children(directoryId)) {
      const { name } = splitPath(child.path);
      if (present.has(name) || !isGone(local, fileOf(folder, listing.directory, name), 'directory')) continue;
      await this.#vanishing.tree(folder, child.path, child.id);
    }
  }

  async #take(
    folder: DropFolder,
    { directory }: ScannedListing,
    { candidates, problems }: Pick<Differences<KnownFile>, 'candidates' | 'problems'>,
  ): Promise<void> {
    const within = this.#deps.rules.within(folder.root, directory);
    for (const { name, stat } of candidates) {
      if (within.exclusion(name, 'file') !== null) continue;
      const room = this.#deps.onCandidate(fileOf(folder, directory, name), stat);
      if (room !== undefined) await room;
    }
    // Seen for itself, as each absence is: by now it may be a file, taken in already, and the problem would stand in its place.
    for (const { name } of problems) {
      if (within.exclusion(name, 'file') === null) await this.name(folder, directory, name);
    }
  }

  /** Reads one directory, not what is below it. */
  async directory(folder: DropFolder, directory: string): Promise<void> {
    if (directory !== '') {
      const at = splitPath(directory);
      // By another spelling, or through a link, its files would be those of another directory once more.
      if (this.#deps.local.detour({ ...folder, ...at }) !== null) return await this.name(folder, at.directory, at.name);
    }
    const read = await this.#deps.local.read(folder.root, directory, this.#deps.signal);
    switch (read.kind) {
      case 'listing':
        // Judged after it was read, as in a scan: it may be another drive's.
        if (!(await this.#isOpen(folder))) return;
        await this.listing(folder, read.listing);
        return await this.#follow(folder, read.listing);
      case 'problem':
        return await admitUnreadable(this.#deps, folder, directory, read.problem);
      case 'gone': {
        // Of a root that is gone, the scan says why.
        if (directory === '') return await this.#deps.scan(folder, '');
        const known = this.#deps.ledger.directories.find(folder.folderId, directory);
        if (known !== undefined && !known.isGone) await this.#vanishing.tree(folder, directory, known.id);
        return;
      }
      default: {
        const never: never = read;
        throw new Error(`Unknown result ${JSON.stringify(never)}`);
      }
    }
  }

  /** What stands in a directory that was read, and is not watched yet, is walked now. */
  async #follow(folder: DropFolder, listing: ScannedListing): Promise<void> {
    const { watch, scan } = this.#deps;
    watch.add(folder, listing);
    for (const name of listing.subdirectories) {
      const directory = joinPath(listing.directory, name);
      if (!watch.isWatched(folder, directory)) await scan(folder, directory);
    }
  }

  /** Looks at one name. What was there in another kind, a file where a directory is now, is gone. */
  async name(folder: DropFolder, directory: string, name: string): Promise<void> {
    const { ledger, local } = this.#deps;
    const file = fileOf(folder, directory, name);
    const path = joinPath(directory, name);
    const look = local.look(file);
    const detour = look.kind === 'gone' ? null : local.detour(file);
    if (detour !== null) {
      await this.#gone(folder, directory, name);
      // The entry stands under another spelling, or something above it is not the directory that it was.
      if (detour === path) return await this.directory(folder, directory);
      const above = splitPath(detour);
      return await this.name(folder, above.directory, above.name);
    }
    const isEntry = look.kind === 'file' || look.kind === 'problem';
    if (isEntry && this.#deps.rules.within(folder.root, directory).exclusion(name, 'file') !== null) {
      return await this.#excluded(folder, directory, name, 'file');
    }
    switch (look.kind) {
      case 'file': {
        await this.#treeGone(folder, path);
        const known = knownFile(this.#deps.ledger, folder, directory, name);
        const isRacy = known !== undefined && ledger.racyFiles.has(known.directoryId, name);
        if ((isRacy || isChanged(known, look.stat)) && !local.isUnfinished(file))
          await this.#deps.onCandidate(file, look.stat);
        return;
      }
      case 'problem':
        if (isOtherKind(look.problem)) await this.#treeGone(folder, path);
        await admitProblem(this.#deps, file, look.stat ?? noStat, look.problem);
        return;
      case 'directory': {
        const row = knownFile(this.#deps.ledger, folder, directory, name);
        // First, so that a file that moved into it is told to have come from there. Its own problem is for its listing to judge.
        if (row?.contentId != null && !row.isGone)
          await this.#vanishing.files(folder, directory, row.directoryId, [name]);
        const known = ledger.directories.find(folder.folderId, path);
        const isNew = known === undefined || known.isGone;
        return await (isNew ? this.#deps.scan(folder, path) : this.directory(folder, path));
      }
      case 'excluded':
        return await this.#excluded(folder, directory, name, look.is);
      case 'ignored':
      case 'gone':
        return await this.#gone(folder, directory, name);
      default: {
        const never: never = look;
        throw new Error(`Unknown look ${JSON.stringify(never)}`);
      }
    }
  }

  async #gone(folder: DropFolder, directory: string, name: string): Promise<void> {
    const row = knownFile(this.#deps.ledger, folder, directory, name);
    if (row !== undefined && !row.isGone) await this.#vanishing.files(folder, directory, row.directoryId, [name]);
    await this.#treeGone(folder, joinPath(directory, name));
    this.#forget(folder, joinPath(directory, name));
  }

  /** Even what has no row may be watched, or settle. */
  #forget(folder: DropFolder, path: string): void {
    this.#deps.watch.remove(folder, path);
    this.#deps.onVanished(joinPath(folder.root, path));
  }

  /** What a rule leaves alone is not gone: only what stood there in another kind is. */
  async #excluded(folder: DropFolder, directory: string, name: string, is: EntryKind | null): Promise<void> {
    if (is === 'file') await this.#treeGone(folder, joinPath(directory, name));
    const row = is === 'directory' ? knownFile(this.#deps.ledger, folder, directory, name) : undefined;
    if (row !== undefined && !row.isGone) await this.#vanishing.files(folder, directory, row.directoryId, [name]);
    this.#forget(folder, joinPath(directory, name));
  }

  async #treeGone(folder: DropFolder, path: string): Promise<void> {
    const tree = this.#deps.ledger.directories.find(folder.folderId, path);
    if (tree !== undefined && !tree.isGone) await this.#vanishing.tree(folder, path, tree.id);
  }

  /** Hints of a folder that is halted are dropped: once it can be believed again, all of it is scanned. */
  async #isOpen(folder: DropFolder): Promise<boolean> {
    const { roots, scan } = this.#deps;
    if (roots.mayTake(folder)) return true;
    // The hint is the first to stumble over it: the scan says what is wrong, or takes all of what is new.
    if (!roots.isHalted(folder)) await scan(folder, '');
    return false;
  }

  async #readable(folder: DropFolder, path: string): Promise<void> {
    const { directory, name } = splitPath(path);
    const known = knownFile(this.#deps.ledger, folder, directory, name);
    if (known?.problem == null) return;
    await this.#deps.ledger.write((tables) => tables.files.remove(known.directoryId, name));
  }
}
