import type { Redis } from 'ioredis';
import type { RateLimiterAbstract, RateLimiterRedis } from 'rate-limiter-flexible';
import RateLimiterRes from 'rate-limiter-flexible/lib/RateLimiterRes.js';
import type { EndSignal } from '../shared/abort.ts';
import type { Clock } from '../shared/clock.ts';
import { GraphRejectedLocallyError, sleep, untilEnded } from './errors.ts';
import { MemoryLimiter } from './memoryLimiter.ts';

/** What a send costs, for whom, and how long it can wait. */
export interface BudgetClaim {
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

/** Keeps what goes to Graph below Graph's own limits, for each key apart. */
export interface GraphBudget {
  /** Counts a send if there is room and no store has to be asked; false counts nothing, and `acquire` decides. */
  tryAcquire(key: string, requests: number, isWrite: boolean): boolean;
  /**
   * Resolves when the claim may be sent.
   * @throws GraphRejectedLocallyError `throttled` with the wait, at once if that is longer than the claim can wait.
   * @throws GraphDeadlineError if its signal fires before its turn.
   */
  acquire(claim: BudgetClaim): Promise<void>;
  /** Holds back all sends of this key for so long, an hour at most; other keys go on. */
  pause(key: string, pauseMs: number): Promise<void>;
  close(): void;
}

/** How much may be sent for one key in a window. */
interface BudgetLimits {
  readonly writes: number;
  /** Reads and writes together. */
  readonly requests: number;
  readonly windowSeconds: number;
}

const longestPauseMs = 60 * 60 * 1000;
/** Those who waited for one moment go out over this time. */
const longestSpreadMs = 250;

/** Makes claims wait for room in a pair of counts. */
function createLimiterBudget(
  pair: LimiterPair,
  limits: BudgetLimits,
  { clock, chance }: { readonly clock: Clock; readonly chance: () => number },
  close: () => void,
): GraphBudget {
  /** How much waits for each count of each key. */
  const waiting = new Map<string, number>();

  async function waitFor(full: Full, key: string, timeLeftMs: number, signal: EndSignal) {
    const place = `${full.count} ${key}`;
    const ahead = waiting.get(place) ?? 0;
    const decision = decideWait({
      msBeforeNext: full.msBeforeNext,
      waiting: ahead,
      limit: pair[full.count].points,
      windowMs: limits.windowSeconds * 1000,
      timeLeftMs,
    });
    if (decision.kind === 'tooLate') {
      const { retryAfterMs } = decision;
      const message = "The budget towards Microsoft Graph has no room in the operation's time.";
      throw new GraphRejectedLocallyError('throttled', message, { retryAfterMs });
    }
    const spreadMs = Math.min(chance() * longestSpreadMs, timeLeftMs - decision.waitMs);
    waiting.set(place, ahead + 1);
    try {
      await sleep(clock, decision.waitMs + spreadMs, signal);
    } finally {
      leave(place);
    }
  }

  function leave(place: string): void {
    const left = (waiting.get(place) ?? 1) - 1;
    if (left === 0) {
      waiting.delete(place);
    } else {
      waiting.set(place, left);
    }
  }

  return {
    tryAcquire: tryTakeOf(pair),
    async acquire({ key, requests, isWrite, timeLeftMs, signal }) {
      const deadlineMs = clock.now() + timeLeftMs;
      for (;;) {
        const full = await untilEnded(signal, take(pair, { key, requests, isWrite }));
        if (full === undefined) {
          return;
        }
        await waitFor(full, key, deadlineMs - clock.now(), signal);
      }
    },
    async pause(key, pauseMs) {
      const seconds = Math.ceil(Math.min(Math.max(pauseMs, 1), longestPauseMs) / 1000);
      await pair.requests.block(key, seconds);
    },
    close,
  };
}

/** The two counts that Graph keeps for an app in a tenant. */
interface LimiterPair {
  readonly writes: RateLimiterAbstract;
  readonly requests: RateLimiterAbstract;
}

/** What is asked of them. */
interface Cost {
  readonly key: string;
  readonly requests: number;
  readonly isWrite: boolean;
}

/** Where there was no room: which count was full, and for how long, in milliseconds. */
interface Full {
  readonly count: keyof LimiterPair;
  readonly msBeforeNext: number;
}

/** Counts a send, or nothing of it where one of the counts is full. */
async function take(pair: LimiterPair, cost: Cost): Promise<Full | undefined> {
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

/** Takes from both counts without a promise, if both are kept here. */
function tryTakeOf({ requests: all, writes }: LimiterPair): GraphBudget['tryAcquire'] {
  if (!(all instanceof MemoryLimiter && writes instanceof MemoryLimiter)) {
    return () => false;
  }
  return (key, requests, isWrite) => {
    if (!all.tryConsume(key, requests)) {
      return false;
    }
    if (isWrite && !writes.tryConsume(key, 1)) {
      all.giveBack(key, requests);
      return false;
    }
    return true;
  };
}

/** Undefined if there was room, otherwise the milliseconds until there is. A rejected claim is not counted. */
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

/** All that decides the wait of a claim. */
interface WaitQuestion {
  /** Until the window that has no room any more, or the pause, ends. */
  readonly msBeforeNext: number;
  /** How much is waiting here for the same already, and how much a window takes. */
  readonly waiting: number;
  readonly limit: number;
  readonly windowMs: number;
  readonly timeLeftMs: number;
}

type WaitDecision =
  | { readonly kind: 'wait'; readonly waitMs: number }
  | { readonly kind: 'tooLate'; readonly retryAfterMs: number };

/**
 * Decides how long a claim that found no room waits: to the end of the window, and a window longer for each that those
 * who wait already will fill. A claim that would come too late is rejected now, not after the wait.
 */
export function decideWait(question: WaitQuestion): WaitDecision {
  const { msBeforeNext, waiting, limit, windowMs, timeLeftMs } = question;
  const waitMs = Math.max(1, msBeforeNext) + Math.floor(waiting / limit) * windowMs;
  return waitMs < timeLeftMs ? { kind: 'wait', waitMs } : { kind: 'tooLate', retryAfterMs: waitMs };
}

interface GraphBudgetOptions extends BudgetLimits {
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
