import { onAbort } from '../../core/on-abort.ts';

/** Resolves with the promise, or when the signal is aborted. */
export async function endOf(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  let off = () => {};
  const left = new Promise<void>((resolve) => {
    off = onAbort(signal, resolve);
  });
  await Promise.race([promise, left]).finally(off);
}
