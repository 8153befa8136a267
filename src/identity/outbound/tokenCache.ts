import { LRUCache } from 'lru-cache';
import { GraphCredentialError, isGraphError, untilEnded } from '../../graph/errors.ts';
import type { GraphCall } from '../../graph/request.ts';
import { atMost } from '../../shared/atMost.ts';
import type { Clock } from '../../shared/clock.ts';
import { digestOf, type Secret } from '../../shared/secret.ts';
import type { AcquiredToken } from './token.ts';

/** How a token was found: there, not there, or being requested for another caller with the same key. */
export type TokenLookup = 'hit' | 'miss' | 'joined';

export interface TokenCacheParts {
  readonly clock: Clock;
  readonly onLookup?: ((lookup: TokenLookup) => void) | undefined;
  /** Is given a way to read how many tokens are kept; the result ends the reading. */
  readonly watchSize?: ((readSize: () => number) => () => void) | undefined;
}

interface TokenCacheOptions {
  readonly maximumTokens: number;
  /** Whether a token that nears its end is renewed while it is still given out. */
  readonly refreshesAhead: boolean;
}

/** What is asked of the cache. */
interface TokenWant {
  readonly key: IdentityKey;
  readonly call: GraphCall;
  readonly withFreshToken: boolean;
  readonly acquire: () => Promise<AcquiredToken>;
}

/** What is known under a key: a token, or that its issuer asked to be left alone. */
type Entry =
  | { readonly kind: 'token'; readonly token: Secret; staleAtMs: number; refreshAtMs: number }
  | { readonly kind: 'held'; readonly message: string; readonly untilMs: number };

const pauseAfterFailureMs = 30_000;
const maximumHoldMs = 5 * 60 * 1000;

/** Tokens by whose they are. For one key there is one acquisition at a time, and failures are not remembered. */
export class TokenCache {
  readonly #options: TokenCacheOptions;
  readonly #parts: TokenCacheParts;
  readonly #entries: LRUCache<IdentityKey, Entry>;
  readonly #flights = new Map<IdentityKey, Promise<Secret>>();
  /** What each operation was given last, to tell a rejected token from one that came since. */
  readonly #given = new WeakMap<GraphCall, Secret>();
  readonly #stopWatching: (() => void) | undefined;

  constructor(options: TokenCacheOptions, parts: TokenCacheParts) {
    this.#options = options;
    this.#parts = parts;
    this.#entries = new LRUCache(atMost(options.maximumTokens));
    this.#stopWatching = parts.watchSize?.(() => this.size);
  }

  /** Ends the reading of its size; what is kept can still be found. */
  close(): void {
    this.#stopWatching?.();
  }

  /** How many keys something is known under. */
  get size(): number {
    return this.#entries.size;
  }

  /** @throws GraphDeadlineError as soon as the call is over; the acquisition goes on for others. */
  async tokenFor(want: TokenWant): Promise<Secret> {
    const { key, call, withFreshToken } = want;
    if (withFreshToken) {
      this.#dropRefused(key, call);
    }
    const token = this.#cached(want) ?? (await untilEnded(call.signal, this.#joinOrStart(want)));
    this.#given.set(call, token);
    return token;
  }

