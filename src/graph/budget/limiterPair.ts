import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import RateLimiterRes from 'rate-limiter-flexible/lib/RateLimiterRes.js';

/** The two counts that Graph keeps for an app in a tenant. */
export interface LimiterPair {
  readonly writes: RateLimiterAbstract;
  readonly requests: RateLimiterAbstract;
}

/** What is asked of them. */
export interface Cost {
  readonly key: string;
  readonly requests: number;
  readonly isWrite: boolean;
}

/** Where there was no room: which count was full, and for how long, in milliseconds. */
export interface Full {
  readonly count: keyof LimiterPair;
  readonly msBeforeNext: number;
}

/** Counts a send, or nothing of it where one of the counts is full. */
export async function take(pair: LimiterPair, cost: Cost): Promise<Full | undefined> {
  const { key, requests, isWrite } = cost;
  const noRequests = await consume(pair.requests, key, requests);
  if (noRequests !== undefined) {
    return { count: 'requests', msBeforeNext: noRequests };
  }
  const noWrites = isWrite ? await consume(pair.writes, key, 1) : undefined;
  if (noWrites === undefined) {
    return undefined;
  }
  await pair.requests.reward(key, requests);
  return { count: 'writes', msBeforeNext: noWrites };
}

/** Undefined where there was room, else how long there is none. A claim that is turned away is counted for nothing. */
async function consume(
  limiter: RateLimiterAbstract,
  key: string,
  points: number,
): Promise<number | undefined> {
  try {
    await limiter.consume(key, points);
    return undefined;
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) {
      throw error;
    }
    await limiter.reward(key, points);
    return error.msBeforeNext;
  }
}
