import type { EndSignal } from '../shared/abort.ts';
import { type Circuit, createCircuit } from '../shared/circuitBreaker.ts';
import type { Clock } from '../shared/clock.ts';
import { type ConcurrencyLimit, createConcurrencyLimit } from '../shared/concurrencyLimit.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import { GraphRejectedLocallyError } from './errors.ts';

const names = {
  graph: { inside: 'Microsoft Graph', first: 'Microsoft Graph' },
  authority: { inside: 'the token endpoint', first: 'The token endpoint' },
};

interface GuardOptions {
  /** How long no request is sent once the upstream is known to be down. */
  readonly breakerOpenMs: number;
  /** Requests at the same time. */
  readonly concurrency: number;
  /** Requests that may wait for a place. */
  readonly queue: number;
}

interface GuardParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'rejectedLocally' | 'breakerState'>;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
}

/** When to come back after the queue was full. */
const retryAfterMs = 1_000;

/**
 * Makes what stands before the requests to one upstream: a breaker, and places with a queue. Both reject with a
 * GraphRejectedLocallyError; `ended` makes the error of a request whose signal fires in the queue.
 */
export function createGuards(
  upstream: keyof typeof names,
  options: GuardOptions,
  { clock, chance, log, measurements }: GuardParts,
  ended: (signal: EndSignal) => Error,
): { readonly circuit: Circuit; readonly places: ConcurrencyLimit } {
  const { inside, first } = names[upstream];
  const circuit = createCircuit(
    { openMs: options.breakerOpenMs },
    {
      now: clock.now,
      chance,
      onState(state) {
        log.warn(`The breaker towards ${inside} changed its state`, { state });
        measurements.breakerState(state, upstream);
      },
      rejectedLocally() {
        measurements.rejectedLocally('breaker', upstream);
        const message = `${first} is down as far as this gateway can see; nothing was sent.`;
        return new GraphRejectedLocallyError('unavailable', message);
      },
    },
  );
  const places = createConcurrencyLimit(options, {
    full() {
      measurements.rejectedLocally('bulkhead', upstream);
      const message = `The queue for ${inside} is full, so nothing was sent.`;
      return new GraphRejectedLocallyError('overloaded', message, { retryAfterMs });
    },
    ended,
  });
  return { circuit, places };
}