  /** Of many calls that were rejected with one token, only the first may drop what is there. */
  #dropRefused(key: IdentityKey, call: GraphCall): void {
    const entry = this.#entries.get(key);
    const given = this.#given.get(call);
    if (entry?.kind === 'token' && (given === undefined || given === entry.token)) {
      this.#entries.delete(key);
    }
  }

  #cached(want: TokenWant): Secret | undefined {
    const entry = this.#entries.get(want.key);
    const nowMs = this.#parts.clock.now();
    if (entry?.kind === 'held' && nowMs < entry.untilMs) {
      const retryAfterMs = entry.untilMs - nowMs;
      throw new GraphCredentialError('throttled', entry.message, { retryAfterMs });
    }
    if (entry?.kind !== 'token' || nowMs >= entry.staleAtMs) {
      return undefined;
    }
    this.#parts.onLookup?.('hit');
    if (nowMs >= entry.refreshAtMs && !this.#flights.has(want.key)) {
      this.#start(want).catch(() => undefined);
    }
    return entry.token;
  }

  #joinOrStart(want: TokenWant): Promise<Secret> {
    const flight = this.#flights.get(want.key);
    this.#parts.onLookup?.(flight === undefined ? 'miss' : 'joined');
    return flight ?? this.#start(want);
  }

  #start({ key, acquire }: TokenWant): Promise<Secret> {
    const startedAtMs = this.#parts.clock.now();
    const flight = acquire()
      .then(
        (acquired) => this.#keep(key, acquired, startedAtMs),
        (error: unknown) => {
          this.#noteFailure(key, error);
          throw error;
        },
      )
      .finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }

  #keep(key: IdentityKey, acquired: AcquiredToken, startedAtMs: number): Secret {
    const { usableForMs, refreshAfterMs } = tokenLifeOf(acquired);
    const { refreshesAhead } = this.#options;
    this.#entries.set(key, {
      kind: 'token',
      token: acquired.token,
      staleAtMs: startedAtMs + usableForMs,
      refreshAtMs: refreshesAhead ? startedAtMs + refreshAfterMs : Number.POSITIVE_INFINITY,
    });
    return acquired.token;
  }

  #noteFailure(key: IdentityKey, error: unknown): void {
    const nowMs = this.#parts.clock.now();
    const isThrottled = isGraphError(error) && error.code === 'throttled';
    const askedMs = isThrottled ? (error.details.retryAfterMs ?? 0) : 0;
    const entry = this.#entries.get(key);
    if (entry?.kind === 'token' && nowMs < entry.staleAtMs) {
      entry.refreshAtMs = nowMs + Math.max(pauseAfterFailureMs, askedMs);
    } else if (isThrottled) {
      const untilMs = nowMs + Math.min(askedMs, maximumHoldMs);
      this.#entries.set(key, { kind: 'held', message: error.message, untilMs });
    }
  }
}

/** For how long a token is given out, and when a new one is got beside it; both from when it was asked for. */
interface TokenLife {
  readonly usableForMs: number;
  readonly refreshAfterMs: number;
}

const marginMs = 5 * 60 * 1000;

/**
 * Keeps a distance from the end, since a token travels and clocks differ: five minutes, or a quarter of a life that is
 * shorter than twenty. Where the issuer does not say when to renew, three quarters of what is left are used up first.
 */
export function tokenLifeOf({ expiresInMs, refreshInMs }: Omit<AcquiredToken, 'token'>): TokenLife {
  const usableForMs = Math.max(0, expiresInMs - Math.min(marginMs, expiresInMs / 4));
  const isSensible = refreshInMs !== undefined && refreshInMs > 0 && refreshInMs < usableForMs;
  return { usableForMs, refreshAfterMs: isSensible ? refreshInMs : (usableForMs * 3) / 4 };
}

declare const made: unique symbol;

/** Whose something is. Whatever is shared between calls is shared under such a key, which only this file makes. */
type IdentityKey = string & { readonly [made]: 'IdentityKey' };

/** A caller, by the digest of the very token that it showed. */
type Subject = string & { readonly [made]: 'Subject' };

/** All that must be equal before two calls may share a token. */
export interface Identity {
  readonly cloud: string;
  readonly tenant: string;
  readonly client: string;
  readonly mode: string;
  readonly scopes: readonly string[];
  readonly subject: Subject;
  /** The claims that a token was asked to meet, as JSON text; empty if none were. */
  readonly claims: string;
}

/** The subject of what the gateway does in its own name. */
export const ownSubject = digestOf('') as Subject;

/**
 * The subject behind a token or an assertion. Never the `oid` in it: two tokens of one person can differ in what they
 * permit, and a claim can be forged where a digest cannot.
 */
export function subjectOf(token: Secret): Subject {
  return token.digest() as Subject;
}

/** Makes the key. It is a digest, so nothing of the identity can be read from it. */
export function identityKeyOf(identity: Identity): IdentityKey {
  const { cloud, tenant, client, mode, scopes, subject, claims } = identity;
  const parts = [cloud, tenant, client, mode, scopes, subject, claims];
  return digestOf(JSON.stringify(parts)) as IdentityKey;
}
