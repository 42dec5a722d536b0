import { SyncError } from '../errors.ts';
import type { Gate, Urgency } from './gate.ts';

export interface WorkSignals {
  /** No new effect begins after this. */
  readonly stopping: AbortSignal;
  /** Effects under way are cut short by this. */
  readonly abort: AbortSignal;
}

/** What a request came to: an answer, or the error that says what is known of its effect. */
export type Asked<T> =
  | { readonly kind: 'answer'; readonly value: T }
  | { readonly kind: 'error'; readonly error: SyncError };

/**
 * Makes one request to the API through the gate, and tells the gate what it came to. Null when the signals ended it.
 * Throws what is no known failure, or the end of the process.
 */
export async function askFlora<T>(
  gate: Gate,
  signals: WorkSignals,
  request: () => Promise<T>,
  urgency: Urgency = 'file',
): Promise<Asked<T> | null> {
  const pass = await gate.enter(signals.stopping, urgency);
  if (pass === null) return null;
  try {
    const value = await request();
    gate.succeeded(pass);
    return { kind: 'answer', value };
  } catch (error) {
    if (!isKnown(error) || signals.abort.aborted) {
      gate.cancelled(pass);
      if (signals.abort.aborted) return null;
      throw error;
    }
    if (error.scope === 'service') gate.failed(pass, error);
    else if (error.code === 'server_error' || error.code === 'bad_answer') gate.stumbled(pass, error);
    // An answer, even a bad one, shows that FLORA is there; silence shows nothing.
    else if (error.status === undefined) gate.unclear(pass);
    else gate.succeeded(pass);
    return { kind: 'error', error };
  }
}

/** Whether an error is about a request, and not a bug or the end of the process. */
export function isKnown(error: unknown): error is SyncError {
  return error instanceof SyncError && error.scope !== 'process';
}
