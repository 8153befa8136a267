import type { AcquiredToken } from './token.ts';

/** For how long a token is given out, and when a new one is got beside it; both from when it was asked for. */
export interface TokenLife {
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
