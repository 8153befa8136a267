import type { RateLimiterRedis } from 'rate-limiter-flexible';
import type { Clock } from '../../clock.ts';
import type { Secret } from '../../secret.ts';
import type { Log } from '../../telemetry/log.ts';
import { connectRedis } from './connectRedis.ts';
import type { BudgetLimits, GraphBudget } from './graphBudget.ts';
import { createLimiterBudget } from './limiterBudget.ts';
import type { LimiterPair } from './limiterPair.ts';
import { MemoryLimiter } from './memoryLimiter.ts';

export interface GraphBudgetOptions extends BudgetLimits {
  /** Where all replicas count together; undefined where this process counts alone. */
  readonly redisUrl: Secret | undefined;
  /** Over how many replicas the budget is divided while they cannot count together. */
  readonly replicas: number;
}

export interface GraphBudgetParts {
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
}

/** Makes the budget that the configuration asks for: shared through Redis where its URL is known. */
export async function createGraphBudget(
  options: GraphBudgetOptions,
  parts: GraphBudgetParts,
): Promise<GraphBudget> {
  const { redisUrl } = options;
  const alone = memoryPair(options, parts.clock);
  if (redisUrl === undefined) {
    return createLimiterBudget(alone, options, parts, () => undefined);
  }
  const client = await connectRedis(redisUrl, parts.log);
  const { default: Limiter } = await import('rate-limiter-flexible/lib/RateLimiterRedis.js');
  const shared = (count: keyof LimiterPair): RateLimiterRedis =>
    new Limiter({
      storeClient: client,
      keyPrefix: `graph-budget:${count}`,
      points: options[count],
      duration: options.windowSeconds,
      rejectIfRedisNotReady: true,
      insuranceLimiter: alone[count],
    });
  const pair = { writes: shared('writes'), requests: shared('requests') };
  return createLimiterBudget(pair, options, parts, () => client.disconnect());
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
