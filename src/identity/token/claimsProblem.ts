import type { Claims } from '../claims.ts';
import type { IdentityReason } from '../errors.ts';
import { isKeyForTenant, issuerOf } from '../issuers.ts';
import type { TokenRules } from './tokenRules.ts';

/** Clocks differ, and a token may be older than it looks from here. */
const toleranceMs = 60_000;

export interface ClaimsSurroundings {
  readonly rules: TokenRules;
  /** The issuer that the key which signed the token is for. */
  readonly keyIssuer: string | undefined;
  readonly nowMs: number;
}

/** Finds why the claims of a token with a good signature do not let its bearer in: whose, for whom and when. */
export function findClaimsProblem(
  claims: Claims,
  { rules, keyIssuer, nowMs }: ClaimsSurroundings,
): IdentityReason | undefined {
  const { tenantId, version } = claims;
  if (claims.issuer !== issuerOf(rules.issuerRoots, version, tenantId)) {
    return 'issuer-not-allowed';
  }
  if (!isKeyForTenant(keyIssuer, rules.issuerRoots, tenantId)) {
    return 'key-issuer-mismatch';
  }
  if (!rules.audiences.has(claims.audience)) {
    return 'audience-not-allowed';
  }
  return findTimeProblem(claims, nowMs) ?? findAllowListProblem(claims, rules);
}

function findTimeProblem(claims: Claims, nowMs: number): IdentityReason | undefined {
  if (nowMs >= claims.expiresAtSeconds * 1000 + toleranceMs) {
    return 'token-expired';
  }
  if (nowMs < (claims.notBeforeSeconds ?? 0) * 1000 - toleranceMs) {
    return 'token-not-yet-valid';
  }
  return nowMs < claims.issuedAtSeconds * 1000 - toleranceMs ? 'token-from-the-future' : undefined;
}

function findAllowListProblem(
  { tenantId, clientId }: Claims,
  { tenantIds, clientIds }: TokenRules,
): IdentityReason | undefined {
  if (!tenantIds.has(tenantId)) {
    return 'tenant-not-allowed';
  }
  return clientIds?.has(clientId) === false ? 'client-not-allowed' : undefined;
}
