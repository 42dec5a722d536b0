import { type BackoffLimits, backoffMs } from '../../core/backoff.ts';
import { SyncError } from '../../errors.ts';
import { type Call, isRefusal } from './call.ts';
import type { Gate } from './gate.ts';

export interface WorkSignals {
  /** No new effect begins after this. */
  readonly stopping: AbortSignal;
  /** Effects under way are cut short by this. */
  readonly abort: AbortSignal;
}

/** For requests that only read: nothing is lost when a stop cuts them short. */
export function reading({ stopping }: WorkSignals): WorkSignals {
  return { stopping, abort: stopping };
}

/** What a request came to: an answer, or the error that says what is known of its effect. */
type Asked<T> = { readonly kind: 'answer'; readonly value: T } | { readonly kind: 'error'; readonly error: SyncError };

/** A file that FLORA, or something in between, refuses while others go through waits by itself: a person has to mend that. */
const ownBackoff: BackoffLimits = { baseMs: 2_000, capMs: 5 * 60_000 };

/** What there is to do instead of a request. */
interface Instead<I> {
  readonly kind: 'instead';
  readonly value: I;
}

/**
 * Makes one request to the API through the gate, and tells the gate what it came to. Null when the signals ended it. An error
 * of scope `service` is about all requests: nothing is held against the file, which asks again.
 * Throws what is no known failure, or the end of the process.
 *
 * @param before what is looked at once the request may be made, however long that took; what it returns is done instead
 */
export async function askFlora<T>(
  gate: Gate,
  signals: WorkSignals,
  call: Call,
  request: () => Promise<T>,
): Promise<Asked<T> | null>;
export async function askFlora<T, I>(
  gate: Gate,
  signals: WorkSignals,
  call: Call,
  request: () => Promise<T>,
  before: (() => Promise<I | null>) | undefined,
): Promise<Asked<T> | Instead<I> | null>;
export async function askFlora<T, I>(
  gate: Gate,
  signals: WorkSignals,
  call: Call,
  request: () => Promise<T>,
  before?: () => Promise<I | null>,
): Promise<Asked<T> | Instead<I> | null> {
  const pass = await gate.enter(call, signals.stopping);
  if (pass === null) return null;
  try {
    const instead = (await before?.()) ?? null;
    // What was looked at may have taken a while: the gate may be closed by now.
    if (instead !== null || !gate.isGood(pass)) {
      gate.cancelled(pass);
      return instead === null ? askFlora(gate, signals, call, request, before) : { kind: 'instead', value: instead };
    }
    const value = await request();
    gate.succeeded(pass);
    return { kind: 'answer', value };
  } catch (error) {
    if (!isKnown(error) || signals.abort.aborted) {
      gate.cancelled(pass);
      if (signals.abort.aborted) return null;
      throw error;
    }
    if (isRefusal(error)) {
      gate.refused(pass, error);
      return { kind: 'error', error: call.file === null ? error : ownOf(call.file, error) };
    }
    if (error.scope === 'service') gate.failed(pass, error);
    else if (error.code === 'server_error' || error.code === 'bad_answer') gate.stumbled(pass, error);
    // An answer, even a bad one, shows that FLORA is there; silence shows nothing.
    else if (error.status === undefined) gate.unclear(pass);
    else gate.succeeded(pass, call.op !== 'reserve');
    return { kind: 'error', error };
  }
}

/** Asks again and again while there is trouble with FLORA as a whole, which says nothing of the asset: that is waited out at the gate. */
export async function patiently<T>(ask: () => Promise<Asked<T> | null>): Promise<Asked<T> | null> {
  for (;;) {
    const asked = await ask();
    if (asked?.kind !== 'error' || asked.error.scope !== 'service') return asked;
  }
}

/** Whether an error is about a request, and not a bug or the end of the process. */
export function isKnown(error: unknown): error is SyncError {
  return error instanceof SyncError && error.scope !== 'process';
}

/** The file tells why it waits, and waits by itself, whosesoever affair it turns out to be. */
function ownOf({ attempts }: NonNullable<Call['file']>, error: SyncError): SyncError {
  const retryAfterMs = backoffMs(attempts + 1, 0.5, ownBackoff);
  return new SyncError(error.message, { ...error, scope: 'file', disposition: 'retry', retryAfterMs, cause: error });
}
