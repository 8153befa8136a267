/**
 * Waits for something, but no longer than until the signal fires; then rejects with what `errorOf` makes of the signal.
 * What was waited for goes on by itself, unheard.
 */
export function abortable<Result>(
  signal: AbortSignal,
  awaited: Promise<Result>,
  errorOf: (signal: AbortSignal) => Error,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      signal.removeEventListener('abort', onAbort);
      reject(errorOf(signal));
    };
    const stopListening = (): void => signal.removeEventListener('abort', onAbort);
    awaited.then(resolve, reject).finally(stopListening);
    if (signal.aborted) {
      onAbort();
    } else {
      signal.addEventListener('abort', onAbort);
    }
  });
}
