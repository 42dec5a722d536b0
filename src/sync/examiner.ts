import { type Differences, DirectoryDiff, isChanged } from '../core/diff.ts';
import { absolutePath, type FileStat, joinPath, type Problem, splitPath } from '../core/entry.ts';
import { type AdmitDeps, admitProblem, type FolderFile } from './admit.ts';
import type { FolderWatch, IntakeFolder } from './folders.ts';
import { mountMissing } from './lost-mount.ts';
import type { KnownFile, LocalPort, ScannedListing } from './ports.ts';
import { Vanishing } from './vanishing.ts';

export interface ExaminerDeps extends AdmitDeps {
  readonly local: LocalPort;
  readonly folders: FolderWatch;
  readonly signal: AbortSignal;
  /** So many rows of a directory are compared in one turn of the event loop: a few milliseconds by default. */
  readonly knownPerSlice?: number;
  /** The file differs from the ledger and looks like this now. A promise resolves when there is room for another. */
  readonly onCandidate: (file: FolderFile, stat: FileStat) => Promise<void> | undefined;
  /** Nothing is at or below this path any more. */
  readonly onVanished: (path: string) => void;
  /** A directory of ours is not there any more. */
  readonly onDirectoryGone: (folder: IntakeFolder, directory: string) => void;
  /** A single directory was read. */
  readonly onListing: (folder: IntakeFolder, listing: ScannedListing) => Promise<void>;
  /** A whole subtree (or, with '', folder) has to be walked. */
  readonly scan: (folder: IntakeFolder, directory: string) => Promise<void>;
}

/** A hinted directory with more names than this is read whole. */
const namesWorthLooking = 64;

/** Compares what is on disk with the ledger, and writes down what needs no settling: problems, and what vanished. */
export class Examiner {
  readonly #deps: ExaminerDeps;
  readonly #vanishing: Vanishing;

