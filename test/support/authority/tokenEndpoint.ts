import { type AuthorityAnswer, refusalOf } from './answers.ts';
import { isSignedBy, readUnchecked, refuseClient, type UncheckedToken } from './clientProof.ts';
import { claimsOf, type Minter, type MintWish, mint } from './mint.ts';
import type { TestClient, TestTenant, TestUser } from './people.ts';
import type { AuthorityKey } from './signingKeys.ts';
import { signToken } from './signToken.ts';

/** A token that the authority gave out, with what it is for. */
export interface IssuedToken {
  readonly accessToken: string;
  readonly tenantId: string;
  readonly clientId: string;
  /** Absent where an application asked for itself. */
  readonly userObjectId?: string;
  readonly scope: string;
}

/** What the token endpoint knows. */
export interface TokenWorld {
  readonly minter: Minter;
  readonly tenant: TestTenant;
  readonly clients: readonly TestClient[];
  readonly users: readonly TestUser[];
  readonly keys: readonly AuthorityKey[];
  /** What every token for another service permits. */
  readonly permissions: readonly string[];
  readonly lifetimeSeconds: number;
  readonly issued: IssuedToken[];
}

const oidcScopes = ['openid', 'profile', 'email', 'offline_access'];
const onBehalfOf = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** Answers a token request: client credentials, or on behalf of a user. */
export function answerTokenRequest(form: URLSearchParams, world: TokenWorld): AuthorityAnswer {
  const { minter, tenant } = world;
  const client = world.clients.find(({ clientId }) => clientId === form.get('client_id'));
  const tokenUrl = `${minter.url}/${tenant.id}/oauth2/v2.0/token`;
  const refusal = refuseClient(form, client, { tokenUrl, nowMs: minter.nowMs });
  if (refusal !== undefined || client === undefined) {
    return refusal ?? refusalOf(500, 'server_error', [90000, 'A client without a form.']);
  }
  switch (form.get('grant_type')) {
    case 'client_credentials':
      return answerApplication(form, client, world);
    case onBehalfOf:
      return answerOnBehalfOf(form, client, world);
    default:
      return refusalOf(400, 'unsupported_grant_type', [70003, 'The grant is not supported.']);
  }
}

/** The user whose token a request wants to exchange, for faults that strike one user only. */
export function userOfAssertion(form: URLSearchParams): string | undefined {
  const userObjectId = readUnchecked(form.get('assertion') ?? '')?.claims['oid'];
  return typeof userObjectId === 'string' ? userObjectId : undefined;
}

function answerApplication(form: URLSearchParams, client: TestClient, world: TokenWorld) {
  const scope = form.get('scope') ?? '';
  if (!/^\S+\/\.default$/.test(scope)) {
    return refusalOf(400, 'invalid_scope', [1002012, 'The scope must end in /.default.']);
  }
  return success(world, client, { scope, kind: 'application' });
}

function answerOnBehalfOf(form: URLSearchParams, client: TestClient, world: TokenWorld) {
  const scope = form.get('scope') ?? '';
  if (form.get('requested_token_use') !== 'on_behalf_of' || scope === '') {
    return refusalOf(400, 'invalid_request', [900144, 'The request lacks a parameter.']);
  }
  const assertion = form.get('assertion') ?? '';
  const token = readUnchecked(assertion);
  if (token === undefined || !isValidAssertion(assertion, token, client, world)) {
    return refusalOf(400, 'invalid_grant', [
      500133,
      'Assertion is not within its valid time range.',
    ]);
  }
  const user = world.users.find(({ objectId }) => objectId === token.claims['oid']);
  if (user === undefined || typeof token.claims['scp'] !== 'string') {
    return refusalOf(400, 'invalid_grant', [
      7000114,
      'Applications cannot act on behalf of users.',
    ]);
  }
  return success(world, client, { scope, kind: 'user', user });
}

function isValidAssertion(
  assertion: string,
  { header, claims }: UncheckedToken,
  { clientId }: TestClient,
  { keys, minter, tenant }: TokenWorld,
): boolean {
  const key = keys.find(({ kid }) => kid === header['kid']);
  const pem = key?.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const isForClient = [clientId, `api://${clientId}`, minter.defaultAudience].includes(
    String(claims['aud']),
  );
  const isAlive = Number(claims['exp']) * 1000 > minter.nowMs;
  const isOfTenant = claims['tid'] === tenant.id;
  return (
    pem !== undefined && isForClient && isAlive && isOfTenant && isSignedBy(assertion, pem, 'RS256')
  );
}

interface Grant {
  readonly scope: string;
  readonly kind: 'user' | 'application';
  readonly user?: TestUser;
}

function success(world: TokenWorld, { clientId }: TestClient, { scope, kind, user }: Grant) {
  const { minter, tenant, permissions, lifetimeSeconds } = world;
  const asked = scope.split(' ').filter((name) => name !== '');
  const resource = asked.find((name) => !oidcScopes.includes(name)) ?? '';
  const audience = resource.slice(0, Math.max(0, resource.lastIndexOf('/')));
  const common = { tenant, audience, clientId, lifetimeSeconds, ...(user && { user }) };
  const wish: MintWish = { ...common, kind, scope: permissions.join(' '), roles: permissions };
  const accessToken = mint(minter, wish);
  const userObjectId = user?.objectId;
  const issued = { accessToken, tenantId: tenant.id, clientId, scope };
  world.issued.push({ ...issued, ...(userObjectId !== undefined && { userObjectId }) });
  return {
    status: 200,
    body: {
      token_type: 'Bearer',
      expires_in: lifetimeSeconds,
      ext_expires_in: lifetimeSeconds,
      access_token: accessToken,
      ...(user && {
        scope: permissions.map((name) => `${audience}/${name}`).join(' '),
        client_info: clientInfo(user, tenant),
        ...(asked.includes('openid') && { id_token: idTokenOf(minter, common) }),
        ...(asked.includes('offline_access') && { refresh_token: `refresh-${user.name}` }),
      }),
    },
  };
}

function clientInfo({ objectId }: TestUser, tenant: TestTenant): string {
  return Buffer.from(JSON.stringify({ uid: objectId, utid: tenant.id })).toString('base64url');
}

function idTokenOf(minter: Minter, common: MintWish & { readonly clientId: string }): string {
  const claims = { scp: undefined, azp: undefined, azpacr: undefined };
  const payload = claimsOf(minter, { ...common, audience: common.clientId, claims });
  const { kid, privateKey } = minter.key;
  return signToken({ typ: 'JWT', alg: 'RS256', kid }, payload, privateKey);
}
