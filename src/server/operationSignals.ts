import type { EndReason } from '../graph/request.ts';
import type { Clock } from '../shared/clock.ts';

/** What can end an operation before its answer is there. */
export interface OperationSignals {
  /** Fires at the deadline, when the caller leaves and when the gateway stops; its reason is an `EndReason`. */
  readonly signal: AbortSignal;
  /** The same, deaf to the caller's leaving. */
  readonly writeSignal: AbortSignal;
  readonly deadlineMs: number;
  /** Tells that the caller's connection closed; the time goes on, for a write that is to be finished. */
  leave(): void;
  /**
   * Tells that the caller sends nothing more, which may mean that it waits for its answer or that it has gone: a query
   * goes on for a second, a mutation to its end.
   */
  halfClose(): void;
  /** Tells that the operation is a mutation. */
  noteMutation(): void;
  /** Takes timer and listener back, and ends the reads that nobody waits for any more; called with the answer. */
  stop(): void;
}

const queryAfterHalfCloseMs = 1_000;

/** Starts an operation's time, in milliseconds, for all that it will cause. */
export function startOperationSignals(
  clock: Clock,
  timeoutMs: number,
  shutdown: AbortSignal,
): OperationSignals {
  const deadlineMs = clock.now() + timeoutMs;
  const all = new AbortController();
  const forWrites = new AbortController();
  let isMutation = false;
  let stopHalfClosed = (): void => undefined;
  const takeBack = (): void => {
    stopTimer();
    stopHalfClosed();
    shutdown.removeEventListener('abort', onShutdown);
  };
  const end = (reason: EndReason): void => {
    takeBack();
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
  const leave = (): void => all.abort('callerLeft' satisfies EndReason);
  return {
    signal: all.signal,
    writeSignal: forWrites.signal,
    deadlineMs,
    leave,
    halfClose() {
      if (!isMutation && !all.signal.aborted) {
        stopHalfClosed = clock.startTimer(queryAfterHalfCloseMs, leave);
      }
    },
    noteMutation() {
      isMutation = true;
      stopHalfClosed();
    },
    stop() {
      takeBack();
      // One field's failure can be the whole answer, while another's read would go on without a deadline.
      all.abort('answered' satisfies EndReason);
    },
  };
}
