import type { Redis } from 'ioredis';
import { sleep } from '../graph/errors.ts';
import type { Clock, EndSignal } from '../shared/clock.ts';

/** What locks and outcomes in Redis are built over. */
export interface RedisParts {
  readonly redis: Redis;
  readonly clock: Clock;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
}

type Tell = () => Promise<unknown>;

/** How a replica comes to hold something in Redis, and how it ends that. */
interface RedisHolds {
  /** Asks until there is an answer: undefined means that another replica holds it. */
  poll<Answer>(ask: () => Promise<Answer | undefined>, signal: EndSignal): Promise<Answer>;
  /** Tells Redis that a hold has ended. If it is unreachable, `later` tells it once it is there again. */
  tell(owner: string, now: Tell, later?: Tell): Promise<void>;
}

/** One that waits asks again after 25 to 75 ms: between two requests of Graph there is more. */
const pollMs = { least: 25, spread: 50 };
/** Beyond that, holds of which Redis could not be told end with their leases. */
const maximumUntold = 1_000;

export function createRedisHolds({ redis, clock, chance }: RedisParts): RedisHolds {
  const untold = new Map<string, Tell>();
  redis.on('ready', () => {
    const all = [...untold.values()];
    untold.clear();
    for (const tellNow of all) {
      tellNow().catch(() => undefined);
    }
  });
  return {
    async poll(ask, signal) {
      for (;;) {
        const answer = await ask();
        if (answer !== undefined) {
          return answer;
        }
        await sleep(clock, pollMs.least + chance() * pollMs.spread, signal);
      }
    },
    async tell(owner, now, later = now) {
      try {
        await now();
      } catch {
        if (untold.size < maximumUntold) {
          untold.set(owner, later);
        }
      }
    },
  };
}
