import type { Clock } from './shared/clock.ts';
import type { Log } from './telemetry/log.ts';

interface ProcessEndParts {
  /** Stops in order; `delayMs` is for balancers. */
  readonly stop: (delayMs: number) => Promise<void>;
  /** Ends everything, with this exit code. */
  readonly exit: (code: number) => void;
  readonly drainDelayMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** What ends the process, and how. */
export interface ProcessEnd {
  /**
   * The first signal stops in order and ends with 0, the second ends at once with 1. SIGINT is a person at a terminal:
   * no delay for them. One that comes while the gateway starts is obeyed as soon as it has started.
   */
  onSignal(signal: NodeJS.Signals): void;
  /**
   * An uncaught error ends with 1, because the state after it is unknown; but what is in flight gets a
   * few seconds, because a write that is cut off is a write in doubt. A second one ends at once.
   */
  onFault(error: unknown, origin: string): void;
}

const lastResortMs = 5_000;

/** Starts with a process that is to go on. */
export function createProcessEnd(parts: ProcessEndParts): ProcessEnd {
  const { stop, exit, drainDelayMs, clock, log } = parts;
  let isStopping = false;
  let hasFault = false;

  function stopAndExit(delayMs: number): void {
    isStopping = true;
    stop(delayMs).then(
      () => exit(hasFault ? 1 : 0),
      (error: unknown) => {
        log.error('Stopping failed', {}, error);
        exit(1);
      },
    );
  }

  return {
    onSignal(signal) {
      if (isStopping) {
        exit(1);
        return;
      }
      log.info('Told to stop', { signal });
      stopAndExit(signal === 'SIGINT' ? 0 : drainDelayMs);
    },
    onFault(error, origin) {
      log.error('An uncaught error ends the gateway', { reason: origin }, error);
      if (hasFault) {
        exit(1);
        return;
      }
      hasFault = true;
      clock.startTimer(lastResortMs, () => exit(1));
      if (!isStopping) {
        stopAndExit(0);
      }
    },
  };
}
