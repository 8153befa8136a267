import type { Redis } from 'ioredis';
import type { RateLimiterRedis } from 'rate-limiter-flexible';
import type { Clock } from '../../shared/clock.ts';
import type { BudgetLimits, GraphBudget } from '../budget.ts';
import { MemoryLimiter } from '../memoryLimiter.ts';
import { createLimiterBudget } from './limiterBudget.ts';
import type { LimiterPair } from './limiterPair.ts';

export interface GraphBudgetOptions extends BudgetLimits {
  /** Over how many replicas the budget is divided while they cannot count together. */
  readonly replicas: number;
}

export interface GraphBudgetParts {
  readonly clock: Clock;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
  /** Where all replicas count together; undefined where this process counts alone. */
  readonly redis: Redis | undefined;
}

/** Makes the budget that the configuration asks for: shared through Redis if there is one. */
export async function createGraphBudget(
  options: GraphBudgetOptions,
  parts: GraphBudgetParts,
): Promise<GraphBudget> {
  const { redis } = parts;
  const alone = memoryPair(options, parts.clock);
  if (redis === undefined) {
    return createLimiterBudget(alone, options, parts, () => undefined);
  }
  const { default: Limiter } = await import('rate-limiter-flexible/lib/RateLimiterRedis.js');
  const shared = (count: keyof LimiterPair): RateLimiterRedis =>
    new Limiter({
      storeClient: redis,
      keyPrefix: `graph-budget:${count}`,
      points: options[count],
      duration: options.windowSeconds,
      rejectIfRedisNotReady: true,
      insuranceLimiter: alone[count],
    });
  const pair = { writes: shared('writes'), requests: shared('requests') };
  return createLimiterBudget(pair, options, parts, () => undefined);
}

/** Counts in this process: the whole budget if it is the only one, its share if there are others. */
function memoryPair(options: GraphBudgetOptions, { now }: Clock): LimiterPair {
  const limiter = (count: keyof LimiterPair): MemoryLimiter =>
    new MemoryLimiter({
      points: Math.max(1, Math.floor(options[count] / options.replicas)),
      windowSeconds: options.windowSeconds,
      now,
    });
  return { writes: limiter('writes'), requests: limiter('requests') };
}
