import type { Clock } from '../../clock.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Measurements } from '../../telemetry/measurements.ts';
import type { GraphBudget } from '../budget/graphBudget.ts';
import type { Credentials } from '../credentials.ts';
import { createAttemptLimit } from './attemptLimit.ts';
import { createBearer } from './bearer.ts';
import { createBreaker } from './breaker.ts';
import { createBulkhead } from './bulkhead.ts';
import { createDestination } from './destination.ts';
import { hideToken } from './hideToken.ts';
import { createObserve } from './observe.ts';
import { composePolicies, type Send } from './pipeline.ts';
import { createRetry } from './retry/retry.ts';
import { createRetryBudget } from './retry/retryBudget.ts';
import { createSpend } from './spend.ts';
import type { TenantKeys } from './tenantKeys.ts';
import { tracing } from './tracing.ts';
import { readBody } from './transport/readBody.ts';

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
