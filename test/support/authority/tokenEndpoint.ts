import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { type AuthorityAnswer, refusalOf } from './faults.ts';
import { type Minter, type MintWish, mint } from './mint.ts';
import type { contoso, TestClient } from './people.ts';
import type { AuthorityKey } from './signingKeys.ts';

/** A token that the authority gave out, with what it is for; without a user if an application asked for itself. */
export interface IssuedToken {
  readonly accessToken: string;
  readonly clientId: string;
  readonly userObjectId?: string;
}

/** What the token endpoint knows. */
interface TokenWorld {
  readonly minter: Minter;
  readonly tenant: typeof contoso;
  readonly clients: readonly TestClient[];
  readonly keys: readonly AuthorityKey[];
  readonly issued: IssuedToken[];
}

const onBehalfOf = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const permission = 'DeviceManagementServiceConfig.ReadWrite.All';

/** Answers a token request: client credentials, or on behalf of a user. */
export function answerTokenRequest(form: URLSearchParams, world: TokenWorld): AuthorityAnswer {
  const { minter, tenant } = world;
  const client = world.clients.find(({ clientId }) => clientId === form.get('client_id'));
  if (client === undefined) {
    return refusalOf(400, 'unauthorized_client', [700016, 'The application was not found.']);
  }
  if (!isProven(form, client, world)) {
    const isOfSecret = form.get('client_assertion') === null;
    return refusalOf(401, 'invalid_client', [isOfSecret ? 7000215 : 700027, 'Invalid client.']);
  }
  const [, audience] = /^(\S+)\/\.default( |$)/.exec(form.get('scope') ?? '') ?? [];
  if (audience === undefined) {
    return refusalOf(400, 'invalid_scope', [1002012, 'The scope must end in /.default.']);
  }
  const { clientId } = client;
  const grant = (wish: MintWish, whose = {}): AuthorityAnswer => {
    const access_token = mint(minter, { tenant, audience, clientId, ...wish });
    world.issued.push({ accessToken: access_token, clientId, ...whose });
    return { status: 200, body: { token_type: 'Bearer', expires_in: 3600, access_token } };
  };
  if (form.get('grant_type') === 'client_credentials') {
    return grant({ kind: 'application', roles: [permission] });
  }
  if (form.get('grant_type') !== onBehalfOf || form.get('requested_token_use') !== 'on_behalf_of') {
    return refusalOf(400, 'unsupported_grant_type', [70003, 'The grant is not supported.']);
  }
  const { oid, sub, name, scp } = claimsOfAssertion(form.get('assertion') ?? '', clientId, world);
  if (typeof scp !== 'string') {
    return refusalOf(400, 'invalid_grant', [500133, "Assertion is not valid, or not a user's."]);
  }
  const user = { objectId: String(oid), subject: String(sub), name: String(name) };
  return grant({ user, scope: permission }, { userObjectId: user.objectId });
}

/** Whether a token request comes from the client that it names. */
function isProven(form: URLSearchParams, client: TestClient, { minter, tenant }: TokenWorld) {
  const { clientId, secret, publicKey } = client;
  const assertion = form.get('client_assertion');
  if (assertion === null) {
    return secret !== undefined && form.get('client_secret') === secret;
  }
  if (form.get('client_assertion_type') !== assertionType) {
    return false;
  }
  const { iss, sub, aud, exp, jti } = readUnchecked(assertion)?.claims ?? {};
  const isFresh = typeof exp === 'number' && exp * 1000 > minter.nowMs && typeof jti === 'string';
  const isForUs = aud === `${minter.url}/${tenant.id}/oauth2/v2.0/token`;
  const isWhole = isFresh && isForUs && iss === clientId && sub === clientId;
  const isSigned = publicKey && isWhole && isSignedBy(assertion, createPublicKey(publicKey));
  return isSigned || client.federatedAssertions?.includes(assertion);
}

/** The claims of a caller's token that may be exchanged; none if it may not. */
function claimsOfAssertion(
  assertion: string,
  clientId: string,
  { keys, minter, tenant }: TokenWorld,
): Readonly<Record<string, unknown>> {
  const { header, claims } = readUnchecked(assertion) ?? { header: {}, claims: {} };
  const key = keys.find(({ kid }) => kid === header['kid'])?.publicKey;
  const audiences = [clientId, `api://${clientId}`, minter.defaultAudience];
  const isFit =
    audiences.includes(String(claims['aud'])) &&
    Number(claims['exp']) * 1000 > minter.nowMs &&
    claims['tid'] === tenant.id;
  return isFit && key !== undefined && isSignedBy(assertion, key) ? claims : {};
}

/** Whether the key signed the token, with RS256 or PS256. */
function isSignedBy(token: string, key: KeyObject): boolean {
  const isPss = readUnchecked(token)?.header['alg'] === 'PS256';
  const padding = isPss ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  const [header, payload, signature = ''] = token.split('.');
  const signed = Buffer.from(`${header}.${payload}`);
  return verify('sha256', signed, { key, padding }, Buffer.from(signature, 'base64url'));
}

/** Takes a token apart and believes nothing of it. */
export function readUnchecked(token: string) {
  const decode = (part = ''): Readonly<Record<string, unknown>> => ({
    ...JSON.parse(Buffer.from(part, 'base64url').toString('utf8')),
  });
  try {
    const [header, payload] = token.split('.');
    return { header: decode(header), claims: decode(payload) };
  } catch {
    return undefined;
  }
}
