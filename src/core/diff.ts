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

export interface DirectoryDiff<K extends KnownName> {
  /** Files that are new, changed or back: to be settled and looked into. */
  readonly candidates: readonly FoundFile[];
  /** Problems that the ledger does not know in this form yet. */
  readonly problems: readonly FoundProblem[];
  /** Known names that are not there any more. */
  readonly vanished: readonly K[];
}

/** A stat that equals no real one: the ledger's way to say "look again". */
export const unknownStat: FileStat = { sizeBytes: 0, mtimeMs: 0, ctimeMs: -1, inode: 0, device: 0 };

/** Compares what a directory holds with what the ledger knows of it. */
export function diffDirectory<K extends KnownName>(known: readonly K[], listing: DirectoryListing): DirectoryDiff<K> {
  const byName = new Map(known.map((file) => [file.name, file]));
  const candidates = listing.files.filter((file) => isChanged(byName.get(file.name), file.stat));
  const problems = listing.problems.filter((found) => isNewProblem(byName.get(found.name), found));
  for (const { name } of listing.files) byName.delete(name);
  for (const { name } of listing.problems) byName.delete(name);
  // A directory that could not be read stands in the ledger as a problem; it ends when it is read.
  for (const name of listing.subdirectories) if (byName.get(name)?.problem != null) byName.delete(name);
  return { candidates, problems, vanished: [...byName.values()].filter((file) => !file.isGone) };
}

/** Whether a file looks other than the ledger remembers it. */
export function isChanged(known: KnownName | undefined, stat: FileStat): boolean {
  return known === undefined || known.isGone || !isSameStat(known.stat, stat);
}

function isNewProblem(known: KnownName | undefined, found: FoundProblem): boolean {
  return known === undefined || known.isGone || known.problem?.code !== found.problem.code;
}
