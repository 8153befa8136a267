import type { Measurements } from '../../telemetry/measurements.ts';
import { endedErrorOf } from '../endedError.ts';
import { GraphHeldBackError } from '../errors.ts';
import type { Policy } from './pipeline.ts';

/** How much may be under way to one upstream. */
export interface BulkheadOptions {
  /** Requests at the same time. */
  readonly concurrency: number;
  /** Requests that may wait for their turn. */
  readonly queue: number;
}

const retryAfterMs = 1000;

/**
 * Bounds what is under way at one time and what waits for it; a wait ends with its operation. Not by cockatiel's
 * bulkhead: there whoever gives up keeps a place in the queue, and a turn can be taken by one who has just come.
 */
export function createBulkhead(
  { concurrency, queue }: BulkheadOptions,
  measurements: Pick<Measurements, 'heldBack'>,
): Policy {
  let underWay = 0;
  /** In the order in which they came; calling one gives it the turn. */
  const waiting = new Set<() => void>();

  function passTurnOn(): void {
    const [next] = waiting;
    if (next === undefined) {
      underWay -= 1;
    } else {
      next();
    }
  }

  function overloaded(): GraphHeldBackError {
    measurements.heldBack('bulkhead');
    const message = 'Too much is waiting for Microsoft Graph already; nothing was sent.';
    return new GraphHeldBackError('overloaded', message, { retryAfterMs });
  }

  function waitForTurn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        waiting.delete(begin);
        signal.removeEventListener('abort', onAbort);
      };
      const begin = (): void => {
        leave();
        resolve();
      };
      const onAbort = (): void => {
        leave();
        reject(endedErrorOf(signal, false, 'queued'));
      };
      waiting.add(begin);
      signal.addEventListener('abort', onAbort);
    });
  }

  async function takeTurn(signal: AbortSignal): Promise<void> {
    if (signal.aborted) {
      throw endedErrorOf(signal, false, 'queued');
    }
    if (underWay < concurrency) {
      underWay += 1;
      return;
    }
    if (waiting.size >= queue) {
      throw overloaded();
    }
    await waitForTurn(signal);
  }

  return async (request, next) => {
    // What is under way listens to the signal itself, and may have to finish a write.
    await takeTurn(request.call.signal);
    try {
      return await next(request);
    } finally {
      passTurnOn();
    }
  };
}
