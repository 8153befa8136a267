import { LRUCache } from 'lru-cache';
import { GraphError, isGraphError, untilEnded } from '../../graph/errors.ts';
import { atMost, type Secret } from '../../shared/secret.ts';
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

/** Keeps tokens by the one that was exchanged for them. For one key there is one acquisition at a time, and failures are not remembered. */
export function createTokenCache(options: TokenCacheOptions) {
  const { maximumTokens, refreshesAhead, acquire, clock, measurements } = options;
  const entries = new LRUCache<string, Entry>(atMost(maximumTokens));
  const flights = new Map<string, Promise<Secret>>();
  /** What each operation was given last, to tell a rejected token from one that came since. */
  const given = new WeakMap<TokenOrder['call'], Secret>();

  function renew(key: string, order: TokenOrder): Promise<Secret> {
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

  function noteFailure(key: string, error: unknown): void {
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

  function find(key: string, order: TokenOrder): Secret | Promise<Secret> {
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
    async tokenFor(order: TokenOrder, withFreshToken: boolean): Promise<Secret> {
      // Never by the `oid` in the caller's token: two tokens of one person can differ in what they permit, and a claim can
      // be forged where a digest cannot.
      const key = order.assertion?.digest() ?? '';
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
