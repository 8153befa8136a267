import type { Redis } from 'ioredis';
import type { RateLimiterRedis } from 'rate-limiter-flexible';
import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory.js';
import type { Clock } from '../../clock.ts';
import type { BudgetLimits, GraphBudget } from './graphBudget.ts';
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
  const alone = memoryPair(options);
  if (redis === undefined) {
    return createLimiterBudget(alone, options, parts, () => forgetAll(alone));
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
  return createLimiterBudget(pair, options, parts, () => forgetAll(alone));
}

type MemoryPair = { readonly [Count in keyof LimiterPair]: RateLimiterMemory };

/** Counts in this process: the whole budget where it is the only one, its share where there are others. */
function memoryPair(options: GraphBudgetOptions): MemoryPair {
  const limiter = (count: keyof LimiterPair): RateLimiterMemory =>
    new RateLimiterMemory({
      keyPrefix: `graph-budget:${count}`,
      points: Math.max(1, Math.floor(options[count] / options.replicas)),
      duration: options.windowSeconds,
    });
  return { writes: limiter('writes'), requests: limiter('requests') };
}

/** Each count has a timer, which would last for its window or, where Graph said so, for an hour. */
function forgetAll(pair: MemoryPair): void {
  for (const limiter of Object.values(pair)) {
    for (const { key } of limiter.dump().storage) {
      limiter.delete(key);
    }
  }
}
