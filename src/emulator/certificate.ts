import { generateKeyPairSync } from 'node:crypto';

/** A key and its certificate in PEM, for a TLS server on loopback. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

const dayMs = 86_400_000;
const validDays = 30;
const dnsName = 2;
const ipAddress = 7;

/**
 * Makes a self-signed certificate for localhost, 127.0.0.1 and ::1, valid from a day ago for 30 days. The library is
 * loaded only here, because few need it.
 */
export async function makeLoopbackCertificate(nowMs: number): Promise<ServerCertificate> {
  const { default: forge } = await import('node-forge');
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  // The time, so that no client takes a new certificate for an old one; the first digit keeps it positive and short.
  certificate.serialNumber = `1${nowMs.toString(16).padStart(11, '0')}`;
  certificate.validity.notBefore = new Date(nowMs - dayMs);
  certificate.validity.notAfter = new Date(nowMs + validDays * dayMs);
  const name = [{ name: 'commonName', value: 'Embedded Graph' }];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    {
      name: 'subjectAltName',
      altNames: [
        { type: dnsName, value: 'localhost' },
        { type: ipAddress, ip: '127.0.0.1' },
        { type: ipAddress, ip: '::1' },
      ],
    },
  ]);
  certificate.sign(forge.pki.privateKeyFromPem(privateKey), forge.md.sha256.create());
  return { key: privateKey, cert: forge.pki.certificateToPem(certificate) };
}
