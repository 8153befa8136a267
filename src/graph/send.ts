import type { Clock } from '../shared/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import { readBody } from './body.ts';
import type { GraphBudget } from './budget.ts';
import type { Credentials } from './credentials.ts';
import { createObserve } from './observe.ts';
import { createAttemptLimit } from './pipeline/attemptLimit.ts';
import { createBearer } from './pipeline/bearer.ts';
import { createBreaker } from './pipeline/breaker.ts';
import { createBulkhead } from './pipeline/bulkhead.ts';
import { createDestination } from './pipeline/destination.ts';
import { hideToken } from './pipeline/hideToken.ts';
import { createRetryBudget } from './pipeline/retry/retryBudget.ts';
import { createSpend } from './pipeline/spend.ts';
import { tracing } from './pipeline/tracing.ts';
import { composePolicies, type Send } from './request.ts';
import { createRetry } from './retry.ts';
import type { TenantKeys } from './tenantKeys.ts';

export interface GraphPipelineOptions {
  /** Graph's root with the version; no request goes anywhere else. */
  readonly base: URL;
  /** Requests at the same time. */
  readonly concurrency: number;
  /** Requests that may wait for their turn. */
  readonly queue: number;
  readonly breakerOpenMs: number;
  readonly slowMs: number;
}

export interface GraphPipelineParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly measurements: Measurements;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
  readonly credentials: Credentials;
  readonly budget: GraphBudget;
  readonly tenantKeys: TenantKeys;
}

/**
 * Puts the policies around a send, in the one place where their order is decided; the first is outermost. What waits
 * for a repeat holds no turn, and each attempt is signed afresh. Only what is really sent is observed.
 */
export function createGraphPipeline(
  options: GraphPipelineOptions,
  parts: GraphPipelineParts,
  send: Send,
): Send {
  const { clock, log, measurements, chance, credentials, budget, tenantKeys } = parts;
  const { base, concurrency, queue, breakerOpenMs, slowMs } = options;
  return composePolicies(
    [
      tracing,
      createRetry({
        clock,
        log,
        chance,
        budget: createRetryBudget(clock.now),
        hasOwnTokens: credentials.hasOwnTokens,
      }),
      createDestination(base),
      createSpend({ budget, tenantKeys, clock, measurements }),
      createBearer(credentials),
      createBreaker({ openMs: breakerOpenMs, slowMs }, { clock, log, chance, measurements }),
      createBulkhead({ concurrency, queue }, measurements),
      createAttemptLimit(clock),
      createObserve({ clock, log, measurements }),
      hideToken,
      readBody,
    ],
    send,
  );
}