  constructor(deps: ExaminerDeps) {
    this.#deps = deps;
    this.#vanishing = new Vanishing({
      ...deps,
      vanishedPerWrite: deps.knownPerSlice,
      isGone: (folder, directory, name, wanted) => this.#isGone(folder, directory, name, wanted),
    });
  }

  /** Something may have happened to these names, or (null) to anything in the directory. */
  async hinted(folder: IntakeFolder, directory: string, names: ReadonlySet<string> | null): Promise<void> {
    if (names === null || names.size > namesWorthLooking) {
      if (await this.#isOpen(folder)) await this.directory(folder, directory);
      return;
    }
    for (const name of names) {
      if (!(await this.#isOpen(folder))) return;
      await this.name(folder, directory, name);
    }
  }

  async listing(folder: IntakeFolder, listing: ScannedListing): Promise<void> {
    const { ledger, folders } = this.#deps;
    if (listing.directory !== '') {
      const isLost = listing.entryCount === 0 && folders.isMountLost(folder, listing.directory);
      if (isLost) return await this.unreadable(folder, listing.directory, mountMissing);
      await this.#readable(folder, listing.directory);
    }
    const directory = ledger.directories.find(folder.folderId, listing.directory);
    const diff = new DirectoryDiff(listing);
    const vanished: string[] = [];
    if (directory !== undefined) {
      for await (const known of this.#knownIn(directory.id)) {
        const differences = diff.compare(known);
        await this.#take(folder, listing, differences);
        for (const { name } of differences.vanished) vanished.push(name);
      }
    }
    await this.#take(folder, listing, diff.rest());
    if (directory === undefined) return;
    await this.#vanishing.files(folder, listing.directory, directory.id, vanished);
    const present = new Set(listing.subdirectories);
    for (const child of ledger.directories.children(directory.id)) {
      const { name } = splitPath(child.path);
      if (present.has(name) || !this.#isGone(folder, listing.directory, name, 'directory')) continue;
      await this.#vanishing.tree(folder, child.path, child.id);
    }
  }

  /** What the ledger knows of a directory, a slice at a time: all of a huge one would be several times its listing. */
  async *#knownIn(directoryId: number): AsyncGenerator<readonly KnownFile[]> {
    const { ledger, clock, signal, knownPerSlice = 1_000 } = this.#deps;
    let after = '';
    for (;;) {
      const slice = ledger.files.inDirectory(directoryId, after, knownPerSlice);
      yield slice;
      const last = slice.at(-1);
      if (last === undefined || slice.length < knownPerSlice) return;
      after = last.name;
      await clock.turn();
      signal.throwIfAborted();
    }
  }

  async #take(
    folder: IntakeFolder,
    { directory }: ScannedListing,
    { candidates, problems }: Pick<Differences<KnownFile>, 'candidates' | 'problems'>,
  ): Promise<void> {
    for (const { name, stat } of candidates) {
      const room = this.#deps.onCandidate(fileOf(folder, directory, name), stat);
      if (room !== undefined) await room;
    }
    // Seen for itself, as each absence is: by now it may be a file, taken in already, and the problem would stand in its place.
    for (const { name } of problems) await this.name(folder, directory, name);
  }

  /** Reads one directory, not what is below it. */
  async directory(folder: IntakeFolder, directory: string): Promise<void> {
    const read = await this.#deps.local.read(folder.root, directory, this.#deps.signal);
    switch (read.kind) {
      case 'listing':
        // Judged after it was read, as in a scan: it may be another drive's.
        if (!(await this.#isOpen(folder))) return;
        await this.listing(folder, read.listing);
        return await this.#deps.onListing(folder, read.listing);
      case 'problem':
        return await this.unreadable(folder, directory, read.problem);
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

  /** Looks at one name. */
  async name(folder: IntakeFolder, directory: string, name: string): Promise<void> {
    const { ledger, local } = this.#deps;
    const file = fileOf(folder, directory, name);
    const path = joinPath(directory, name);
    const parent = ledger.directories.find(folder.folderId, directory);
    const look = local.look(file);
    switch (look.kind) {
      case 'ignored':
        return;
      case 'file': {
        const known = parent === undefined ? undefined : ledger.files.get(parent.id, name);
        const isRacy = parent !== undefined && ledger.racyFiles.has(parent.id, name);
        if (isRacy || isChanged(known, look.stat)) await this.#deps.onCandidate(file, look.stat);
        return;
      }
      case 'problem':
        await admitProblem(this.#deps, file, look.stat ?? noStat, look.problem);
        return;
      case 'directory': {
        const known = ledger.directories.find(folder.folderId, path);
        const isNew = known === undefined || known.isGone;
        return isNew ? await this.#deps.scan(folder, path) : await this.directory(folder, path);
      }
      case 'gone': {
        if (parent !== undefined) await this.#vanishing.files(folder, directory, parent.id, [name]);
        const tree = ledger.directories.find(folder.folderId, path);
        if (tree !== undefined && !tree.isGone) await this.#vanishing.tree(folder, path, tree.id);
        this.#deps.onVanished(absolutePath(file));
        return;
      }
      default: {
        const never: never = look;
        throw new Error(`Unknown look ${JSON.stringify(never)}`);
      }
    }
  }

  /** A directory that cannot be read is reported under its own name; what is below it is left as it was. */
  async unreadable(folder: IntakeFolder, path: string, problem: Problem): Promise<void> {
    const { directory, name } = splitPath(path);
    await admitProblem(this.#deps, fileOf(folder, directory, name), noStat, problem);
  }

  /** Hints of a folder that is halted are dropped: once it can be believed again, all of it is scanned. */
  async #isOpen(folder: IntakeFolder): Promise<boolean> {
    const { folders, scan } = this.#deps;
    if (folders.mayTake(folder)) return true;
    // The hint is the first to stumble over it: the scan says what is wrong, or takes all of what is new.
    if (!folders.isHalted(folder)) await scan(folder, '');
    return false;
  }

  /** Whether what stood at the name does not: one that cannot be read does, the other kind in its place does not. */
  #isGone(folder: IntakeFolder, directory: string, name: string, wanted: 'file' | 'directory'): boolean {
    const { kind } = this.#deps.local.look(fileOf(folder, directory, name));
    return kind !== wanted && kind !== 'problem';
  }

  async #readable(folder: IntakeFolder, path: string): Promise<void> {
    const { directory, name } = splitPath(path);
    const parent = this.#deps.ledger.directories.find(folder.folderId, directory);
    if (parent === undefined || this.#deps.ledger.files.get(parent.id, name)?.problem == null) return;
    await this.#deps.ledger.write((tables) => tables.files.remove(parent.id, name));
  }
}

function fileOf(folder: IntakeFolder, directory: string, name: string): FolderFile {
  return { ...folder, directory, name };
}

const noStat: FileStat = { sizeBytes: 0, mtimeMs: 0, ctimeMs: 0, inode: 0, device: 0 };
