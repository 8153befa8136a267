import {
  BrokenCircuitError,
  CircuitState,
  circuitBreaker,
  DelegateBackoff,
  handleWhenResult,
  SamplingBreaker,
} from 'cockatiel';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../telemetry/log.ts';
import type { BreakerState, Measurements } from '../../telemetry/measurements.ts';
import { GraphHeldBackError } from '../errors.ts';
import type { GraphRequest, Policy, Send } from './pipeline.ts';
import { type AttemptEnd, judgeUpstream, type UpstreamVerdict } from './upstreamVerdict.ts';

/** When calls of one upstream are held back because it is down. */
export interface BreakerOptions {
  /** How long it is open before one call is let through to look, on average and at first; twice that the next time. */
  readonly openMs: number;
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

/** More than half of at least ten calls in ten seconds. */
const sampling = { threshold: 0.5, duration: 10_000, minimumRps: 1 };
const longestOpenMs = 30_000;

type Judged = AttemptEnd & { readonly verdict: UpstreamVerdict };

/** Fails at once while the upstream is known to be down: 5xx, timeouts and connections count, 4xx and 429 never. */
export function createBreaker(options: BreakerOptions, parts: BreakerParts): Policy {
  const { clock, log, chance, measurements } = parts;
  const isCounted = (judged: unknown): boolean => {
    const { verdict } = judged as Judged;
    // In cockatiel all that does not count against the upstream closes the breaker; an attempt that says nothing must not.
    return verdict === 'down' || (verdict === 'nothing' && policy.state === CircuitState.HalfOpen);
  };
  const policy = circuitBreaker(handleWhenResult(isCounted), {
    breaker: new SamplingBreaker(sampling),
    halfOpenAfter: new DelegateBackoff(({ attempt }) => {
      const openMs = Math.min(longestOpenMs, options.openMs * 2 ** Math.min(attempt - 1, 10));
      // Replicas that saw the same outage do not all look at one moment.
      return openMs * (0.5 + chance());
    }),
  });
  policy.onStateChange((state) => {
    const name = nameOf(state);
    log.warn('The breaker towards Microsoft Graph changed its state', { state: name });
    measurements.breakerState(name);
  });

  async function attempt(request: GraphRequest, next: Send): Promise<Judged> {
    const startedMs = clock.now();
    const end = await next(request).then(
      (response): AttemptEnd => ({ response }),
      (error: unknown): AttemptEnd => ({ error, durationMs: clock.now() - startedMs }),
    );
    return { ...end, verdict: judgeUpstream(end, options.slowMs) };
  }

  function heldBack(): GraphHeldBackError {
    measurements.heldBack('breaker');
    const message = 'Microsoft Graph is down as far as this gateway can see; nothing was sent.';
    return new GraphHeldBackError('unavailable', message);
  }

  return async (request, next) => {
    // While one call looks, cockatiel would have the others wait for its end.
    if (policy.state === CircuitState.HalfOpen) {
      throw heldBack();
    }
    const end = await policy
      .execute(() => attempt(request, next))
      .catch((error: unknown) => {
        throw error instanceof BrokenCircuitError ? heldBack() : error;
      });
    if ('error' in end) {
      throw end.error;
    }
    return end.response;
  };
}

function nameOf(state: CircuitState): BreakerState {
  switch (state) {
    case CircuitState.Closed:
      return 'closed';
    case CircuitState.HalfOpen:
      return 'half-open';
    default:
      return 'open';
  }
}
