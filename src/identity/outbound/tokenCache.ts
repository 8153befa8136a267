import { LRUCache } from 'lru-cache';
import { GraphError, isGraphError, untilEnded } from '../../graph/errors.ts';
import { atMost, digestOf, type Secret } from '../../shared/secret.ts';
import type { AcquiredToken, OutboundParts, TokenOrder } from './token.ts';

/** What is known under a key: a token, or that its issuer asked to be left alone. */
type Entry =
  | { readonly kind: 'token'; readonly token: Secret; staleAtMs: number; refreshAtMs: number }
  | { readonly kind: 'held'; readonly message: string; readonly untilMs: number };

const pauseAfterFailureMs = 30_000;
const maximumHoldMs = 5 * 60 * 1000;

interface TokenCacheOptions extends Pick<OutboundParts, 'clock' | 'measurements'> {
  readonly maximumTokens: number;
  /** Whether a token that nears its end is renewed while it is still given out. */
  readonly refreshesAhead: boolean;
  readonly acquire: (order: TokenOrder) => Promise<AcquiredToken>;
}

/** Keeps tokens by whose they are. For one key there is one acquisition at a time, and failures are not remembered. */
export function createTokenCache(options: TokenCacheOptions) {
  const { maximumTokens, refreshesAhead, acquire, clock, measurements } = options;
  const entries = new LRUCache<IdentityKey, Entry>(atMost(maximumTokens));
  const flights = new Map<IdentityKey, Promise<Secret>>();
  /** What each operation was given last, to tell a rejected token from one that came since. */
  const given = new WeakMap<TokenOrder['call'], Secret>();

  function renew(key: IdentityKey, order: TokenOrder): Promise<Secret> {
    const startedAtMs = clock.now();
    const keep = ({ token, usableForMs, refreshAfterMs }: AcquiredToken): Secret => {
      const staleAtMs = startedAtMs + usableForMs;
      const refreshAtMs = refreshesAhead ? startedAtMs + refreshAfterMs : staleAtMs;
      entries.set(key, { kind: 'token', token, staleAtMs, refreshAtMs });
      return token;
    };
    const flight = acquire(order)
      .then(keep, (error: unknown) => {
        noteFailure(key, error);
        throw error;
      })
      .finally(() => flights.delete(key));
    flights.set(key, flight);
    return flight;
  }

  function noteFailure(key: IdentityKey, error: unknown): void {
    const nowMs = clock.now();
    const isThrottled = isGraphError(error) && error.code === 'throttled';
    const askedMs = isThrottled ? (error.details.retryAfterMs ?? 0) : 0;
    const entry = entries.get(key);
    if (entry?.kind === 'token' && nowMs < entry.staleAtMs) {
      entry.refreshAtMs = nowMs + Math.max(pauseAfterFailureMs, askedMs);
    } else if (isThrottled) {
      const untilMs = nowMs + Math.min(askedMs, maximumHoldMs);
      entries.set(key, { kind: 'held', message: error.message, untilMs });
    }
  }

  function find(key: IdentityKey, order: TokenOrder): Secret | Promise<Secret> {
    const entry = entries.get(key);
    const nowMs = clock.now();
    const flight = flights.get(key);
    if (entry?.kind === 'held' && nowMs < entry.untilMs) {
      const retryAfterMs = entry.untilMs - nowMs;
      throw new GraphError('throttled', entry.message, { retryAfterMs });
    }
    if (entry?.kind !== 'token' || nowMs >= entry.staleAtMs) {
      measurements.tokenLookedUp(flight ? 'joined' : 'miss');
      return untilEnded(order.call.signal, flight ?? renew(key, order));
    }
    measurements.tokenLookedUp('hit');
    if (nowMs >= entry.refreshAtMs && flight === undefined) {
      renew(key, order).catch(() => undefined);
    }
    return entry.token;
  }

  return {
    /** @throws GraphError as soon as the call is over; the acquisition goes on for others. */
    async tokenFor(key: IdentityKey, order: TokenOrder, withFreshToken: boolean): Promise<Secret> {
      const entry = withFreshToken ? entries.get(key) : undefined;
      // Of many calls that were rejected with one token, only the first may drop what is there.
      if (entry?.kind === 'token' && (given.get(order.call) ?? entry.token) === entry.token) {
        entries.delete(key);
      }
      const token = await find(key, order);
      given.set(order.call, token);
      return token;
    },
    /** Ends the reading of its size; what is kept can still be found. */
    close: measurements.watchTokenCache(() => entries.size),
  };
}

declare const made: unique symbol;

/** Whose something is. Whatever is shared between calls is shared under such a key, which only this file makes. */
type IdentityKey = string & { readonly [made]: 'IdentityKey' };

/** All that must be equal before two calls may share a token. */
interface Identity {
  readonly cloud: string;
  readonly tenant: string;
  readonly client: string;
  readonly mode: string;
  readonly scopes: readonly string[];
  /**
   * The very token that a caller showed; undefined for what the gateway does in its own name. Never the `oid` in it: two
   * tokens of one person can differ in what they permit, and a claim can be forged where a digest cannot.
   */
  readonly assertion: Secret | undefined;
  /** The claims that a token was asked to meet, as JSON text; empty if none were. */
  readonly claims: string;
}

/** Makes the key. It is a digest, so nothing of the identity can be read from it. */
export function identityKeyOf(identity: Identity): IdentityKey {
  const { cloud, tenant, client, mode, scopes, assertion, claims } = identity;
  const parts = [cloud, tenant, client, mode, scopes, assertion?.digest() ?? '', claims];
  return digestOf(JSON.stringify(parts)) as IdentityKey;
}
