import type { Secret } from '../../shared/secret.ts';
import type { Caller } from '../caller.ts';
import type { Claims } from '../claims.ts';
import { IdentityError, type IdentityReason } from '../errors.ts';
import type { TokenRules } from './tokenRules.ts';

/**
 * Reads who the bearer of an accepted token is.
 * @throws IdentityError where the token permits nothing, or belongs to a kind of caller that is not let in.
 */
export function readCaller(claims: Claims, token: Secret, rules: TokenRules): Caller {
  const kind = kindOf(claims);
  if (kind === undefined) {
    throw new IdentityError('not-an-access-token');
  }
  const problem = findPermissionProblem(kind, claims, rules);
  if (problem !== undefined) {
    throw new IdentityError(problem);
  }
  const { tenantId, clientId, scopes = [], roles = [] } = claims;
  const common = {
    tenantId,
    clientId,
    subject: claims.objectId ?? claims.subject,
    expiresAtMs: claims.expiresAtSeconds * 1000,
    token,
  };
  return kind === 'user' ? { kind, ...common, scopes } : { kind, ...common, roles };
}

/**
 * Tells users from applications. A user's access token always has `scp`, and an application's own never has. What has no
 * `scp` is an application's only where it says so (`idtyp`), or where its subject is the object itself: the subject of a
 * user is another one for each app. Everything else, above all an ID token, which may well have the right audience and
 * even the user's roles, is no access token.
 */
function kindOf({ scopes, identityType, objectId, subject }: Claims): Caller['kind'] | undefined {
  if (scopes !== undefined) {
    const isUser = identityType === undefined || identityType === 'user';
    return isUser && scopes.length > 0 ? 'user' : undefined;
  }
  const isApplication = identityType === undefined ? objectId === subject : identityType === 'app';
  return isApplication ? 'application' : undefined;
}

/** Scopes count for users and roles for applications; a user's roles and an application's scopes count for nothing. */
function findPermissionProblem(
  kind: Caller['kind'],
  { scopes = [], roles = [] }: Claims,
  rules: TokenRules,
): IdentityReason | undefined {
  if (!rules.kinds.has(kind)) {
    return `${kind}s-not-allowed`;
  }
  // Entra gives every app of a tenant a token without roles for the asking.
  if (kind === 'application' && roles.length === 0) {
    return 'roles-missing';
  }
  const [held, needed] = kind === 'user' ? [scopes, rules.scopes] : [roles, rules.roles];
  const isPermitted = needed === undefined || held.some((name) => needed.has(name));
  return isPermitted ? undefined : 'permission-missing';
}
