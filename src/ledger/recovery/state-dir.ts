import { closeSync, constants, fchmodSync, fstatSync, lstatSync, openSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { errnoCode, SyncError } from '../../errors.ts';
import { makeDirectory } from './put-in-place.ts';
import { snapshotsDirectory } from './snapshot-files.ts';

// Whoever can write in the state directory can have us write elsewhere (a link in the place of a file of ours), or believe
// what he likes. So it has to be ours, private before anything in it is looked at, and hold no links where our files go.

/** Numeric user ids; the real ones unless a test says otherwise. */
export interface Users {
  /** As whom we run; undefined where the system has no users. */
  readonly self: number | undefined;
}

const systemUsers = (): Users => ({ self: process.geteuid?.() });
const root = 0;

/** Names of ours in the state directory; those of the ledger have several endings. */
const ours = /^(?:owner\.(?:lock|json)|control\.sock|ledger\.sqlite)/;

/**
 * Makes the state directory if it is not there, and private (0700), before the first write in it. Everything of ours that is there
 * already is looked at without following links. Root does not write in another user's either: what it made there would lock
 * that user's daemon out.
 *
 * @throws SyncError `state_dir` (exit code 78) when it cannot be made, is another user's, or something in it is a link or
 *   another user's; what the disk says, for trouble that passes without a change of settings (EROFS, ENOSPC, EIO)
 */
export function claimStateDir(stateDir: string, { self }: Users = systemUsers()): void {
  guarded(stateDir, () => {
    makeDirectory(stateDir);
    const descriptor = openDirectory(stateDir);
    try {
      const stats = fstatSync(descriptor);
      if (stats.uid !== self) throw otherUsers(stateDir, stats.uid, self);
      // From here on nobody else can put anything there.
      if ((stats.mode & 0o777) !== 0o700) fchmodSync(descriptor, 0o700);
      requireOwnFiles(stateDir, self);
    } finally {
      closeSync(descriptor);
    }
  });
}

/**
 * The same for looking only, where there is one: nothing is made or changed, and root may look at anybody's.
 *
 * @throws SyncError `state_dir`
 */
export function requireTrustedStateDir(stateDir: string, { self }: Users = systemUsers()): void {
  guarded(stateDir, () => {
    if (lstatSync(stateDir, { throwIfNoEntry: false }) === undefined) return;
    const descriptor = openDirectory(stateDir);
    try {
      const { uid } = fstatSync(descriptor);
      if (uid !== self && self !== root) throw otherUsers(stateDir, uid, self);
      requireOwnFiles(stateDir, uid);
    } finally {
      closeSync(descriptor);
    }
  });
}

/** A link to a directory is one's own affair, if nobody else can turn it elsewhere: systemd has such, which are root's. */
function openDirectory(stateDir: string): number {
  const descriptor = openSync(stateDir, constants.O_RDONLY | constants.O_DIRECTORY);
  const link = lstatSync(stateDir);
  const { uid } = fstatSync(descriptor);
  // What is no link is its own.
  if (link.uid === uid || link.uid === root) return descriptor;
  closeSync(descriptor);
  throw stateDirError(stateDir, `is a link of another user (uid ${link.uid})`, nameOwn);
}

function requireOwnFiles(stateDir: string, uid: number): void {
  const snapshots = snapshotsDirectory(stateDir);
  const isFile = (stats: Stats) => stats.isFile() || stats.isSocket();
  // Whatever is in the place of a snapshot is passed over, if opening it does not wait.
  const isHarmless = (stats: Stats) => stats.isFile() || stats.isDirectory();
  for (const name of readdirSync(stateDir)) {
    if (ours.test(name)) requireOwn(stateDir, join(stateDir, name), uid, isFile);
  }
  if (lstatSync(snapshots, { throwIfNoEntry: false }) === undefined) return;
  requireOwn(stateDir, snapshots, uid, (stats) => stats.isDirectory());
  for (const name of readdirSync(snapshots)) {
    if (name.startsWith('ledger-')) requireOwn(stateDir, join(snapshots, name), uid, isHarmless);
  }
}

function requireOwn(stateDir: string, path: string, uid: number, isExpected: (stats: Stats) => boolean): void {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  // SQLite's and the daemon's own come and go.
  if (stats === undefined) return;
  const fault = faultOf(stats, uid, isExpected);
  if (fault === null) return;
  const hint =
    'Somebody may have put it there. Look at it and remove it, or set another FLORA_SYNC_STATE_DIR (--state-dir).';
  throw stateDirError(stateDir, `cannot be trusted: ${path} ${fault}`, hint);
}

function faultOf(stats: Stats, uid: number, isExpected: (stats: Stats) => boolean): string | null {
  if (stats.isSymbolicLink()) return 'is a symbolic link';
  if (stats.uid !== uid) return `belongs to another user (uid ${stats.uid})`;
  return isExpected(stats) ? null : 'is not what should be there';
}

function guarded(stateDir: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    const code = errnoCode(error);
    // Those pass without a change of settings.
    if (error instanceof SyncError || code === 'EROFS' || code === 'ENOSPC' || code === 'EIO') throw error;
    if (code === undefined) throw error;
    throw stateDirError(stateDir, `cannot be made or is not ours (${code})`, nameWritable, error);
  }
}

const nameWritable = 'Set FLORA_SYNC_STATE_DIR (or --state-dir) to a directory that this user can write.';
const nameOwn = 'Set FLORA_SYNC_STATE_DIR (or --state-dir) to a directory of your own.';

function otherUsers(stateDir: string, uid: number, self: number | undefined): SyncError {
  const hint = `Run it as that user, or set FLORA_SYNC_STATE_DIR (or --state-dir) to a directory of your own.`;
  return stateDirError(stateDir, `belongs to another user (uid ${uid}, and this is uid ${self})`, hint);
}

function stateDirError(stateDir: string, what: string, hint: string, cause?: unknown): SyncError {
  return new SyncError(`The state directory ${stateDir} ${what}`, {
    code: 'state_dir',
    op: 'open ledger',
    path: stateDir,
    hint,
    cause,
  });
}
