import { asClause } from '../core/show-text.ts';
import type { SyncError } from '../errors.ts';
import type { LedgerNotice } from '../ledger/recovery/restore.ts';
import type { StrangeAnswer } from '../remote/wire-watch.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';

/** One line when the door to FLORA closes (error) or opens again (null). */
export function tellGate(log: Logger, trouble: SyncError | null): void {
  if (trouble === null) {
    log.info({}, 'FLORA answers again');
    return;
  }
  const { code, requestId, retryAfterMs, hint } = trouble;
  const facts = { code, request_id: requestId, retry_after_ms: retryAfterMs, hint };
  log.warn(facts, `${asClause(trouble.message)}; nothing is lost, uploads go on when it is over`);
}

/** What came off the wire that nobody foresaw: its stack once, then for whoever looks closer, and when it does not end. */
export function tellStrange(log: Logger, { host, op, stack, kind }: StrangeAnswer): void {
  const facts = { host, op, stack };
  if (kind === 'again') log.debug(facts, 'the same strange answer again');
  else if (kind === 'first') log.warn(facts, `a strange answer from ${host}: it counts as a connection that was lost`);
  else
    log.error({ ...facts, code: 'wire_trouble' }, `nothing but the same strange answer from ${host}; it is tried on`);
}

/** How long it is not said again that there are too few descriptors. */
const shortagePauseMs = 10 * 60_000;

/** Tells now and then that something waits for a descriptor: it does so many times a second. */
export function tellingShortage(log: Logger): (error: SyncError) => void {
  let toldMs = Number.NEGATIVE_INFINITY;
  return ({ code, hint, message }) => {
    const nowMs = systemClock.monotonic();
    if (nowMs - toldMs < shortagePauseMs) return;
    toldMs = nowMs;
    log.warn({ code, hint }, message);
  };
}

/** One line when a folder cannot be read (error) or can again (null). */
export function tellFolder(log: Logger, path: string, trouble: SyncError | null): void {
  if (trouble === null) log.info({ folder: path }, 'the folder can be read again');
  else log.error({ folder: path, code: trouble.code, hint: trouble.hint }, trouble.message);
}

/** One line for each file system below a drop folder to which other hosts may write. */
export function tellRemote(log: Logger, path: string, everyMs: number): void {
  log.info({ path, code: 'network_mount', every_ms: everyMs }, describeRemote(everyMs));
}

/** What is so on a file system to which other hosts may write. */
export function describeRemote(everyMs: number): string {
  const what = 'what they write raises no event here';
  return `a mount to which other hosts may write: ${what}, and is looked for every ${Math.round(everyMs / 1_000)} s`;
}

/** One line when the disk of the ledger takes no writes (SQLite's code), or takes them again (null). */
export function tellBlocked(log: Logger, stateDir: string, code: string | null): void {
  if (code === null) {
    log.info({ state_dir: stateDir }, 'the ledger can be written again; everything goes on');
    return;
  }
  const isFull = code.startsWith('SQLITE_FULL');
  const what = isFull ? 'the disk with the ledger is full' : 'the ledger is on a read-only disk';
  const hint = isFull ? 'Make room on it; nothing else is to be done.' : 'Mount it read-write again.';
  log.error({ state_dir: stateDir, code, hint }, `${what}: intake and uploads pause, nothing is lost`);
}

/** What happened to the ledger before it could be opened. */
export function tellLedger(log: Logger, notice: LedgerNotice): void {
  switch (notice.type) {
    case 'set-aside':
      log.error({ path: notice.path, reason: notice.reason }, 'the ledger was damaged; it is set aside');
      return;
    case 'snapshot-damaged':
      log.error({ path: notice.path, reason: notice.reason }, 'a snapshot of the ledger is damaged; it is passed over');
      return;
    case 'restored': {
      const takenAt = new Date(notice.snapshot.takenAtMs).toISOString();
      const what = notice.setAside === null ? "the ledger's file was gone; it is" : 'the ledger is';
      const facts = { snapshot: notice.snapshot.path, taken_at: takenAt };
      log.warn(
        facts,
        `${what} restored from its snapshot of ${takenAt}; files sent since are recognised by their bytes`,
      );
      return;
    }
    case 'begun-anew':
      log.warn({}, 'a new ledger is begun; files that FLORA has already are recognised by their bytes');
      return;
    default: {
      const never: never = notice;
      throw new Error(`Unknown notice ${String(never)}`);
    }
  }
}
