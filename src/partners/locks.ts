import { LRUCache } from 'lru-cache';
import type { TenantKeys } from '../graph/credentials.ts';
import { GraphError, untilEnded } from '../graph/errors.ts';
import type { GraphCall } from '../graph/request.ts';
import type { Clock } from '../shared/clock.ts';
import { digestOf } from '../shared/secret.ts';
import { type HandOver, lagMs, readHandOver, writeHandOver } from './handOver.ts';
import type { Leases } from './leases.ts';

/** The time in which no other change to the same partner runs. */
interface PartnerTurn {
  /** What the last change wrote, which a read may not show yet. */
  readonly handOver: HandOver;
  /**
   * Checks just before a write that no other replica may have begun.
   * @throws GraphError if one may have; nothing may be sent then.
   */
  confirm(): Promise<void>;
  /** Sets what the next change gets, at the latest when this one ends. */
  handOn(handOver: HandOver): void;
}

/** A change that begins with a read, if it needs one. */
interface PartnerChange<Found, Result> {
  readonly id: string;
  readonly call: GraphCall;
  /** `isUnproven`: only if Graph accepts this read, the change can wait for others of the tenant that it names. */
  readonly read: (isUnproven: boolean) => Promise<Found>;
  readonly change: (turn: PartnerTurn, found: Found) => Promise<Result>;
}

/** Keeps changes to one partner of one tenant apart: each begins when the one before it has ended. */
export type PartnerLocks = ReturnType<typeof createPartnerLocks>;

interface PartnerLockParts {
  readonly tenantKeys: Pick<TenantKeys, 'tenantOf'>;
  readonly clock: Clock;
  /** Undefined if there is no Redis through which replicas share locks. */
  readonly leases: Leases | undefined;
}

/** What is handed on in this replica: so many partners, so many characters. */
const maximumHandOvers = 1_000;
const maximumCharacters = 16 * 1024 * 1024;

/** Makes the locks of this replica. A lock is gone when the last change behind it has ended. */
export function createPartnerLocks({ tenantKeys, clock, leases }: PartnerLockParts) {
  const tails = new Map<string, Promise<void>>();
  const handOvers = new LRUCache<string, { readonly handOver: HandOver; readonly untilMs: number }>(
    {
      max: maximumHandOvers,
      maxSize: maximumCharacters,
    },
  );

  function keptFor(key: string): HandOver {
    const kept = handOvers.peek(key);
    return kept !== undefined && kept.untilMs > clock.now() ? kept.handOver : {};
  }

  /** What hands nothing on takes no room from what does. */
  function keep(key: string, handOver: HandOver, characters: number): void {
    if (Object.keys(handOver).length === 0) {
      handOvers.delete(key);
    } else {
      handOvers.set(key, { handOver, untilMs: clock.now() + lagMs }, { size: characters });
    }
  }

  /** Runs a change in its turn: when everything before it in this replica has ended, and with a lease among all. */
  async function takeTurn<Result>(
    key: string,
    { signal }: GraphCall,
    work: (turn: PartnerTurn) => Promise<Result>,
  ): Promise<Result> {
    const before = tails.get(key) ?? Promise.resolve();
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    // One that gives up does not let the next one in before those in front of it have ended.
    const tail = before.then(() => ended);
    tails.set(key, tail);
    try {
      await untilEnded(signal, before);
      return await workWithLease(key, signal, work);
    } finally {
      end();
      if (tails.get(key) === tail) {
        tails.delete(key);
      }
    }
  }

  async function workWithLease<Result>(
    key: string,
    signal: GraphCall['signal'],
    work: (turn: PartnerTurn) => Promise<Result>,
  ): Promise<Result> {
    const lease = await leases?.acquire(key, signal);
    const handed = lease?.handed;
    let next: HandOver | undefined;
    try {
      return await work({
        // What another replica handed on, or this one if Redis has nothing.
        handOver: handed
          ? readHandOver(handed.text, lagMs - handed.leftMs, clock.now())
          : keptFor(key),
        async confirm() {
          if (lease !== undefined && !(await lease.renew())) {
            throw new GraphError('unavailable', lostTurn);
          }
        },
        handOn: (given) => {
          next = given;
        },
      });
    } finally {
      const text = next && writeHandOver(next, clock.now());
      if (next && text) {
        keep(key, next, text.length);
      }
      await lease?.release(text ? { text, leftMs: lagMs } : undefined);
    }
  }

  return {
    /**
     * Reads and changes when its turn comes. What a token says of its tenant counts only once Graph has accepted that
     * token. Until then the change waits for others with the same token only; if its read is accepted, it joins those of
     * the tenant and reads again.
     * @throws GraphError if its time is up before.
     */
    async run<Found, Result>(wanted: PartnerChange<Found, Result>): Promise<Result> {
      const { id, call, read, change } = wanted;
      const tenantKey = (): string | undefined => {
        const tenant = tenantKeys.tenantOf(call);
        return tenant?.isProven ? keyOf('tenant', tenant.id, id) : undefined;
      };
      const tokenKey = (): string => keyOf('token', call.callerToken?.digest() ?? '', id);
      if (tenantKey() === undefined) {
        const outcome = await takeTurn(tokenKey(), call, async (turn) => {
          if (tenantKey() !== undefined) {
            return undefined;
          }
          const found = await read(tenantKeys.tenantOf(call) !== undefined);
          return tenantKey() === undefined ? { result: await change(turn, found) } : undefined;
        });
        if (outcome !== undefined) {
          return outcome.result;
        }
      }
      const key = tenantKey() ?? tokenKey();
      return takeTurn(key, call, async (turn) => change(turn, await read(false)));
    },
  };
}

const lostTurn =
  'The change lost its place among changes to this partner, so nothing was sent. Try again.';

/** A digest, because an id can be long. Ids are UUIDs to Graph, which takes them in any case. */
function keyOf(kind: 'tenant' | 'token', scope: string, id: string): string {
  return digestOf(JSON.stringify([kind, scope, id.toLowerCase()]));
}
