/** Resolves with the promise, or when the signal is aborted. */
export async function endOf(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  let leave: () => void = () => {};
  const left = new Promise<void>((resolve) => {
    leave = resolve;
    if (signal.aborted) resolve();
  });
  signal.addEventListener('abort', leave, { once: true });
  await Promise.race([promise, left]);
  signal.removeEventListener('abort', leave);
}
