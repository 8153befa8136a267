import { type CircuitOptions, createCircuit } from '../../shared/circuitBreaker.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Measurements } from '../../telemetry/metrics.ts';
import { GraphHeldBackError } from '../errors.ts';
import type { Policy } from '../request.ts';
import { judgeUpstream } from './upstreamVerdict.ts';

/** When calls of Graph are held back because it is down. */
export interface BreakerOptions extends CircuitOptions {
  /** How long an attempt must have lasted for its timeout to count. */
  readonly slowMs: number;
}

export interface BreakerParts {
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
  readonly measurements: Pick<Measurements, 'breakerState' | 'heldBack'>;
}

/** Fails at once while Graph is known to be down: 5xx, timeouts and connections count, 4xx and 429 never. */
export function createBreaker({ openMs, slowMs }: BreakerOptions, parts: BreakerParts): Policy {
  const { clock, log, chance, measurements } = parts;
  const circuit = createCircuit(
    { openMs },
    {
      now: clock.now,
      chance,
      onState(state) {
        log.warn('The breaker towards Microsoft Graph changed its state', { state });
        measurements.breakerState(state, 'graph');
      },
      heldBack() {
        measurements.heldBack('breaker', 'graph');
        const message = 'Microsoft Graph is down as far as this gateway can see; nothing was sent.';
        return new GraphHeldBackError('unavailable', message);
      },
    },
  );
  return (request, next) =>
    circuit.run(
      () => next(request),
      (end) => judgeUpstream(end, slowMs),
    );
}
