import type { Clock } from '../../shared/clock.ts';
import type { Measurements } from '../../telemetry/metrics.ts';
import type { GraphBudget } from '../budget.ts';
import { GraphHeldBackError } from '../errors.ts';
import { isWrite } from '../operation.ts';
import type { GraphRequest, Policy } from '../request.ts';
import type { TenantKeys } from '../tenantKeys.ts';
import { throttlePauseMsOf } from './retry/retryAfter.ts';

export interface SpendParts {
  readonly budget: GraphBudget;
  readonly tenantKeys: TenantKeys;
  readonly clock: Clock;
  readonly measurements: Pick<Measurements, 'heldBack'>;
}

/** What has to be left of the operation's time: a write that is cut off at the deadline would be in doubt. */
const exchangeMs = 500;

/** Sends only what Graph's limits have room for, and holds a tenant back that Graph has throttled. */
export function createSpend({ budget, tenantKeys, clock, measurements }: SpendParts): Policy {
  /**
   * A 429 or a 5xx can come before anybody has looked at the token, and a 404 from something in between. The 200 around
   * a batch says nothing of its items.
   */
  function noteWhoItWas(status: number, { call, operation }: GraphRequest): void {
    if (status < 300 && operation !== 'getMany') {
      tenantKeys.accept(call);
    } else if (status === 401) {
      tenantKeys.reject(call);
    }
  }

  return async (request, next) => {
    const { call, operation, cost = 1 } = request;
    const key = tenantKeys.keyOf(call);
    await budget
      .acquire({
        key,
        requests: cost,
        isWrite: isWrite(operation),
        timeLeftMs: call.deadlineMs - clock.now() - exchangeMs,
        signal: call.signal,
      })
      .catch((error: unknown) => {
        if (error instanceof GraphHeldBackError) {
          measurements.heldBack('budget', 'graph');
        }
        throw error;
      });
    const response = await next(request);
    const pauseMs = response.status === 429 ? throttlePauseMsOf(response, clock.now()) : 0;
    if (pauseMs > 0) {
      await budget.pause(key, pauseMs);
    }
    noteWhoItWas(response.status, request);
    return response;
  };
}
