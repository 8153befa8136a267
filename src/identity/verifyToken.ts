import { compactVerify } from 'jose';
import type { Clock } from '../shared/clock.ts';
import type { Secret } from '../shared/secret.ts';
import type { Caller } from './caller.ts';
import { readClaims } from './claims.ts';
import { IdentityError } from './errors.ts';
import type { SigningKey } from './keySet.ts';
import type { KeyStore } from './keyStore.ts';
import { findClaimsProblem } from './token/claimsProblem.ts';
import { readCompactToken } from './token/compactToken.ts';
import { isGraphAudience } from './token/graphAudience.ts';
import { readKeyId } from './token/keyId.ts';
import { readCaller } from './token/readCaller.ts';
import type { TokenRules } from './token/tokenRules.ts';

export interface TokenValidation {
  readonly rules: TokenRules;
  readonly keys: Pick<KeyStore, 'find'>;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * Finds out who calls, from an access token for this gateway. Nothing of the token but its form and its audience is
 * judged before its signature, so that nobody can try out what is configured without a token of the authority's.
 * @throws IdentityError where the caller is not let in.
 */
export async function validateToken(
  token: Secret,
  { rules, keys, clock }: TokenValidation,
  signal: AbortSignal,
): Promise<Caller> {
  const text = token.reveal();
  const { header, payload } = readCompactToken(text);
  const kid = readKeyId(header);
  if (isGraphAudience(payload['aud'])) {
    throw new IdentityError('audience-is-graph');
  }
  const key = await keys.find(kid, signal);
  if (key === undefined) {
    throw new IdentityError('key-unknown');
  }
  await checkSignature(text, key);
  const claims = readClaims(payload);
  const surroundings = { rules, keyIssuer: key.issuer, nowMs: clock.now() };
  const problem = findClaimsProblem(claims, surroundings);
  if (problem !== undefined) {
    throw new IdentityError(problem);
  }
  return readCaller(claims, token, rules);
}

async function checkSignature(text: string, { key }: SigningKey): Promise<void> {
  await compactVerify(text, key, { algorithms: ['RS256'] }).catch(() => {
    throw new IdentityError('signature-invalid');
  });
}
