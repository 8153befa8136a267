import type { Caller } from '../../src/identity/caller.ts';
import { createTokenRules, type TokenRuleSettings } from '../../src/identity/claims.ts';
import { IdentityError, type IdentityReason } from '../../src/identity/errors.ts';
import { type KeySet, readKeySet } from '../../src/identity/keySet.ts';
import { validateToken } from '../../src/identity/verifyToken.ts';
import { Secret } from '../../src/shared/secret.ts';
import { claimsOf, type Minter, type MintWish, mint } from '../support/authority/mint.ts';
import { contoso, fabrikam, gatewayClient } from '../support/authority/people.ts';
import { createAuthorityKey } from '../support/authority/signingKeys.ts';
import { signToken } from '../support/authority/signToken.ts';

/** When all tokens of these tests are minted and judged. */
export const nowMs = Date.UTC(2026, 1, 11, 8, 30, 5);
export const authorityUrl = 'https://login.example';
export const v1Issuer = 'https://sts.windows.net';

export const authorityKey = createAuthorityKey();
/** A key of the same kind that nobody publishes. */
export const strangersKey = createAuthorityKey();
/** Published too, but for one tenant only. */
export const fabrikamsKey = createAuthorityKey();

const published: Promise<KeySet> = readKeySet({
  keys: [
    { ...authorityKey.jwk, issuer: `${authorityUrl}/{tenantid}/v2.0` },
    { ...fabrikamsKey.jwk, issuer: `${authorityUrl}/${fabrikam.id}/v2.0` },
  ],
});

const defaults: TokenRuleSettings = {
  issuerRoots: { v1: v1Issuer, v2: authorityUrl },
  tenantIds: [contoso.id, fabrikam.id.toUpperCase()],
  audiences: [gatewayClient.clientId, `api://${gatewayClient.clientId}`],
  kinds: ['user', 'application'],
};

/** Mints with the authority's key, for the gateway and Ada in Contoso unless something else is wished. */
export function mintToken(wish: MintWish = {}, key = authorityKey): string {
  return mint({ ...minter, key }, wish);
}

const minter: Minter = {
  url: authorityUrl,
  v1Issuer,
  defaultAudience: gatewayClient.clientId,
  key: authorityKey,
  nowMs,
};

/** The claims of such a token. */
export const goodClaims = claimsOf(minter);

/** A good token with something else in its header, signed with the authority's key all the same. */
export const withHeader = (header: NonNullable<MintWish['header']>): string =>
  mintToken({ header });

/** A good token with other claims. */
export const withClaims = (claims: NonNullable<MintWish['claims']>): string =>
  mintToken({ claims });

/** A token with any text as its payload, signed with the authority's key. */
export const withPayloadText = (payload: string): string =>
  signToken({ alg: 'RS256', kid: authorityKey.kid }, payload, authorityKey.privateKey);

/** What is wrong with a token, the token, and why it is refused; by other rules than the usual ones where they matter. */
export type Probe = readonly [string, () => string, IdentityReason, Surroundings?];

export interface Surroundings extends Partial<TokenRuleSettings> {
  /** How far the gateway's clock is from the authority's. */
  readonly clockOffsetMs?: number;
}

/** Who the bearer of a token is. */
export function identify(
  token: string,
  { clockOffsetMs = 0, ...settings }: Surroundings = {},
): Promise<Caller> {
  return validateToken(
    new Secret(token),
    {
      rules: createTokenRules({ ...defaults, ...settings }),
      keys: { find: async (kid) => (await published).get(kid) },
      clock: { now: () => nowMs + clockOffsetMs },
    },
    new AbortController().signal,
  );
}

/** Why the bearer of a token is not let in; undefined where he is. */
export async function reasonAgainst(
  token: string,
  surroundings: Surroundings = {},
): Promise<IdentityReason | undefined> {
  return (await errorAgainst(token, surroundings))?.reason;
}

/** The same, as the whole error. */
export async function errorAgainst(
  token: string,
  surroundings: Surroundings = {},
): Promise<IdentityError | undefined> {
  try {
    await identify(token, surroundings);
    return undefined;
  } catch (error) {
    if (error instanceof IdentityError) {
      return error;
    }
    throw error;
  }
}
