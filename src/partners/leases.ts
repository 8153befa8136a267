import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { sleep } from '../graph/errors.ts';
import type { Clock, EndSignal } from '../shared/clock.ts';
import { errnoCodeOf } from '../shared/forms.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';

/** A text that one holder of a lease hands to the next. */
interface Handed {
  readonly text: string;
  /** For how long it is kept from now on. */
  readonly leftMs: number;
}

/** Locks that all replicas share. A holder that dies loses its lease after `leaseMs`. */
export type Leases = ReturnType<typeof createLeases>;

interface LeaseParts extends RedisParts {
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'lockedAlone'>;
}

/** So often at most the log says that replicas do not see each other's locks. */
const silentMs = 60_000;

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
 * Makes leases in Redis: a key with a random owner and an end, and beside it the text that is handed on. `leaseMs` is
 * longer than any operation lasts.
 */
export function createLeases({ leaseMs }: { readonly leaseMs: number }, parts: LeaseParts) {
  const { redis, clock, log, measurements } = parts;
  const { poll, tell } = createRedisHolds(parts);
  let silentUntilMs = Number.NEGATIVE_INFINITY;

  function noteAway(error: unknown): void {
    measurements.lockedAlone();
    if (clock.now() >= silentUntilMs) {
      silentUntilMs = clock.now() + silentMs;
      const reason = errnoCodeOf(error) ?? 'unavailable';
      log.warn('Redis is unavailable: changes are locked within this replica only', { reason });
    }
  }

  return {
    /**
     * Waits until no other replica holds the lease. Undefined if Redis cannot be asked: the caller's own lock has to do.
     * @throws GraphError when the signal fires before.
     */
    async acquire(key: string, signal: EndSignal) {
      // The braces keep both on one node of a cluster.
      const keys = [`partner-lock:{${key}}`, `partner-handed:{${key}}`] as const;
      const owner = randomUUID();
      const run = (script: string, ...args: (string | number)[]): Promise<unknown> =>
        redis.eval(script, 2, ...keys, owner, ...args);
      /** Gives it back together with a text; without one, whatever was handed on before stays. */
      const release = ({ text, leftMs }: Handed = { text: '', leftMs: 1 }): Promise<void> =>
        tell(
          owner,
          () => run(giveBack, text, Math.max(1, leftMs)),
          () => run(giveBack, '', 1),
        );
      const taken = await poll(async () => {
        try {
          const answer = await run(take, leaseMs);
          return Array.isArray(answer) ? answer : undefined;
        } catch (error) {
          noteAway(error);
          // It may have been taken, and only the answer is lost.
          void release();
          return 'away';
        }
      }, signal);
      if (taken === 'away') {
        return undefined;
      }
      let endsMs = clock.now() + leaseMs;
      return {
        handed: handedOf(taken),
        /** Makes it last as long again; false if it is lost, so that another replica may hold it. */
        async renew(): Promise<boolean> {
          const askedMs = clock.now();
          try {
            const isHeld = (await run(renewal, leaseMs)) === 1;
            endsMs = isHeld ? askedMs + leaseMs : Number.NEGATIVE_INFINITY;
          } catch (error) {
            noteAway(error);
          }
          return clock.now() < endsMs;
        },
        release,
      };
    },
  };
}

function handedOf([text, leftMs]: readonly unknown[]): Handed | undefined {
  return typeof text === 'string' && text !== '' && typeof leftMs === 'number'
    ? { text, leftMs }
    : undefined;
}

/** What locks and outcomes in Redis are built over. */
export interface RedisParts {
  readonly redis: Redis;
  readonly clock: Clock;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
}

type Tell = () => Promise<unknown>;

/** One that waits retries after 25 to 75 ms: between two requests of Graph there is more. */
const pollMs = { least: 25, spread: 50 };
/** Beyond that, holds of which Redis could not be told end with their leases. */
const maximumUntold = 1_000;

/** How a replica comes to hold something in Redis, and how it ends that. */
export function createRedisHolds({ redis, clock, chance }: RedisParts) {
  const untold = new Map<string, Tell>();
  redis.on('ready', () => {
    const all = [...untold.values()];
    untold.clear();
    for (const tellNow of all) {
      tellNow().catch(() => undefined);
    }
  });
  return {
    /** Asks until there is an answer: undefined means that another replica holds it. */
    async poll<Answer>(ask: () => Promise<Answer | undefined>, signal: EndSignal): Promise<Answer> {
      for (;;) {
        const answer = await ask();
        if (answer !== undefined) {
          return answer;
        }
        await sleep(clock, pollMs.least + chance() * pollMs.spread, signal);
      }
    },
    /** Tells Redis that a hold has ended. If it is unreachable, `later` tells it once it is there again. */
    async tell(owner: string, now: Tell, later = now): Promise<void> {
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
