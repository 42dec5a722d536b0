import { type Clock, systemClock } from './clock.ts';
import { backoffMs } from './core/backoff.ts';
import { SyncError } from './errors.ts';

/** How long FLORA may be out of reach before a command gives up; the daemon never does. */
export const patienceMs = 60_000;
const lookEveryMs = 250;

/**
 * Asks FLORA something harmless first, so that a wrong address or key is told at once. Returns when it answered, or the
 * signal was aborted.
 *
 * @throws SyncError of scope `service` when FLORA cannot be reached or refuses the key
 */
export async function reachFlora(
  remote: { workspaceIds(signal: AbortSignal): Promise<unknown> },
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    try {
      await remote.workspaceIds(signal);
      return;
    } catch (error) {
      if (!(error instanceof SyncError)) throw error;
      if (signal.aborted) return;
      if (error.disposition === 'wait' || attempt >= 5) throw asUnreachable(error);
      await systemClock.sleep(error.retryAfterMs ?? backoffMs(attempt, 0.5), signal);
    }
  }
}

function asUnreachable(error: SyncError): SyncError {
  if (error.scope === 'service') return error;
  return new SyncError(error.message, { ...error, scope: 'service', cause: error });
}

/**
 * Does work that waits at the gate, for a person who does not want to wait for ever: trouble that a person has to mend ends
 * it, and so does a network that is away for longer than a minute. Being asked for less by FLORA is no trouble.
 *
 * @throws that trouble (SyncError of scope `service`), and what the work throws
 */
export async function withPatience<T>(
  gate: { readonly trouble: SyncError | null },
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
  clock: Pick<Clock, 'monotonic' | 'sleep'> = systemClock,
): Promise<T> {
  const cut = new AbortController();
  const onAbort = () => cut.abort();
  if (signal.aborted) cut.abort();
  signal.addEventListener('abort', onAbort, { once: true });
  const lost: SyncError[] = [];
  const watching = watchTrouble(gate, clock, cut.signal, (trouble) => {
    lost.push(trouble);
    cut.abort();
  });
  try {
    const value = await work(cut.signal);
    if (lost[0] !== undefined) throw lost[0];
    return value;
  } catch (error) {
    throw lost[0] ?? error;
  } finally {
    cut.abort();
    signal.removeEventListener('abort', onAbort);
    await watching;
  }
}

async function watchTrouble(
  gate: { readonly trouble: SyncError | null },
  clock: Pick<Clock, 'monotonic' | 'sleep'>,
  signal: AbortSignal,
  onLost: (trouble: SyncError) => void,
): Promise<void> {
  let sinceMs: number | undefined;
  while (!signal.aborted) {
    const { trouble } = gate;
    const nowMs = clock.monotonic();
    if (trouble === null || trouble.code === 'rate_limited') sinceMs = undefined;
    else {
      sinceMs ??= nowMs;
      if (trouble.disposition === 'wait' || nowMs - sinceMs >= patienceMs) return onLost(trouble);
    }
    await clock.sleep(lookEveryMs, signal);
  }
}
