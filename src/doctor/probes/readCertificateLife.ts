import { X509Certificate } from 'node:crypto';
import type { CredentialConfig } from '../../config/identity.ts';
import { readCertificate } from '../../identity/outbound/client/readCertificate.ts';
import { readNamedFile } from '../../shared/namedFile.ts';

const blocks = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Until when the client's certificate can be used, in milliseconds since the epoch; of several in the file, the one that
 * belongs to the key. Undefined where the file cannot be used: what is wrong with it is said by who asks for a token.
 */
export async function readCertificateLife(
  credential: Extract<CredentialConfig, { readonly kind: 'certificate' }>,
): Promise<number | undefined> {
  try {
    const pem = (await readNamedFile(credential.path)).toString('utf8');
    const { thumbprintSha256 } = readCertificate(pem, credential);
    const leaf = (pem.match(blocks) ?? [])
      .map((block) => new X509Certificate(block))
      .find(({ fingerprint256 }) => fingerprint256.replaceAll(':', '') === thumbprintSha256);
    return leaf && Date.parse(leaf.validTo);
  } catch {
    return undefined;
  }
}
