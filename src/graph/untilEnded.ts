import { endedErrorOf } from './endedError.ts';

/**
 * Waits for something, but no longer than the operation lasts.
 * @throws GraphDeadlineError as soon as the signal fires; what was waited for goes on by itself, unheard.
 */
export function untilEnded<Result>(signal: AbortSignal, awaited: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      signal.removeEventListener('abort', onAbort);
      reject(endedErrorOf(signal));
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
