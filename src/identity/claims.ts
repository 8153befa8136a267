import { isGuid } from '../shared/forms.ts';
import { IdentityError } from './errors.ts';

interface CallerBase {
  /** In lower case, so that it can be part of a key. */
  readonly tenantId: string;
  /** The app that the caller uses, or is. */
  readonly clientId: string;
  /** Who it is within the tenant: the object's id, or the token's own subject if there is none. */
  readonly subject: string;
  readonly expiresAtMs: number;
}

/** Who calls: a user, through an app that may do what its scopes say, or an app as itself, which may do what its roles say. */
export type Caller =
  | (CallerBase & { readonly kind: 'user'; readonly scopes: readonly string[] })
  | (CallerBase & { readonly kind: 'application'; readonly roles: readonly string[] });

type Payload = Readonly<Record<string, unknown>>;

/** Reads the claims that the gateway looks at. @throws IdentityError if one is missing or of a wrong type. */
function readClaims(payload: Payload) {
  const version = required(payload, 'ver', isText);
  const tenantId = required(payload, 'tid', isText);
  if ((version !== '1.0' && version !== '2.0') || !isGuid(tenantId)) {
    throw new IdentityError('claims-malformed');
  }
  return {
    version,
    issuer: required(payload, 'iss', isText),
    // A list would let one token count for several services, and Entra never writes one.
    audience: required(payload, 'aud', isText),
    tenantId,
    clientId: required(payload, version === '2.0' ? 'azp' : 'appid', isText),
    subject: required(payload, 'sub', isText),
    objectId: optional(payload, 'oid', isText),
    expiresAtMs: required(payload, 'exp', isTime) * 1000,
    issuedAtMs: required(payload, 'iat', isTime) * 1000,
    notBeforeMs: (optional(payload, 'nbf', isTime) ?? 0) * 1000,
    scopes: optional(payload, 'scp', isText)
      ?.split(' ')
      .filter((scope) => scope !== ''),
    roles: optional(payload, 'roles', isTexts) ?? [],
    // Whose token it is, if the app registration asks for this claim.
    identityType: optional(payload, 'idtyp', isText),
  } as const;
}

type Claims = ReturnType<typeof readClaims>;

type IsFit<Value> = (value: unknown) => value is Value;
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every(isText);
const isTime = (value: unknown): value is number => Number.isSafeInteger(value);

function optional<Value>(payload: Payload, name: string, isFit: IsFit<Value>): Value | undefined {
  const value = payload[name];
  if (value === undefined || isFit(value)) {
    return value;
  }
  throw new IdentityError('claims-malformed');
}

function required<Value>(payload: Payload, name: string, isFit: IsFit<Value>): Value {
  const value = optional(payload, name, isFit);
  if (value === undefined) {
    throw new IdentityError('claims-malformed');
  }
  return value;
}

/** Which tokens the gateway accepts. All ids are in lower case, which is how Entra writes them into tokens. */
export interface TokenRules {
  readonly authority: URL;
  readonly tenantIds: readonly string[];
  /** The gateway's client id, and the application ID URIs that it has. */
  readonly audiences: readonly string[];
  readonly kinds: readonly Caller['kind'][];
  /** The apps that may call; all of the tenants if it is absent. */
  readonly clientIds?: readonly string[] | undefined;
}

/** Clocks differ, and a token may be older than it looks from here. */
const toleranceMs = 60_000;

/** Finds why claims do not let their bearer in: whose, for whom and when. */
function findProblem(
  claims: Claims,
  { authority, tenantIds, audiences, clientIds }: TokenRules,
  keyIssuer: string | undefined,
  nowMs: number,
): IdentityError['reason'] | undefined {
  const { tenantId, version } = claims;
  const issuers = issuersOf(authority, tenantId);
  if (claims.issuer !== issuers[version]) {
    return 'issuer-not-allowed';
  }
  // Entra names issuers in its v2.0 key documents only, so the key of a v1.0 token names the v2.0 issuer of its tenant;
  // a key that names none is for all tenants of its document.
  const ofKey = keyIssuer?.replace(tenantTemplate, tenantId);
  if (![undefined, issuers['1.0'], issuers['2.0']].includes(ofKey)) {
    return 'key-issuer-mismatch';
  }
  if (!audiences.includes(claims.audience)) {
    return 'audience-not-allowed';
  }
  if (nowMs >= claims.expiresAtMs + toleranceMs) {
    return 'token-expired';
  }
  if (nowMs < claims.notBeforeMs - toleranceMs) {
    return 'token-not-yet-valid';
  }
  if (nowMs < claims.issuedAtMs - toleranceMs) {
    return 'token-from-the-future';
  }
  if (!tenantIds.includes(tenantId)) {
    return 'tenant-not-allowed';
  }
  return clientIds?.includes(claims.clientId) === false ? 'client-not-allowed' : undefined;
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

/**
 * Reads who the bearer of a token is whose signature is good; the key that signed it is for `keyIssuer`.
 * @throws IdentityError if a claim is missing or not allowed, or the token permits nothing.
 */
export function readCaller(
  payload: Payload,
  keyIssuer: string | undefined,
  rules: TokenRules,
  nowMs: number,
): Caller {
  const claims = readClaims(payload);
  const problem = findProblem(claims, rules, keyIssuer, nowMs);
  if (problem !== undefined) {
    throw new IdentityError(problem);
  }
  const kind = kindOf(claims);
  if (kind === undefined) {
    throw new IdentityError('not-an-access-token');
  }
  if (!rules.kinds.includes(kind)) {
    throw new IdentityError(`${kind}s-not-allowed`);
  }
  const { tenantId, clientId, expiresAtMs, scopes = [], roles } = claims;
  // Entra gives every app of a tenant a token without roles for the asking.
  if (kind === 'application' && roles.length === 0) {
    throw new IdentityError('roles-missing');
  }
  const common = { tenantId, clientId, subject: claims.objectId ?? claims.subject, expiresAtMs };
  return kind === 'user' ? { kind, ...common, scopes } : { kind, ...common, roles };
}

/** The place of the tenant's id if a document is for several tenants. */
const tenantTemplate = '{tenantid}';

const globalV1 = 'https://sts.windows.net';
const global = { v1: globalV1, v2: 'https://login.microsoftonline.com' };
const china = {
  v1: 'https://sts.chinacloudapi.cn',
  v2: 'https://login.partner.microsoftonline.cn',
};

/** Authorities that issue under another name than their own. */
const known: Readonly<Record<string, typeof global>> = {
  'https://login.windows.net': global,
  'https://login.chinacloudapi.cn': china,
  'https://login.partner.microsoftonline.cn': china,
};

/**
 * The one issuer that a tenant's tokens of a version have, under the authority's own name unless it is known to have
 * another one; of all tenants, as a template, without a tenant. `root` is what stands before the tenant in version 2.0.
 */
export function issuersOf({ origin }: URL, tenantId = tenantTemplate) {
  const { v1, v2 } = known[origin] ?? { v1: globalV1, v2: origin };
  return { '1.0': `${v1}/${tenantId}/`, '2.0': `${v2}/${tenantId}/v2.0`, root: v2 };
}
