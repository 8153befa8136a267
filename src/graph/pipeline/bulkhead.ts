import { createTurns, type TurnOptions } from '../../shared/concurrencyLimit.ts';
import type { Measurements } from '../../telemetry/metrics.ts';
import { endedErrorOf } from '../endedError.ts';
import { GraphHeldBackError } from '../errors.ts';
import type { Policy } from '../request.ts';

const retryAfterMs = 1000;

/** Bounds what is under way to Graph at one time and what waits for it; a wait ends with its operation. */
export function createBulkhead(
  options: TurnOptions,
  measurements: Pick<Measurements, 'heldBack'>,
): Policy {
  const turns = createTurns(options, {
    full() {
      measurements.heldBack('bulkhead', 'graph');
      const message = 'Too much is waiting for Microsoft Graph already; nothing was sent.';
      return new GraphHeldBackError('overloaded', message, { retryAfterMs });
    },
    ended: (signal) => endedErrorOf(signal, false, 'queued'),
  });
  // What is under way may have to finish a write, so it is not ended with the signal here.
  return (request, next) => turns.run(request.call.signal, () => next(request));
}
