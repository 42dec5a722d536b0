import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdir, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { onAbort } from '../../core/on-abort.ts';
import { errnoCode, SyncError } from '../../errors.ts';
import { ledgerFile } from '../database.ts';
import { syncDirectory } from './put-in-place.ts';
import { listSnapshots, listUnfinished, type Snapshot, snapshotPath, snapshotsDirectory } from './snapshot-files.ts';

/** So many are kept: one may hold what is already wrong, and another may be damaged itself. */
const keptSnapshots = 3;
/** What has to stay free for the ledger itself: a snapshot that fills the disk would hold every upload up. */
const reserveBytes = 16 * 1024 * 1024;

const program = fileURLToPath(new URL('./snapshot-process.js', import.meta.url));

/** Whether no snapshot of the last `everyMs` is there. One from the near future is of a clock that was set back a little. */
export function isSnapshotDue(stateDir: string, nowMs: number, everyMs: number): boolean {
  try {
    return !listSnapshots(stateDir, nowMs).some(({ takenAtMs }) => Math.abs(nowMs - takenAtMs) < everyMs);
  } catch (error) {
    throw asSnapshotError(error);
  }
}

/**
 * Writes a checked copy of the open ledger, as of one commit, beside the others, of which the newest few are kept. The work is done
 * by another process. Null when the signal cut it short.
 *
 * @throws SyncError `snapshot_no_room` or `snapshot_failed`; the ledger and the older snapshots are as they were.
 */
export async function takeSnapshot(stateDir: string, nowMs: number, signal: AbortSignal): Promise<Snapshot | null> {
  try {
    const directory = snapshotsDirectory(stateDir);
    await makePrivate(directory);
    await removeUnfinished(stateDir);
    await requireRoom(stateDir, directory);
    const path = snapshotPath(stateDir, nowMs);
    await runApart([join(stateDir, ledgerFile), `${path}.partial`, path], signal);
    const snapshots = listSnapshots(stateDir, nowMs);
    for (const old of snapshots.slice(keptSnapshots)) await rm(old.path, { force: true });
    return snapshots.find((each) => each.path === path) ?? null;
  } catch (error) {
    await removeUnfinished(stateDir).catch(() => {});
    if (signal.aborted) return null;
    throw asSnapshotError(error);
  }
}

async function makePrivate(directory: string): Promise<void> {
  try {
    // Not with its parents: where the state directory is gone, the ledger is.
    await mkdir(directory, { mode: 0o700 });
    syncDirectory(dirname(directory));
  } catch (error) {
    if (errnoCode(error) !== 'EEXIST') throw error;
    if (!(await lstat(directory)).isDirectory()) throw error;
    await chmod(directory, 0o700);
  }
}

async function removeUnfinished(stateDir: string): Promise<void> {
  for (const path of listUnfinished(stateDir)) await rm(path, { force: true });
}

async function requireRoom(stateDir: string, directory: string): Promise<void> {
  const sizes = await Promise.all(
    ['', '-wal'].map(async (suffix) => {
      try {
        return (await stat(join(stateDir, ledgerFile + suffix))).size;
      } catch (error) {
        if (errnoCode(error) === 'ENOENT') return 0;
        throw error;
      }
    }),
  );
  const needed = sizes.reduce((sum, size) => sum + size, reserveBytes);
  const { blocks, bavail, bsize } = await statfs(directory);
  // Some file systems know no numbers.
  if (blocks > 0 && bavail * bsize < needed)
    throw Object.assign(new Error(`It needs ${needed} bytes`), { code: 'ENOSPC' });
}

/** Runs the program that takes it until it ends, or kills it. */
async function runApart(words: readonly string[], signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const child = spawn(process.execPath, [program, ...words], {
    // Nothing of ours but where the libraries are: it has no business with keys.
    env: { LD_LIBRARY_PATH: process.env['LD_LIBRARY_PATH'] },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const off = onAbort(signal, () => void child.kill('SIGKILL'));
  try {
    const [said, [status, killedBy]] = await Promise.all([text(child.stdout), once(child, 'close')]);
    if (status !== 0) throw failure(said, status ?? killedBy);
  } finally {
    off();
  }
}

function failure(said: string, ending: unknown): Error {
  if (said === '') return new Error(`The process that takes it ended with ${ending}`);
  const { code, message } = JSON.parse(said) as { code: string | null; message: string };
  return Object.assign(new Error(message), code === null ? {} : { code });
}

function asSnapshotError(error: unknown): SyncError {
  const code = errnoCode(error);
  const isFull = code === 'SQLITE_FULL' || code === 'ENOSPC';
  const why = isFull ? 'the disk is almost full' : (code ?? (error instanceof Error ? error.message : String(error)));
  return new SyncError(`No snapshot of the ledger could be taken (${why})`, {
    code: isFull ? 'snapshot_no_room' : 'snapshot_failed',
    op: 'snapshot',
    hint: isFull
      ? 'Uploads go on, and it is tried again. Make room on the disk that holds the state directory.'
      : 'Uploads go on, and it is tried again. See that the disk with the state directory is healthy.',
    cause: error,
  });
}
