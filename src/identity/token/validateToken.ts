import { compactVerify } from 'jose';
import type { Clock } from '../../clock.ts';
import type { Secret } from '../../secret.ts';
import type { Caller } from '../caller.ts';
import { IdentityError } from '../identityError.ts';
import type { SigningKey } from '../keys/keySet.ts';
import type { KeyStore } from '../keys/keyStore.ts';
import { readClaims } from './claims.ts';
import { findClaimsProblem } from './claimsProblem.ts';
import { readCompactToken } from './compactToken.ts';
import { isGraphAudience } from './graphAudience.ts';
import { readKeyId } from './keyId.ts';
import { readCaller } from './readCaller.ts';
import type { TokenRules } from './tokenRules.ts';

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
