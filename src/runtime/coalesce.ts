/**
 * Makes a task of which only one runs at a time. A call while it runs asks for one more run after it, shared by all who call
 * meanwhile: what they have seen may have come too late for the present one.
 */
export function coalesce(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const start = (): Promise<void> => {
    running = task().finally(() => {
      running = undefined;
    });
    return running;
  };
  return () => {
    if (running === undefined) return start();
    next ??= running.then(
      () => {
        next = undefined;
        return start();
      },
      (error: unknown) => {
        next = undefined;
        throw error;
      },
    );
    return next;
  };
}
