import type { Clock } from '../shared/clock.ts';
import { endedErrorOf } from './endedError.ts';

/** Waits, in milliseconds, and leaves no timer behind. @throws GraphDeadlineError as soon as the signal fires. */
export function pauseFor(clock: Clock, durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(endedErrorOf(signal));
      return;
    }
    const stopTimer = clock.startTimer(durationMs, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    function onAbort(): void {
      stopTimer();
      signal.removeEventListener('abort', onAbort);
      reject(endedErrorOf(signal));
    }
    signal.addEventListener('abort', onAbort);
  });
}
