/**
 * Calls `fn` once when the signal is aborted: at once, if it has been already, because a listener that is added later is
 * never called.
 *
 * @returns what takes it off again; may be called at any time, and again
 */
export function onAbort(signal: AbortSignal, fn: () => void): () => void {
  if (signal.aborted) {
    fn();
    return () => {};
  }
  const listener = () => fn();
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
