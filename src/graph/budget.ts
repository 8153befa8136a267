import type { Redis } from 'ioredis';
import type { Clock, EndSignal } from '../shared/clock.ts';
import { GraphError, sleep, untilEnded } from './errors.ts';

/** What a send costs, for whom, and how long it can wait. */
interface BudgetClaim {
  /** One app in one tenant, as a digest or another text that may stand in a store. */
  readonly key: string;
  /** 1, or the number of items of a batch: at most 20. */
  readonly requests: number;
  readonly isWrite: boolean;
  /** Until the operation's deadline. */
  readonly timeLeftMs: number;
  /** Ends the wait at once. */
  readonly signal: EndSignal;
}

interface GraphBudgetOptions {
  /** How much may be sent for one key in a window. */
  readonly writes: number;
  /** Reads and writes together. */
  readonly requests: number;
  readonly windowSeconds: number;
  /** Over how many replicas the budget is divided while they cannot count together. */
  readonly replicas: number;
}

interface GraphBudgetParts {
  readonly clock: Clock;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
  /** Where all replicas count together; undefined if this process counts alone. */
  readonly redis: Redis | undefined;
}

export type GraphBudget = Awaited<ReturnType<typeof createGraphBudget>>;

const longestPauseMs = 60 * 60 * 1000;
/** Those who waited for one moment go out over this time. */
const longestSpreadMs = 250;

/**
 * Makes the budget that keeps what goes to Graph below Graph's own limits, for each key apart; shared through Redis if
 * there is one.
 */
export async function createGraphBudget(
  options: GraphBudgetOptions,
  { clock, chance, redis }: GraphBudgetParts,
) {
  const alone = createMemoryCounts(options, clock.now);
  const counts = redis === undefined ? alone : await createRedisCounts(options, redis, alone);
  /** How much waits for each count of each key. */
  const waiting = new Map<string, number>();

  async function waitFor(full: Full, { key, signal }: BudgetClaim, leftMs: number): Promise<void> {
    const place = `${full.count} ${key}`;
    const ahead = waiting.get(place) ?? 0;
    // To the end of the window or pause, and a window longer for each that those who wait already will fill.
    const waitMs =
      Math.max(1, full.msBeforeNext) +
      Math.floor(ahead / full.limit) * options.windowSeconds * 1000;
    // A claim that would come too late is rejected now, not after the wait.
    if (waitMs >= leftMs) {
      const message = "The budget towards Microsoft Graph has no room in the operation's time.";
      throw new GraphError('throttled', message, { retryAfterMs: waitMs });
    }
    const spreadMs = Math.min(chance() * longestSpreadMs, leftMs - waitMs);
    waiting.set(place, ahead + 1);
    try {
      await sleep(clock, waitMs + spreadMs, signal);
    } finally {
      const left = (waiting.get(place) ?? 1) - 1;
      waiting.set(place, left);
      if (left === 0) {
        waiting.delete(place);
      }
    }
  }

  async function waitForRoom(claim: BudgetClaim, first: Taking): Promise<void> {
    const deadlineMs = clock.now() + claim.timeLeftMs;
    for (let taking = first; ; taking = counts.take(claim)) {
      const full = taking instanceof Promise ? await untilEnded(claim.signal, taking) : taking;
      if (full === undefined) {
        return;
      }
      await waitFor(full, claim, deadlineMs - clock.now());
    }
  }

  return {
    /**
     * Counts a send: at once, giving undefined, or when the promise resolves.
     * @throws GraphError `throttled` with the wait, at once if that is longer than the claim can wait.
     * @throws GraphError if its signal fires before its turn.
     */
    acquire(claim: BudgetClaim): Promise<void> | undefined {
      const taking = counts.take(claim);
      return taking && waitForRoom(claim, taking);
    },
    /** Holds back all sends of this key for so long, an hour at most; other keys go on. */
    async pause(key: string, pauseMs: number): Promise<void> {
      const seconds = Math.ceil(Math.min(Math.max(pauseMs, 1), longestPauseMs) / 1000);
      await counts.block(key, seconds);
    },
  };
}

/** If there was no room: which count was full, how much it takes in a window, and until when, in milliseconds. */
interface Full {
  readonly count: 'writes' | 'requests';
  readonly limit: number;
  readonly msBeforeNext: number;
}

type Taking = Full | undefined | Promise<Full | undefined>;

/**
 * Counts in this process: the whole budget if it is the only one, its share if there are others. Graph keeps two counts
 * for an app in a tenant, of writes and of all requests.
 */
