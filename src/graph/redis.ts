import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { EndSignal } from '../shared/abort.ts';
import type { Clock } from '../shared/clock.ts';
import { errnoCodeOf } from '../shared/errnoCode.ts';
import type { Secret } from '../shared/secret.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import { sleep } from './errors.ts';

/** Every request to Graph asks for the budget, so it waits for no Redis that hangs. */
export const forBudget = {
  /** How long a Redis that hangs can hold up those who have asked it; then the connection is given up. */
  answerTimeoutMs: 200,
  /** For the log: what replicas do while Redis is away and while it is there. */
  away: 'each replica keeps to its share of the budget',
  there: 'all replicas share the budget',
};

/** A change can wait a little longer: an answer that is late only because this process was busy must not be lost. */
export const forLocks = {
  answerTimeoutMs: 1_000,
  away: 'each replica locks its own changes only, and rejects mutations with an idempotencyKey',
  there: 'all replicas share the locks and the outcomes of idempotency keys',
};

interface RedisOptions extends Readonly<typeof forBudget> {
  readonly log: Log;
}

const connectTimeoutMs = 1_000;
const longestReconnectMs = 1_000;

/** Connects in the background, with retries. No command waits for it: one that it cannot answer now is rejected now. */
export async function connectRedis(
  url: Secret,
  { answerTimeoutMs, away, there, log }: RedisOptions,
): Promise<Redis> {
  // Loaded only here: most gateways run without Redis.
  const { Redis } = await import('ioredis');
  const client = new Redis(url.reveal(), {
    commandTimeout: answerTimeoutMs,
    socketTimeout: answerTimeoutMs,
    connectTimeout: connectTimeoutMs,
    // A Redis that hangs does not answer the goodbye either, and there is no new connection before the old one is gone.
    disconnectTimeout: 50,
    retryStrategy: (attempt) => Math.min(100 * attempt, longestReconnectMs),
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
  });
  let isAway = false;
  const onAway = (error?: unknown): void => {
    if (!isAway) {
      isAway = true;
      const reason = errnoCodeOf(error) ?? 'closed';
      log.warn(`Redis is away: ${away}`, { reason });
    }
  };
  client.on('error', onAway);
  client.on('close', onAway);
  client.on('ready', () => {
    isAway = false;
    log.info(`Redis is there: ${there}`);
  });
  return client;
}

/** A text that one holder of a lease hands to the next. */
interface Handed {
  readonly text: string;
  /** For how long it is kept from now on. */
  readonly leftMs: number;
}

/** A lock that all replicas share. A holder that dies loses it after `leaseMs`. */
export interface Lease {
  readonly handed: Handed | undefined;
  /** Makes it last as long again; false if it is lost, so that another replica may hold it. */
  renew(): Promise<boolean>;
  /** Gives it back together with a text; without one, whatever was handed on before stays. */
  release(handed?: Handed): Promise<void>;
}

export interface Leases {
  /**
   * Waits until no other replica holds the lease. Undefined if Redis cannot be asked: the caller's own lock has to do.
   * @throws GraphDeadlineError when the signal fires before.
   */
  acquire(key: string, signal: EndSignal): Promise<Lease | undefined>;
}

interface LeaseParts {
  readonly redis: Redis;
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
  readonly measurements: Pick<Measurements, 'lockedAlone'>;
}

/** One that waits asks again after 25 to 75 ms: between two requests of Graph there is more. */
const pollMs = { least: 25, spread: 50 };
/** So often at most the log says that replicas do not see each other's locks. */
const silentMs = 60_000;
/** Beyond that, leases that could not be given back end by themselves. */
const maximumUnreleased = 1_000;

const take = `
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return { redis.call('GET', KEYS[2]) or '', redis.call('PTTL', KEYS[2]) }
end
return false`;
const renewal = `
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0`;
const giveBack = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[2] ~= '' then
  redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
end
return redis.call('DEL', KEYS[1])`;

/**
 * Makes leases in Redis: a key with a random owner and an end, and beside it the text that is handed on. A lease has to
 * last longer than any operation.
 */
export function createLeases({ leaseMs }: { readonly leaseMs: number }, parts: LeaseParts): Leases {
  const { redis, clock, log, chance, measurements } = parts;
  let silentUntilMs = Number.NEGATIVE_INFINITY;

  function noteAway(error: unknown): void {
    measurements.lockedAlone();
    if (clock.now() >= silentUntilMs) {
      silentUntilMs = clock.now() + silentMs;
      const reason = errnoCodeOf(error) ?? 'unavailable';
      log.warn('Redis is unavailable: changes are locked within this replica only', { reason });
    }
  }

  /** Leases that could not be ended in Redis; they are ended once it is reachable again. */
  const unreleased = new Map<string, readonly [string, string]>();
  redis.on('ready', () => {
    const all = [...unreleased];
    unreleased.clear();
    for (const [owner, keys] of all) {
      redis.eval(giveBack, 2, ...keys, owner, '', 1).catch(() => undefined);
    }
  });

  async function release(
    keys: readonly [string, string],
    owner: string,
    { text, leftMs }: Handed = { text: '', leftMs: 1 },
  ): Promise<void> {
    try {
      await redis.eval(giveBack, 2, ...keys, owner, text, Math.max(1, leftMs));
    } catch {
      if (unreleased.size < maximumUnreleased) {
        unreleased.set(owner, keys);
      }
    }
  }

  return {
    async acquire(key, signal) {
      // The braces keep both on one node of a cluster.
      const keys = [`partner-lock:{${key}}`, `partner-handed:{${key}}`] as const;
      const owner = randomUUID();
      let taken: unknown;
      for (;;) {
        try {
          taken = await redis.eval(take, 2, ...keys, owner, leaseMs);
        } catch (error) {
          noteAway(error);
          // It may have been taken, and only the answer is lost.
          void release(keys, owner);
          return undefined;
        }
        if (Array.isArray(taken)) {
          break;
        }
        await sleep(clock, pollMs.least + chance() * pollMs.spread, signal);
      }
      const [text, leftMs]: readonly unknown[] = taken;
      const isHanded = typeof text === 'string' && text !== '' && typeof leftMs === 'number';
      let endsMs = clock.now() + leaseMs;
      return {
        handed: isHanded ? { text, leftMs } : undefined,
        async renew() {
          const askedMs = clock.now();
          try {
            const isHeld = (await redis.eval(renewal, 2, ...keys, owner, leaseMs)) === 1;
            endsMs = isHeld ? askedMs + leaseMs : Number.NEGATIVE_INFINITY;
          } catch (error) {
            noteAway(error);
          }
          return clock.now() < endsMs;
        },
        release: (next) => release(keys, owner, next),
      };
    },
  };
}
