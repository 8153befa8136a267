import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Secret } from '../../../shared/secret.ts';
import { OutboundIdentityError } from '../tokenFacts.ts';

export interface CertificateOptions {
  readonly passphrase?: Secret | undefined;
  readonly sendsChain?: boolean;
}

/** A certificate in MSAL's terms. */
export interface ClientCertificate {
  /** Of the whole certificate, in hexadecimal; the assertion carries it as `x5t#S256`. */
  readonly thumbprintSha256: string;
  /** PKCS #8, without a passphrase. */
  readonly privateKey: string;
  /** All certificates of the file, where they go along. */
  readonly x5c?: string;
}

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const keyBlock = /-----BEGIN ([A-Z]+ )*PRIVATE KEY-----[\s\S]+?-----END ([A-Z]+ )*PRIVATE KEY-----/;

/** Reads key and certificate out of a PEM text. @throws OutboundIdentityError where they do not belong together. */
export function readCertificate(
  pem: string,
  { passphrase, sendsChain = false }: CertificateOptions = {},
): ClientCertificate {
  const blocks = pem.match(certificateBlock) ?? [];
  const key = readKey(pem, passphrase);
  const certificates = blocks.map(readOne);
  // Files are written in either order, so the leaf is the one whose key it is.
  const leaf = certificates.find((certificate) => certificate.checkPrivateKey(key));
  if (leaf === undefined) {
    throw new OutboundIdentityError(
      'The file with the client certificate has no certificate that belongs to its key.',
    );
  }
  const ordered = [leaf, ...certificates.filter((certificate) => certificate !== leaf)];
  return {
    thumbprintSha256: leaf.fingerprint256.replaceAll(':', ''),
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ...(sendsChain && { x5c: ordered.map(String).join('\n') }),
  };
}

function readKey(pem: string, passphrase: Secret | undefined): KeyObject {
  const block = keyBlock.exec(pem)?.[0];
  if (block === undefined) {
    throw new OutboundIdentityError('The file with the client certificate has no private key.');
  }
  const key = parseKey(block, passphrase);
  if (key?.asymmetricKeyType !== 'rsa') {
    throw new OutboundIdentityError(
      'The private key of the client certificate cannot be read, or is not of RSA.',
    );
  }
  return key;
}

function parseKey(key: string, passphrase: Secret | undefined): KeyObject | undefined {
  try {
    return createPrivateKey({ key, ...(passphrase && { passphrase: passphrase.reveal() }) });
  } catch {
    return undefined;
  }
}

function readOne(block: string): X509Certificate {
  try {
    return new X509Certificate(block);
  } catch {
    throw new OutboundIdentityError('A certificate in the file cannot be read.');
  }
}