function createMemoryCounts(
  { writes, requests, windowSeconds, replicas }: GraphBudgetOptions,
  now: () => number,
) {
  const of = (limit: number) =>
    createMemoryCount(Math.max(1, Math.floor(limit / replicas)), windowSeconds * 1000, now);
  const all = of(requests);
  const ofWrites = of(writes);
  return {
    /** Counts a send; undefined if there was room, otherwise nothing of it is counted. */
    take(claim: BudgetClaim): Full | undefined {
      const noRequests = all.take(claim.key, claim.requests);
      if (noRequests > 0) {
        return { count: 'requests', limit: all.limit, msBeforeNext: noRequests };
      }
      const noWrites = claim.isWrite ? ofWrites.take(claim.key, 1) : 0;
      if (noWrites > 0) {
        all.giveBack(claim.key, claim.requests);
        return { count: 'writes', limit: ofWrites.limit, msBeforeNext: noWrites };
      }
      return undefined;
    },
    /** Takes no more requests for a key. */
    block: (key: string, seconds: number) => all.block(key, seconds * 1000),
  };
}

/**
 * One count on the injected clock, which may jump. The library's own memory limiter reads `Date` and starts a timer for
 * each key, so nothing could be judged in virtual time.
 */
function createMemoryCount(limit: number, windowMs: number, now: () => number) {
  interface Window {
    taken: number;
    startedMs: number;
    readonly lastsMs: number;
  }
  const windows = new Map<string, Window>();
  let sweptMs = now();

  /** Until it ends. If the clock is set back meanwhile, the window begins anew. */
  function leftMsOf(window: Window): number {
    const nowMs = now();
    window.startedMs = Math.min(window.startedMs, nowMs);
    return Math.max(0, window.startedMs + window.lastsMs - nowMs);
  }

  function start(key: string, taken: number, lastsMs: number): void {
    // Tokens come and go: what is over is forgotten once in a window.
    if (Math.abs(now() - sweptMs) >= windowMs) {
      sweptMs = now();
      for (const [other, window] of windows) {
        if (leftMsOf(window) === 0) {
          windows.delete(other);
        }
      }
    }
    windows.set(key, { taken, startedMs: now(), lastsMs });
  }

  return {
    limit,
    /** Counts if there is room and gives 0; otherwise the milliseconds until there is. */
    take(key: string, points: number): number {
      const window = windows.get(key);
      const leftMs = window === undefined ? 0 : leftMsOf(window);
      if (window === undefined || leftMs === 0) {
        if (points > limit) {
          return windowMs;
        }
        start(key, points, windowMs);
        return 0;
      }
      if (window.taken + points > limit) {
        return leftMs;
      }
      window.taken += points;
      return 0;
    },
    giveBack(key: string, points: number): void {
      const window = windows.get(key);
      if (window !== undefined) {
        window.taken -= points;
      }
    },
    block: (key: string, lastsMs: number) => start(key, Number.POSITIVE_INFINITY, lastsMs),
  };
}

/** Counts with all replicas; alone while Redis cannot be asked. */
async function createRedisCounts(
  { writes, requests, windowSeconds }: GraphBudgetOptions,
  redis: Redis,
  alone: ReturnType<typeof createMemoryCounts>,
) {
  // Loaded only here: most gateways run without Redis.
  const { default: Limiter } = await import('rate-limiter-flexible/lib/RateLimiterRedis.js');
  const { default: LimiterRes } = await import('rate-limiter-flexible/lib/RateLimiterRes.js');
  const limiter = (count: Full['count'], points: number) =>
    new Limiter({
      storeClient: redis,
      keyPrefix: `graph-budget:${count}`,
      points,
      duration: windowSeconds,
      rejectIfRedisNotReady: true,
    });
  const all = limiter('requests', requests);
  const ofWrites = limiter('writes', writes);

  /** Undefined if there was room, otherwise the milliseconds until there is. A rejected claim is not counted. */
  async function consume(count: typeof all, key: string, points: number) {
    try {
      await count.consume(key, points);
      return undefined;
    } catch (error) {
      if (!(error instanceof LimiterRes)) {
        throw error;
      }
      await count.reward(key, points);
      return error.msBeforeNext;
    }
  }

  async function takeShared(claim: BudgetClaim): Promise<Full | undefined> {
    const { key, requests: points, isWrite } = claim;
    const noRequests = await consume(all, key, points);
    if (noRequests !== undefined) {
      return { count: 'requests', limit: requests, msBeforeNext: noRequests };
    }
    const noWrites = isWrite ? await consume(ofWrites, key, 1) : undefined;
    if (noWrites === undefined) {
      return undefined;
    }
    await all.reward(key, points);
    return { count: 'writes', limit: writes, msBeforeNext: noWrites };
  }

  return {
    take: (claim: BudgetClaim) => takeShared(claim).catch(() => alone.take(claim)),
    block: (key: string, seconds: number) =>
      all.block(key, seconds).catch(() => alone.block(key, seconds)),
  };
}
