import { createPrivateKey, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { isGuid } from '../../shared/guid.ts';
import type { ClientCertificate, ReadProof } from './clientProof.ts';
import { OutboundIdentityError, type TokenOrder, type TokenSource } from './token.ts';
import { acceptAnswer } from './tokenAnswer.ts';
import type { TokenTransport } from './tokenEndpoint.ts';

interface GrantOptions {
  readonly flow: 'on-behalf-of' | 'client-credentials';
  /** Of which the origin counts. */
  readonly authorityHost: string;
  readonly clientId: string;
  readonly scope: string;
}

interface GrantParts {
  readonly transport: TokenTransport;
  readonly readProof: ReadProof;
  readonly now: () => number;
}

/** Posts OAuth grants of Microsoft Entra's v2.0 token endpoint. Nothing is discovered, so no answer names another place. */
export function createGrantSource(
  options: GrantOptions,
  { transport, readProof, now }: GrantParts,
): TokenSource {
  const { origin } = new URL(options.authorityHost);
  return async (order, signal) => {
    if (!/^[\w-][\w.-]{0,252}$/.test(order.tenant)) {
      throw new OutboundIdentityError('The tenant is neither an id nor a domain name.');
    }
    const url = new URL(`${origin}/${order.tenant}/oauth2/v2.0/token`);
    const proof = await proofFields(options.clientId, url, readProof);
    const body = new URLSearchParams({ ...grantFields(options, order), ...proof }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded;charset=utf-8' };
    const answer = await transport.send({ method: 'POST', url, headers, body, signal });
    return acceptAnswer(options.flow, answer, now());
  };
}

function grantFields(
  { clientId, scope }: GrantOptions,
  { assertion, requestId }: TokenOrder,
): Readonly<Record<string, string>> {
  const flow: Readonly<Record<string, string>> =
    assertion === undefined
      ? { grant_type: 'client_credentials', scope }
      : {
          // The scopes that Microsoft's own libraries add.
          scope: `${scope} openid profile offline_access`,
          grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
          requested_token_use: 'on_behalf_of',
          assertion: assertion.reveal(),
        };
  // Entra's own logs then name the operation, where its id has the form that they take.
  const correlation = isGuid(requestId) ? { 'client-request-id': requestId } : {};
  return { client_id: clientId, ...flow, ...correlation };
}

async function proofFields(
  clientId: string,
  tokenEndpoint: URL,
  readProof: ReadProof,
): Promise<Readonly<Record<string, string>>> {
  const proof = await readProof();
  if ('clientSecret' in proof) {
    if (proof.clientSecret === '') {
      throw new OutboundIdentityError('The credential of the client cannot be used.');
    }
    return { client_secret: proof.clientSecret };
  }
  const assertion =
    'clientAssertion' in proof
      ? proof.clientAssertion
      : await signAssertion(proof.clientCertificate, clientId, tokenEndpoint);
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  };
}

/** Microsoft's form of a client assertion: PS256, and the certificate's SHA-256 in the header. Valid by jose's clock. */
function signAssertion(
  { thumbprintSha256, privateKey, x5c }: ClientCertificate,
  clientId: string,
  tokenEndpoint: URL,
): Promise<string> {
  const chain = x5c?.match(/(?<=-----BEGIN CERTIFICATE-----)[^-]+/g);
  return new SignJWT()
    .setProtectedHeader({
      typ: 'JWT',
      alg: 'PS256',
      'x5t#S256': Buffer.from(thumbprintSha256, 'hex').toString('base64url'),
      ...(chain && { x5c: chain.map((block) => block.replace(/\s/g, '')) }),
    })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(tokenEndpoint.href)
    .setJti(randomUUID())
    .setNotBefore('0 seconds')
    .setExpirationTime('10 minutes')
    .sign(createPrivateKey(privateKey));
}
