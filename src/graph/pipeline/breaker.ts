import {
  BrokenCircuitError,
  CircuitState,
  circuitBreaker,
  DelegateBackoff,
  handleWhenResult,
} from 'cockatiel';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../telemetry/log.ts';
import type { BreakerState, Measurements } from '../../telemetry/measurements.ts';
import { GraphHeldBackError } from '../errors.ts';
import { createFailureShare } from './failureShare.ts';
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

const longestOpenMs = 30_000;

type Judged = AttemptEnd & { readonly verdict: UpstreamVerdict };

/** What a closed breaker is not to count has to be thrown past cockatiel: all else it counts for or against. */
class Uncounted {
  readonly end: Judged;

  constructor(end: Judged) {
    this.end = end;
  }
}

/** Fails at once while the upstream is known to be down: 5xx, timeouts and connections count, 4xx and 429 never. */
export function createBreaker(options: BreakerOptions, parts: BreakerParts): Policy {
  const { clock, log, chance, measurements } = parts;
  // All that does not count against the upstream closes a half-open breaker; a look that says nothing must not.
  const isAgainst = (judged: unknown): boolean => (judged as Judged).verdict !== 'up';
  const policy = circuitBreaker(handleWhenResult(isAgainst), {
    breaker: createFailureShare(clock.now),
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
    const isLook = policy.state !== CircuitState.Closed;
    const startedMs = clock.now();
    const end = await next(request).then(
      (response): AttemptEnd => ({ response }),
      (error: unknown): AttemptEnd => ({ error, durationMs: clock.now() - startedMs }),
    );
    const judged = { ...end, verdict: judgeUpstream(end, options.slowMs) };
    // An attempt of the time before the breaker opened says nothing of what the one that looks finds.
    const isLate = policy.state !== CircuitState.Closed;
    if (!isLook && (isLate || judged.verdict === 'nothing')) {
      throw new Uncounted(judged);
    }
    return judged;
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
        if (error instanceof Uncounted) {
          return error.end;
        }
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
