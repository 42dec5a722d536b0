// The nouns that every room shares. Pure types and small predicates: no I/O here.

/**
 * What `lstat` says of a file. Times are milliseconds since the epoch with their fraction (a double keeps about 0.25 µs);
 * doubles rather than bigints because a rescan compares millions of them. Inode and device only ever serve as hints.
 */
export interface FileStat {
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly inode: number;
  readonly device: number;
}

/** Where assets of a drop folder go. Two files with the same bytes and the same destination are one asset. */
export interface Destination {
  readonly workspaceId: string;
  readonly folder: string | null;
  readonly projectId: string | null;
}

/** A file in a drop folder: `root` is absolute; `directory` is relative to it (`''` for the root itself, no slashes at the ends). */
export interface FilePath {
  readonly root: string;
  readonly directory: string;
  readonly name: string;
}

/** What is known of a file's bytes once it was read whole and did not change meanwhile. */
export interface Fingerprint {
  readonly stat: FileStat;
  /** Lower-case hex. */
  readonly sha256: string;
  /** The content type by content first, name second, e.g. `image/png`. */
  readonly contentType: string;
}

/** A process that has a file open for writing, and what it calls itself: any bytes, of a stranger's choice. */
export interface Holder {
  readonly pid: number;
  readonly name: string;
}

/** Why a file is not sent as it is: a stable code, a sentence for people, and what there is to say beyond it. */
export interface Problem {
  readonly code: string;
  readonly reason: string;
  /** Kept in the file's history in place of the reason, which every list of files repeats. */
  readonly detail?: string;
}

/** Whether what has the problem is neither file nor directory. Of what only cannot be read, nobody knows. */
export function isOtherKind({ code }: Pick<Problem, 'code'>): boolean {
  return code === 'not_a_regular_file' || code === 'symlink_outside' || code === 'symlink_dangling';
}

/** One round of a directory read: what is there now, sorted by nothing. */
export interface DirectoryListing {
  readonly root: string;
  readonly directory: string;
  readonly files: readonly FoundFile[];
  /** Names of subdirectories that are to be walked (skipped names and links are not among them). */
  readonly subdirectories: readonly string[];
  /** Entries that cannot be synced: links out of the root, FIFOs, devices, sockets, unreadable directories. */
  readonly problems: readonly FoundProblem[];
}

export interface FoundFile {
  readonly name: string;
  readonly stat: FileStat;
}

export interface FoundProblem {
  readonly name: string;
  readonly stat: FileStat | null;
  readonly problem: Problem;
}

export function isSameStat(a: FileStat, b: FileStat): boolean {
  return (
    a.sizeBytes === b.sizeBytes &&
    a.mtimeMs === b.mtimeMs &&
    a.ctimeMs === b.ctimeMs &&
    a.inode === b.inode &&
    a.device === b.device
  );
}

/** Of what was not looked at. */
export const noStat: FileStat = { sizeBytes: 0, mtimeMs: 0, ctimeMs: 0, inode: 0, device: 0 };

/** What tells a file from all others that exist at the same time: `device:inode`. */
export function fileKey({ device, inode }: Pick<FileStat, 'device' | 'inode'>): string {
  return `${device}:${inode}`;
}

/** Joins the parts with `/`; the result goes to the file system through `encodeName` when it is not valid UTF-8. */
export function absolutePath(path: FilePath): string {
  return joinPath(joinPath(path.root, path.directory), path.name);
}

/** `a/b`, or the one that is not empty. */
export function joinPath(parent: string, name: string): string {
  if (parent === '') return name;
  if (name === '') return parent;
  return parent.endsWith('/') ? parent + name : `${parent}/${name}`;
}

/** The inverse of `joinPath`: `a/b/c` is `c` in `a/b`, and `a` is `a` in `''`. */
export function splitPath(path: string): { directory: string; name: string } {
  const slash = path.lastIndexOf('/');
  return { directory: path.slice(0, Math.max(0, slash)), name: path.slice(slash + 1) };
}

/** Whether a path is the other, or below it: both absolute, or both relative to the same directory, which is `''`. */
export function isAtOrBelow(path: string, other: string): boolean {
  return other === '' || path === other || path.startsWith(other.endsWith('/') ? other : `${other}/`);
}
