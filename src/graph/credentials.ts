import { isJsonObject, parseJson } from '../shared/json.ts';
import type { Secret } from '../shared/secret.ts';
import { GraphCredentialError } from './errors.ts';
import type { GraphCall } from './request.ts';

/** Which token is wanted. */
interface TokenWish {
  /** One that was not used before, because Graph rejected the last one. */
  readonly withFreshToken: boolean;
}

/** Where the token for a call of Graph comes from. */
export interface Credentials {
  /** Whether tokens come from a cache of the gateway's own, so that a rejected one can be replaced. */
  readonly hasOwnTokens: boolean;
  /** Gives the token, at once if it is known. @throws GraphCredentialError if there is none. */
  tokenFor(call: GraphCall, wish: TokenWish): Secret | Promise<Secret>;
}

/** Hands the caller's own token on. Graph's tokens are opaque to everyone else, so Graph alone judges it. */
export const passthroughCredentials: Credentials = {
  hasOwnTokens: false,
  tokenFor(call) {
    if (call.callerToken === undefined) {
      throw new GraphCredentialError(
        'unauthenticated',
        'Send a token for Microsoft Graph in the header "Authorization: Bearer …".',
      );
    }
    return call.callerToken;
  },
};

/** What an access token says of itself. Nothing of it is verified. */
export interface TokenClaims {
  readonly tenantId: string | undefined;
  readonly clientId: string | undefined;
  /** The object's id, or the token's own subject if there is none. */
  readonly subject: string | undefined;
  /** Delegated permissions; only a token for a user has them. */
  readonly scopes: readonly string[];
  /** Application permissions. */
  readonly roles: readonly string[];
  readonly expiresAtMs: number | undefined;
}

/** Reads the claims of a token of Entra's; undefined for a token that is none, as every token may be. */
export function readTokenClaims(token: string): TokenClaims | undefined {
  const parts = token.split('.');
  const payload = parts.length === 3 ? (parts[1] ?? '') : '';
  const claims = parseJson(Buffer.from(payload, 'base64url').toString('utf8'));
  if (!isJsonObject(claims)) {
    return undefined;
  }
  const { exp, roles, scp } = claims;
  return {
    tenantId: textOf(claims['tid']),
    clientId: textOf(claims['azp']) ?? textOf(claims['appid']),
    subject: textOf(claims['oid']) ?? textOf(claims['sub']),
    scopes: (textOf(scp) ?? '').split(' ').filter((scope) => scope !== ''),
    roles: Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [],
    expiresAtMs: typeof exp === 'number' && Math.abs(exp) < 1e11 ? exp * 1000 : undefined,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
