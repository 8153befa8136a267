import { LRUCache } from 'lru-cache';
import { atMost } from '../../atMost.ts';
import { GraphCredentialError, isGraphError, untilEnded } from '../../graph/errors.ts';
import type { GraphCall } from '../../graph/request.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Secret } from '../../shared/secret.ts';
import type { IdentityKey } from './identityKey.ts';
import type { AcquiredToken } from './token.ts';
import { tokenLifeOf } from './tokenLife.ts';

/** How a token was found: there, not there, or just being got for somebody else with the same key. */
export type TokenLookup = 'hit' | 'miss' | 'joined';

export interface TokenCacheParts {
  readonly clock: Clock;
  readonly onLookup?: ((lookup: TokenLookup) => void) | undefined;
  /** Is given a way to read how many tokens are kept; the result ends the reading. */
  readonly watchSize?: ((readSize: () => number) => () => void) | undefined;
}

export interface TokenCacheOptions {
  readonly maximumTokens: number;
  /** Whether a token that nears its end is renewed while it is still given out. */
  readonly refreshesAhead: boolean;
}

/** What is asked of the cache. */
export interface TokenWant {
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
  /** What each operation was given last, to tell a refused token from one that came since. */
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

  /** Of many calls that were refused with one token, only the first may drop what is there. */
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
