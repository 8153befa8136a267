import { isGuid } from '../shared/guid.ts';
import type { Secret } from '../shared/secret.ts';
import type { Caller } from './caller.ts';
import { IdentityError, type IdentityReason } from './errors.ts';
import { type IssuerRoots, isKeyForTenant, issuerOf } from './issuers.ts';

/** The claims that the gateway looks at, each of the right type. */
interface Claims {
  readonly version: '1.0' | '2.0';
  readonly issuer: string;
  readonly audience: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly subject: string;
  readonly objectId: string | undefined;
  readonly expiresAtSeconds: number;
  readonly issuedAtSeconds: number;
  readonly notBeforeSeconds: number | undefined;
  /** What `scp` lists, undefined if the claim is absent. */
  readonly scopes: readonly string[] | undefined;
  readonly roles: readonly string[] | undefined;
  /** Whose token it is, where the app registration asks for the optional claim `idtyp`. */
  readonly identityType: string | undefined;
}

type Payload = Readonly<Record<string, unknown>>;

/** Reads the claims. @throws IdentityError if one is missing or of a wrong type. */
export function readClaims(payload: Payload): Claims {
  const version = required(optionalText(payload, 'ver'));
  const tenantId = required(optionalText(payload, 'tid'));
  if ((version !== '1.0' && version !== '2.0') || !isGuid(tenantId)) {
    throw malformed();
  }
  return {
    version,
    issuer: required(optionalText(payload, 'iss')),
    // A list would let one token count for several services, and Entra never writes one.
    audience: required(optionalText(payload, 'aud')),
    tenantId,
    clientId: required(optionalText(payload, version === '2.0' ? 'azp' : 'appid')),
    subject: required(optionalText(payload, 'sub')),
    objectId: optionalText(payload, 'oid'),
    expiresAtSeconds: required(optionalTime(payload, 'exp')),
    issuedAtSeconds: required(optionalTime(payload, 'iat')),
    notBeforeSeconds: optionalTime(payload, 'nbf'),
    scopes: optionalText(payload, 'scp')
      ?.split(' ')
      .filter((scope) => scope !== ''),
    roles: optionalTexts(payload, 'roles'),
    identityType: optionalText(payload, 'idtyp'),
  };
}

function optionalText(payload: Payload, name: string): string | undefined {
  const value = payload[name];
  if (value !== undefined && (typeof value !== 'string' || value === '')) {
    throw malformed();
  }
  return value;
}

function optionalTexts(payload: Payload, name: string): readonly string[] | undefined {
  const value = payload[name];
  if (value === undefined) {
    return undefined;
  }
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string' && item !== '')) {
    throw malformed();
  }
  return value.map(String);
}

function optionalTime(payload: Payload, name: string): number | undefined {
  const value = payload[name];
  if (value !== undefined && !(typeof value === 'number' && Number.isSafeInteger(value))) {
    throw malformed();
  }
  return value;
}

function required<Value>(value: Value | undefined): Value {
  if (value === undefined) {
    throw malformed();
  }
  return value;
}

function malformed(): IdentityError {
  return new IdentityError('claims-malformed');
}

/** Clocks differ, and a token may be older than it looks from here. */
const toleranceMs = 60_000;

interface ClaimsSurroundings {
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

/**
 * Reads who the bearer of an accepted token is.
 * @throws IdentityError if the token permits nothing, or belongs to a kind of caller that is rejected.
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
 * `scp` is an application's only if it says so (`idtyp`), or if its subject is the object itself: the subject of a
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

/** Which tokens the gateway accepts, as configured. */
export interface TokenRuleSettings {
  readonly issuerRoots: IssuerRoots;
  readonly tenantIds: readonly string[];
  /** The gateway's client id, and the application ID URIs that it has. */
  readonly audiences: readonly string[];
  readonly kinds: readonly Caller['kind'][];
  /** The apps that may call; all of the tenants if it is absent. */
  readonly clientIds?: readonly string[] | undefined;
  /** A user's token needs one of these scopes; any if it is absent. */
  readonly scopes?: readonly string[] | undefined;
  /** An application's token needs one of these roles; any if it is absent. */
  readonly roles?: readonly string[] | undefined;
}

/** The same, made for looking things up. */
export interface TokenRules {
  readonly issuerRoots: IssuerRoots;
  readonly tenantIds: ReadonlySet<string>;
  readonly audiences: ReadonlySet<string>;
  readonly kinds: ReadonlySet<Caller['kind']>;
  readonly clientIds: ReadonlySet<string> | undefined;
  readonly scopes: ReadonlySet<string> | undefined;
  readonly roles: ReadonlySet<string> | undefined;
}

/** Makes rules of settings. Ids are compared in lower case, which is how Entra writes them into tokens. */
export function createTokenRules(settings: TokenRuleSettings): TokenRules {
  const { issuerRoots, tenantIds, audiences, kinds, clientIds, scopes, roles } = settings;
  return {
    issuerRoots,
    tenantIds: new Set(tenantIds.map((id) => id.toLowerCase())),
    audiences: new Set(audiences),
    kinds: new Set(kinds),
    clientIds: clientIds && new Set(clientIds.map((id) => id.toLowerCase())),
    scopes: scopes && new Set(scopes),
    roles: roles && new Set(roles),
  };
}
