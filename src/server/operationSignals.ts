import type { Clock } from '../clock.ts';

/** The two reasons for which an operation ends early. */
export interface OperationSignals {
  readonly deadline: AbortSignal;
  readonly callerLeft: AbortSignal;
  /** Tells that the caller's connection closed. */
  leave(): void;
  /** Takes the timer back; called when the answer is on its way. */
  stop(): void;
}

/** Starts an operation's time, in milliseconds, for all that it will cause. */
export function startOperationSignals(clock: Clock, timeoutMs: number): OperationSignals {
  const deadline = new AbortController();
  const callerLeft = new AbortController();
  const stop = clock.startTimer(timeoutMs, () => deadline.abort());
  return {
    deadline: deadline.signal,
    callerLeft: callerLeft.signal,
    leave: () => callerLeft.abort(),
    stop,
  };
}
