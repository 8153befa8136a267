import { createPrivateKey, hash, randomUUID, X509Certificate } from 'node:crypto';
import { SignJWT } from 'jose';
import type { OwnIdentityConfig } from '../../config/identity.ts';
import { type NamedFileError, readNamedFile } from '../../shared/namedFile.ts';
import { OutboundIdentityError } from './token.ts';

/** Makes the fields of a token request that prove who asks; the audience is the endpoint's address. */
type Prove = (clientId: string, audience: string) => Promise<Readonly<Record<string, string>>>;

/**
 * Makes proofs of what the credential is at the time: files are read again for each, since others replace them.
 * @throws OutboundIdentityError from the proof if the secret is empty, or a file is missing or holds something else.
 */
export function createProve(credential: Credential): Prove {
  if (credential.kind === 'secret') {
    return async () => {
      const secret = credential.secret.reveal();
      if (secret === '') {
        throw new OutboundIdentityError('The credential of the client cannot be used.');
      }
      return { client_secret: secret };
    };
  }
  const makeAssertion = credential.kind === 'certificate' ? createSign(credential) : readToken;
  return async (clientId, audience) => ({
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await makeAssertion(await readText(credential), clientId, audience),
  });
}

type Registration = Extract<OwnIdentityConfig['outbound'], { readonly kind: 'registration' }>;
type Credential = Registration['credential'];
type CertificateCredential = Extract<Credential, { readonly kind: 'certificate' }>;

async function readText({ kind, path }: Exclude<Credential, { kind: 'secret' }>) {
  const bytes = await readNamedFile(path).catch((error: NamedFileError) => {
    const { code: systemCode, reason } = error;
    const what = kind === 'certificate' ? 'client certificate' : 'federated token';
    // The code is shown with the error's report.
    const why = systemCode === undefined ? `: ${reason}` : '';
    const message = `The file with the ${what} cannot be read${why}.`;
    throw new OutboundIdentityError(message, { systemCode });
  });
  return bytes.toString('utf8');
}

function readToken(text: string): string {
  const token = text.trim();
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) {
    throw new OutboundIdentityError('The file with the federated token holds no token.');
  }
  return token;
}

/** Reads key, certificate and the chain to send, if any, out of a PEM text. @throws OutboundIdentityError */
export function readCertificate(
  pem: string,
  { passphrase, sendsChain }: Pick<CertificateCredential, 'passphrase' | 'sendsChain'>,
) {
  if (!/-----BEGIN ([A-Z]+ )*PRIVATE KEY-----/.test(pem)) {
    throw new OutboundIdentityError('The file with the client certificate has no private key.');
  }
  const unusableKey = 'The private key of the client certificate cannot be read, or is not of RSA.';
  const secret = passphrase && { passphrase: passphrase.reveal() };
  const key = parse(() => createPrivateKey({ key: pem, ...secret }), unusableKey);
  if (key.asymmetricKeyType !== 'rsa') {
    throw new OutboundIdentityError(unusableKey);
  }
  // Signing would fail with an error that does not name the file.
  if (Number(key.asymmetricKeyDetails?.modulusLength) < 2048) {
    throw new OutboundIdentityError(
      'The private key of the client certificate is shorter than 2048 bits.',
    );
  }
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const certificates = parse(
    () => blocks.map((block) => new X509Certificate(block)),
    'A certificate in the file cannot be read.',
  );
  // Files are written in either order, so the leaf is the one whose key it is.
  const leaf = certificates.find((certificate) => certificate.checkPrivateKey(key));
  if (leaf === undefined) {
    throw new OutboundIdentityError(
      'The file with the client certificate has no certificate that belongs to its key.',
    );
  }
  const others = certificates.filter((certificate) => certificate !== leaf);
  return { key, leaf, chain: sendsChain ? [leaf, ...others] : [] };
}

function parse<Result>(read: () => Result, problem: string): Result {
  try {
    return read();
  } catch {
    throw new OutboundIdentityError(problem);
  }
}

/** Microsoft's form of a client assertion: PS256, and the certificate's SHA-256 in the header. Valid by jose's clock. */
function createSign(credential: CertificateCredential) {
  let last: (ReturnType<typeof readCertificate> & { readonly text: string }) | undefined;
  return (text: string, clientId: string, audience: string): Promise<string> => {
    last = last?.text === text ? last : { text, ...readCertificate(text, credential) };
    const { key, leaf, chain } = last;
    const x5c = chain.map(({ raw }) => raw.toString('base64'));
    return new SignJWT()
      .setProtectedHeader({
        typ: 'JWT',
        alg: 'PS256',
        'x5t#S256': hash('sha256', leaf.raw, 'base64url'),
        ...(x5c.length > 0 && { x5c }),
      })
      .setIssuer(clientId)
      .setSubject(clientId)
      .setAudience(audience)
      .setJti(randomUUID())
      .setNotBefore('0 seconds')
      .setExpirationTime('10 minutes')
      .sign(key);
  };
}
