import { BulkheadRejectedError, bulkhead } from 'cockatiel';
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

/** Bounds what is under way at one time and what waits for it; a wait ends with its operation. */
export function createBulkhead(
  { concurrency, queue }: BulkheadOptions,
  measurements: Pick<Measurements, 'heldBack'>,
): Policy {
  const policy = bulkhead(concurrency, queue);
  const overloaded = (): GraphHeldBackError => {
    measurements.heldBack('bulkhead');
    const message = 'Too much is waiting for Microsoft Graph already; nothing was sent.';
    return new GraphHeldBackError('overloaded', message, { retryAfterMs });
  };
  return (request, next) =>
    new Promise((resolve, reject) => {
      const { signal } = request.call;
      let isUnderWay = false;
      const onAbort = (): void => {
        // What is under way listens to the signal itself, and may have to finish a write.
        if (!isUnderWay) {
          reject(endedErrorOf(signal));
        }
      };
      signal.addEventListener('abort', onAbort);
      policy
        .execute(() => {
          // Not by cockatiel's own signal: an item cancelled in its queue does not pass its turn on.
          if (signal.aborted) {
            throw endedErrorOf(signal);
          }
          isUnderWay = true;
          return next(request);
        })
        .then(resolve, (error: unknown) => {
          reject(error instanceof BulkheadRejectedError ? overloaded() : error);
        })
        .finally(() => signal.removeEventListener('abort', onAbort));
    });
}
