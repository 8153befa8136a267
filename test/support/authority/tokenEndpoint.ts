import { constants, createPublicKey, verify } from 'node:crypto';
import { type AuthorityAnswer, refusalOf } from './faults.ts';
import { type Minter, type MintWish, mint } from './mint.ts';
import type { TestClient, TestTenant, TestUser } from './people.ts';
import type { AuthorityKey } from './signingKeys.ts';

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
  readonly issued: IssuedToken[];
}

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

const permissions = ['DeviceManagementServiceConfig.ReadWrite.All'];

interface Grant {
  readonly scope: string;
  readonly kind: 'user' | 'application';
  readonly user?: TestUser;
}

function success(world: TokenWorld, { clientId }: TestClient, { scope, kind, user }: Grant) {
  const { minter, tenant } = world;
  const [resource = ''] = scope.split(' ');
  const audience = resource.slice(0, Math.max(0, resource.lastIndexOf('/')));
  const common = { tenant, audience, clientId, ...(user && { user }) };
  const wish: MintWish = { ...common, kind, scope: permissions.join(' '), roles: permissions };
  const accessToken = mint(minter, wish);
  const userObjectId = user?.objectId;
  const issued = { accessToken, tenantId: tenant.id, clientId, scope };
  world.issued.push({ ...issued, ...(userObjectId !== undefined && { userObjectId }) });
  return {
    status: 200,
    body: {
      token_type: 'Bearer',
      expires_in: 3600,
      access_token: accessToken,
      ...(user && { refresh_token: `refresh-${user.name}` }),
    },
  };
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** The claims and the header of a token, of which nothing was checked. */
interface UncheckedToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Finds why a token request does not come from the client that it names; undefined if it does. */
function refuseClient(
  form: URLSearchParams,
  client: TestClient | undefined,
  { tokenUrl, nowMs }: { readonly tokenUrl: string; readonly nowMs: number },
): AuthorityAnswer | undefined {
  if (client === undefined) {
    return refusalOf(400, 'unauthorized_client', [700016, 'The application was not found.']);
  }
  const assertion = form.get('client_assertion');
  if (assertion === null) {
    return client.secret !== undefined && form.get('client_secret') === client.secret
      ? undefined
      : refusalOf(401, 'invalid_client', [7000215, 'Invalid client secret provided.']);
  }
  const isProof =
    form.get('client_assertion_type') === assertionType &&
    (client.federatedAssertions?.includes(assertion) ||
      isSignedAssertion(assertion, client, tokenUrl, nowMs));
  return isProof
    ? undefined
    : refusalOf(401, 'invalid_client', [700027, 'The certificate or its assertion is not valid.']);
}

function isSignedAssertion(
  assertion: string,
  { clientId, publicKey }: TestClient,
  tokenUrl: string,
  nowMs: number,
): boolean {
  const token = readUnchecked(assertion);
  if (publicKey === undefined || token === undefined) {
    return false;
  }
  const { iss, sub, aud, exp, jti } = token.claims;
  const isFresh = typeof exp === 'number' && exp * 1000 > nowMs && typeof jti === 'string';
  const isForUs = iss === clientId && sub === clientId && aud === tokenUrl;
  return isFresh && isForUs && isSignedBy(assertion, publicKey, token.header['alg']);
}

/** Whether the PEM key signed the token, with RS256 or PS256. */
function isSignedBy(token: string, publicKey: string, algorithm: unknown): boolean {
  const padding =
    algorithm === 'PS256' ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  const [header, payload, signature = ''] = token.split('.');
  return verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    { key: createPublicKey(publicKey), padding },
    Buffer.from(signature, 'base64url'),
  );
}

/** Takes a token apart and believes nothing of it. */
export function readUnchecked(token: string): UncheckedToken | undefined {
  const [header = '', payload = ''] = token.split('.');
  try {
    return { header: decode(header), claims: decode(payload) };
  } catch {
    return undefined;
  }
}

function decode(part: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
