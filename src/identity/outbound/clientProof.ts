import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { NamedFileError, readNamedFile } from '../../shared/namedFile.ts';
import type { Secret } from '../../shared/secret.ts';
import { OutboundIdentityError } from './token.ts';

/** How the gateway proves that it is the app that it says it is, as it is configured. */
export type ClientCredential =
  | { readonly kind: 'secret'; readonly secret: Secret }
  | {
      readonly kind: 'certificate';
      /** A PEM file with the private key and the certificate, the ones in between behind it. */
      readonly path: string;
      readonly passphrase?: Secret | undefined;
      /** Whether all certificates go along, for registrations that trust by subject and issuer. */
      readonly sendsChain?: boolean;
    }
  /** Workload identity: a token of the cluster's in a file that is replaced from time to time. */
  | { readonly kind: 'federated-token'; readonly path: string };

/** A certificate and its key, ready to sign with. */
export interface ClientCertificate {
  /** Of the whole certificate, in hexadecimal; the assertion carries it as `x5t#S256`. */
  readonly thumbprintSha256: string;
  /** PKCS #8, without a passphrase. */
  readonly privateKey: string;
  /** All certificates of the file, where they go along. */
  readonly x5c?: string;
}

/** What goes to the token endpoint, or signs what goes there. */
type ClientProof =
  | { readonly clientSecret: string }
  | { readonly clientAssertion: string }
  | { readonly clientCertificate: ClientCertificate };

/** Gives the proof as it is now: files are read again for each acquisition, since others replace them. */
export type ReadProof = () => Promise<ClientProof>;

/** @throws OutboundIdentityError from the reader if a file is missing or holds something else. */
export function createReadProof(credential: ClientCredential): ReadProof {
  switch (credential.kind) {
    case 'secret':
      return async () => ({ clientSecret: credential.secret.reveal() });
    case 'federated-token':
      return async () => {
        const text = await readText(credential.path, 'federated token');
        return { clientAssertion: tokenOf(text) };
      };
    case 'certificate': {
      let last: { readonly text: string; readonly proof: ClientProof } | undefined;
      return async () => {
        const text = await readText(credential.path, 'client certificate');
        if (last?.text !== text) {
          last = { text, proof: { clientCertificate: readCertificate(text, credential) } };
        }
        return last.proof;
      };
    }
  }
}

async function readText(path: string, what: string): Promise<string> {
  try {
    return (await readNamedFile(path)).toString('utf8');
  } catch (error) {
    if (!(error instanceof NamedFileError)) {
      throw error;
    }
    const { code: systemCode } = error;
    // The code is shown with the error's report.
    const reason = systemCode === undefined ? `: ${error.reason}` : '';
    const message = `The file with the ${what} cannot be read${reason}.`;
    throw new OutboundIdentityError(message, { systemCode });
  }
}

function tokenOf(text: string): string {
  const token = text.trim();
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) {
    throw new OutboundIdentityError('The file with the federated token holds no token.');
  }
  return token;
}

interface CertificateOptions {
  readonly passphrase?: Secret | undefined;
  readonly sendsChain?: boolean;
}

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const keyBlock = /-----BEGIN ([A-Z]+ )*PRIVATE KEY-----[\s\S]+?-----END ([A-Z]+ )*PRIVATE KEY-----/;

/** Reads key and certificate out of a PEM text. @throws OutboundIdentityError if they do not belong together. */
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

/**
 * Reads a credential's file once, before its first use. Says what is wrong with it, undefined if nothing is. A
 * gateway that starts without it would be ready, and reject every caller.
 */
export async function findCredentialProblem(
  credential: ClientCredential,
): Promise<string | undefined> {
  try {
    await createReadProof(credential)();
    return undefined;
  } catch (error) {
    if (!(error instanceof OutboundIdentityError)) {
      throw error;
    }
    const { systemCode } = error.facts;
    const what = error.message.replace(/\.$/, '');
    return systemCode === undefined ? `${what}.` : `${what} (${systemCode}).`;
  }
}
