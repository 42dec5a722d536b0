import { SyncError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isSnapshotDue, takeSnapshot } from '../ledger/recovery/snapshots.ts';
import { type Clock, repeat, systemClock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';

const everyMs = 24 * 3_600_000;
/** Not in the first moments, which belong to the work; soon enough for a daemon that seldom runs for long. */
const firstLookMs = 60_000;
/** Timers stand still while the machine sleeps: the clock is asked this often. */
const lookMs = 3_600_000;

export interface SnapshotDeps {
  readonly stateDir: string;
  readonly ledger: Pick<Ledger, 'contents'>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly clock?: Pick<Clock, 'now' | 'monotonic' | 'sleep'>;
}

/** Takes a snapshot of the ledger a day, until the signal is aborted. */
export async function startSnapshots(deps: SnapshotDeps, signal: AbortSignal): Promise<void> {
  const { clock = systemClock } = deps;
  await clock.sleep(firstLookMs, signal);
  await repeat(lookMs, signal, () => snapshotIfDue(deps, signal), clock);
}

/** Takes a snapshot if there is something to keep and none of the last day. One that fails is a warning, and tried again. */
export async function snapshotIfDue(deps: SnapshotDeps, signal: AbortSignal): Promise<void> {
  const { stateDir, ledger, log, clock = systemClock } = deps;
  if (!ledger.contents.hasAny()) return;
  const begunMs = clock.monotonic();
  try {
    if (!isSnapshotDue(stateDir, clock.now(), everyMs)) return;
    const snapshot = await takeSnapshot(stateDir, clock.now(), signal);
    if (snapshot === null) return;
    const ms = Math.round(clock.monotonic() - begunMs);
    log.info({ path: snapshot.path, ms }, 'a snapshot of the ledger was taken');
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    log.warn({ code: error.code, hint: error.hint }, error.message);
  }
}
