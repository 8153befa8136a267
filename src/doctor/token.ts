import type { IdentityConfig } from '../config/identity.ts';
import type { Surroundings } from '../dependencies.ts';
import { embeddedGraphToken } from '../embeddedGraphToken.ts';
import { readTokenClaims, type TokenClaims } from '../graph/tokenClaims.ts';
import { IdentityError } from '../identity/errors.ts';
import { startIdentity } from '../identity/startIdentity.ts';
import { readCompactToken } from '../identity/token/compactToken.ts';
import { inboundOptions } from '../identityMode.ts';
import type { Secret } from '../shared/secret.ts';
import { type ProbeParts, withinTimeout } from './probes/probeParts.ts';

/** What a token that callers send turned out to be. */
export type TokenFacts =
  /** One for the embedded Graph, which takes a single one. */
  | { readonly kind: 'embedded'; readonly isTaken: boolean }
  /** One for Graph, as it says itself: nothing of it is proven. */
  | {
      readonly kind: 'claims';
      readonly claims: TokenClaims;
      readonly audience: string | undefined;
      readonly notBeforeMs: number | undefined;
    }
  /** Nothing that others than its issuer can read. */
  | { readonly kind: 'opaque' }
  /** One for the gateway, which takes it from this caller. */
  | {
      readonly kind: 'taken';
      readonly isUser: boolean;
      readonly permissions: readonly string[];
      readonly expiresAtMs: number;
    }
  /** The gateway does not take it, and says why. */
  | { readonly kind: 'refused'; readonly message: string };

/** Compares a token with the one of the embedded Graph. */
export function readEmbeddedToken(token: Secret): TokenFacts {
  return { kind: 'embedded', isTaken: token.reveal() === embeddedGraphToken };
}

/** Reads a token for Graph without proving anything, as the mode passthrough does. */
export function readGraphToken(token: Secret): TokenFacts {
  const claims = readTokenClaims(token.reveal());
  if (claims === undefined) {
    return { kind: 'opaque' };
  }
  const { aud, nbf } = payloadOf(token);
  return {
    kind: 'claims',
    claims,
    audience: typeof aud === 'string' ? aud : undefined,
    notBeforeMs: typeof nbf === 'number' ? nbf * 1000 : undefined,
  };
}

function payloadOf(token: Secret): Readonly<Record<string, unknown>> {
  try {
    return readCompactToken(token.reveal()).payload;
  } catch {
    return {};
  }
}

/** Shows a token to the gateway's own judgement of callers, with the authority's keys as they are now. */
export async function probeCallerToken(
  token: Secret,
  { inbound, mode }: Exclude<IdentityConfig, { readonly mode: 'passthrough' }>,
  surroundings: Surroundings,
  parts: ProbeParts,
): Promise<TokenFacts> {
  const identity = startIdentity({
    ...inboundOptions(inbound, mode),
    ...surroundings,
    proxies: parts.proxies,
    keyTimeoutMs: parts.timeoutMs,
  });
  try {
    const caller = await withinTimeout(parts, (signal) => identity.identify(token, signal));
    const isUser = caller.kind === 'user';
    const permissions = caller.kind === 'user' ? caller.scopes : caller.roles;
    return { kind: 'taken', isUser, permissions, expiresAtMs: caller.expiresAtMs };
  } catch (error) {
    const message =
      error instanceof IdentityError
        ? error.message
        : 'Whether it is taken could not be found out in time.';
    return { kind: 'refused', message };
  } finally {
    await identity.close();
  }
}
