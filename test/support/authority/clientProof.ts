import { constants, createPublicKey, verify } from 'node:crypto';
import { type AuthorityAnswer, refusalOf } from './answers.ts';
import type { TestClient } from './people.ts';

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** The claims and the header of a token, of which nothing was checked. */
export interface UncheckedToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Finds why a token request does not come from the client that it names; undefined where it does. */
export function refuseClient(
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
export function isSignedBy(token: string, publicKey: string, algorithm: unknown): boolean {
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
