import {
  type DirectoryListing,
  type FileStat,
  type FoundFile,
  type FoundProblem,
  isSameStat,
  type Problem,
} from './entry.ts';

/** What the ledger says of one name in a directory. */
export interface KnownName {
  readonly name: string;
  readonly stat: FileStat;
  readonly problem: Problem | null;
  readonly isGone: boolean;
}

export interface Differences<K extends KnownName> {
  /** Files that are new, changed or back: to be settled and looked into. */
  readonly candidates: readonly FoundFile[];
  /** Problems that the ledger does not know in this form yet. */
  readonly problems: readonly FoundProblem[];
  /** Known names that are not there any more. */
  readonly vanished: readonly K[];
}

/** A stat that equals no real one: the ledger's way to say "look again". */
export const unknownStat: FileStat = { sizeBytes: 0, mtimeMs: 0, ctimeMs: -1, inode: 0, device: 0 };

/** Compares what a directory holds with what the ledger knows of it, as many known names at a time as the caller likes. */
export class DirectoryDiff {
  readonly #files = new Map<string, FoundFile>();
  readonly #problems = new Map<string, FoundProblem>();
  readonly #subdirectories: ReadonlySet<string>;

  constructor({ files, problems, subdirectories }: DirectoryListing) {
    for (const file of files) this.#files.set(file.name, file);
    for (const found of problems) this.#problems.set(found.name, found);
    this.#subdirectories = new Set(subdirectories);
  }

  /** What is to be said of these names; each is given once. */
  compare<K extends KnownName>(known: readonly K[]): Differences<K> {
    const candidates: FoundFile[] = [];
    const problems: FoundProblem[] = [];
    const vanished: K[] = [];
    for (const each of known) {
      const file = this.#files.get(each.name);
      const found = this.#problems.get(each.name);
      if (file !== undefined) {
        this.#files.delete(each.name);
        if (isChanged(each, file.stat)) candidates.push(file);
      } else if (found !== undefined) {
        this.#problems.delete(each.name);
        if (isNewProblem(each, found)) problems.push(found);
      } else if (!each.isGone && !this.#isReadableAgain(each)) vanished.push(each);
    }
    return { candidates, problems, vanished };
  }

  /** What none of the known names was compared with: all of it is new. */
  rest(): Omit<Differences<never>, 'vanished'> {
    return { candidates: [...this.#files.values()], problems: [...this.#problems.values()] };
  }

  /** A directory that could not be read stands in the ledger as a problem; that ends when it is read. */
  #isReadableAgain({ name, problem }: KnownName): boolean {
    return problem !== null && this.#subdirectories.has(name);
  }
}

/** Whether a file looks other than the ledger remembers it. */
export function isChanged(known: KnownName | undefined, stat: FileStat): boolean {
  return known === undefined || known.isGone || !isSameStat(known.stat, stat);
}

function isNewProblem(known: KnownName, found: FoundProblem): boolean {
  return known.isGone || known.problem?.code !== found.problem.code;
}
