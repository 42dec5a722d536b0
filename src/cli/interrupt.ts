import { SyncError } from '../errors.ts';
import { nextStopSignal } from './signals.ts';

/** Does work that Ctrl-C or SIGTERM may end through its signal; the command then fails with what interrupted it. */
export async function interruptible<T>(op: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stopping = new AbortController();
  const by: NodeJS.Signals[] = [];
  void nextStopSignal().then((signal) => {
    by.push(signal);
    stopping.abort();
  });
  try {
    const value = await work(stopping.signal);
    if (by[0] !== undefined) throw interrupted(op, by[0]);
    return value;
  } catch (error) {
    throw by[0] === undefined ? error : interrupted(op, by[0]);
  }
}

function interrupted(op: string, by: NodeJS.Signals): SyncError {
  return new SyncError(`Interrupted by ${by}`, { code: 'interrupted', scope: 'process', disposition: 'retry', op });
}
