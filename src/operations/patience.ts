import { backoffMs } from '../core/backoff.ts';
import { onAbort } from '../core/on-abort.ts';
import { isAbort, SyncError } from '../errors.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';

/** How long FLORA may be out of reach before a command gives up; the daemon never does. */
export const patienceMs = 60_000;
const lookEveryMs = 250;
/** A wrong address is told before patience ends. */
const mostTries = 5;
/** FLORA's own sample, where it asks for less without saying for how long. */
const limitedMs = 5_000;

type PatienceClock = Pick<Clock, 'monotonic' | 'sleep' | 'setTimer'>;

/**
 * When somebody who does not want to wait for ever gives up on FLORA: at once where a person has to mend something, or FLORA
 * asks for a longer wait than patience lasts; and when trouble has lasted for so long, whatever its kind and however that
 * changed meanwhile. To be asked for less, for a while, is no trouble: FLORA answers.
 */
export class Patience {
  readonly #clock: Pick<Clock, 'monotonic'>;
  #trouble: SyncError | null = null;
  /** Monotonic milliseconds; null while there is no trouble. */
  #sinceMs: number | null = null;

  constructor(clock: Pick<Clock, 'monotonic'> = systemClock) {
    this.#clock = clock;
  }

  /** What the trouble with FLORA is now; null when it answers. */
  see(trouble: SyncError | null): void {
    this.#trouble = trouble;
    if (trouble === null || trouble.code === 'rate_limited') this.#sinceMs = null;
    else this.#sinceMs ??= this.#clock.monotonic();
  }

  /** The trouble to give up with; null while there is hope. */
  spent(): SyncError | null {
    const trouble = this.#trouble;
    if (trouble === null) return null;
    if (trouble.disposition === 'wait' || (trouble.retryAfterMs ?? 0) > patienceMs) return trouble;
    return this.#sinceMs !== null && this.#clock.monotonic() - this.#sinceMs >= patienceMs ? trouble : null;
  }
}

/**
 * Asks FLORA something harmless first, so that a wrong address or key is told at once. Returns when it answered, or the
 * signal was aborted.
 *
 * @throws SyncError of scope `service` when FLORA cannot be reached or refuses the key
 */
export async function reachFlora(
  remote: { workspaceIds(signal: AbortSignal): Promise<unknown> },
  signal: AbortSignal,
  clock: PatienceClock = systemClock,
): Promise<void> {
  const patience = new Patience(clock);
  for (let failures = 0; !signal.aborted; ) {
    const error = await failureOf((cut) => remote.workspaceIds(cut), signal, clock);
    if (error === null) return;
    patience.see(error);
    if (error.code !== 'rate_limited') failures += 1;
    if (patience.spent() !== null || failures >= mostTries) throw asUnreachable(error);
    const ownMs = error.code === 'rate_limited' ? limitedMs : backoffMs(failures, 0.5);
    await clock.sleep(error.retryAfterMs ?? ownMs, signal);
  }
}

/** What a question to FLORA failed with, also for lack of an answer; null when there was one, or nobody waits any more. */
async function failureOf(
  ask: (signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal,
  clock: PatienceClock,
): Promise<SyncError | null> {
  const cut = new AbortController();
  const off = onAbort(signal, () => cut.abort());
  const timer = clock.setTimer(patienceMs, () => cut.abort());
  try {
    await ask(cut.signal);
    return null;
  } catch (error) {
    const isCut = cut.signal.aborted && isAbort(error);
    if (!isCut && !(error instanceof SyncError)) throw error;
    if (signal.aborted) return null;
    return error instanceof SyncError ? error : silent();
  } finally {
    timer.cancel();
    off();
  }
}

function silent(): SyncError {
  return new SyncError(`FLORA did not answer within ${patienceMs / 1000} s`, {
    code: 'unreachable',
    scope: 'service',
    // Asked once more, it would be waited for as long again.
    disposition: 'wait',
    op: 'workspaces',
  });
}

function asUnreachable(error: SyncError): SyncError {
  if (error.scope === 'service') return error;
  return new SyncError(error.message, { ...error, scope: 'service', cause: error });
}

/** What patience needs of the gate: what the trouble is now, and each change of it. */
export interface WatchedGate {
  readonly trouble: SyncError | null;
  /** An answer must not be missed that comes and goes between two looks. */
  readonly listeners: Pick<Set<(trouble: SyncError | null) => void>, 'add' | 'delete'>;
}

/**
 * Does work that waits at the gate, for as long as patience with it lasts (`Patience`).
 *
 * @throws the trouble that was too much (SyncError of scope `service`), and what the work throws
 */
export async function withPatience<T>(
  gate: WatchedGate,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
  clock: PatienceClock = systemClock,
): Promise<T> {
  const patience = new Patience(clock);
  const see = (trouble: SyncError | null) => patience.see(trouble);
  const cut = new AbortController();
  const off = onAbort(signal, () => cut.abort());
  const lost: SyncError[] = [];
  const watch = async () => {
    while (!cut.signal.aborted) {
      // A longer wait that FLORA asks for is no change that listeners are told of.
      see(gate.trouble);
      const trouble = patience.spent();
      if (trouble !== null) {
        lost.push(trouble);
        cut.abort();
      } else await clock.sleep(lookEveryMs, cut.signal);
    }
  };
  gate.listeners.add(see);
  const watching = watch();
  try {
    const value = await work(cut.signal);
    if (lost[0] !== undefined) throw lost[0];
    return value;
  } catch (error) {
    throw lost[0] ?? error;
  } finally {
    cut.abort();
    off();
    gate.listeners.delete(see);
    await watching;
  }
}
