import type { Clock } from '../clock.ts';
import type { EndReason } from '../graph/pipeline/pipeline.ts';

/** What can end an operation before its answer is there. */
export interface OperationSignals {
  /** Fires at the deadline, when the caller leaves and when the gateway stops; its reason is an `EndReason`. */
  readonly signal: AbortSignal;
  /** The same, deaf to the caller's leaving. */
  readonly writeSignal: AbortSignal;
  readonly deadlineMs: number;
  /** Tells that the caller's connection closed; the time goes on, for a write that is to be finished. */
  leave(): void;
  /** Takes the timer and the listener back; called when the operation has ended. */
  stop(): void;
}

/** Starts an operation's time, in milliseconds, for all that it will cause. */
export function startOperationSignals(
  clock: Clock,
  timeoutMs: number,
  shutdown: AbortSignal,
): OperationSignals {
  const deadlineMs = clock.now() + timeoutMs;
  const all = new AbortController();
  const forWrites = new AbortController();
  const stop = (): void => {
    stopTimer();
    shutdown.removeEventListener('abort', onShutdown);
  };
  const end = (reason: EndReason): void => {
    stop();
    all.abort(reason);
    forWrites.abort(reason);
  };
  const onShutdown = (): void => end('shutdown');
  const stopTimer = clock.startTimer(timeoutMs, () => end('deadline'));
  // By hand and not by AbortSignal.any: that one keeps a trace of each operation at the signal that outlives them all.
  shutdown.addEventListener('abort', onShutdown);
  if (shutdown.aborted) {
    onShutdown();
  }
  return {
    signal: all.signal,
    writeSignal: forWrites.signal,
    deadlineMs,
    leave: () => all.abort('callerLeft' satisfies EndReason),
    stop,
  };
}
