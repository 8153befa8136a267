import { constants, privateEncrypt } from 'node:crypto';
import forge from 'node-forge';
import { makeKeyPair } from './keyPairs.ts';
import { ofTestFile } from './ofTestFile.ts';

/** A key and its certificate, with those in between, as PEM texts: what a TLS server needs. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

export type TestCertificates = ReturnType<typeof makeCertificates>;
/** What can be wrong with a certificate. `unknownAuthority` has the trusted one's name and another key. */
export type BadCertificate = keyof TestCertificates['bad'];

interface Issuer {
  readonly name: string;
  readonly privateKey: string;
}

const dayMs = 86_400_000;
const [dnsName, ipAddress] = [2, 7];
const namesOf = (...altNames: readonly object[]) => ({ name: 'subjectAltName', altNames });
const loopback = namesOf(
  { type: dnsName, value: 'localhost' },
  { type: ipAddress, ip: '127.0.0.1' },
  // Found by a test's own proxy only, so that a connection past it is seen.
  { type: dnsName, value: '*.example.test' },
);

const nextSet = ofTestFile(() => ({ number: 0 }));
const sets: TestCertificates[] = [];

/** Gives certificates that nothing else in this test file has. It takes no network and no files. */
export function createTestCertificates(): TestCertificates {
  const number = nextSet().number++;
  sets[number] ??= makeCertificates();
  return sets[number];
}

/** Makes one good certificate for loopback and all the bad ones. */
export function makeCertificates() {
  const [trusted, stranger, server] = [makeKeyPair(), makeKeyPair(), makeKeyPair()];
  const authority = { name: 'Test authority', privateKey: trusted.privateKey };
  const name = 'Test server';
  const issue = (
    issuer: Issuer = authority,
    extension = loopback,
    validDays?: readonly [number, number],
  ): ServerCertificate => ({
    key: server.privateKey,
    cert: sign(name, extension, server.publicKey, issuer, validDays),
  });
  const ofAuthority = { name: 'basicConstraints', cA: true, critical: true };
  const elsewhere = namesOf({ type: dnsName, value: 'elsewhere.example' });
  return {
    /** What a client has to trust to accept the good one. */
    authority: sign(authority.name, ofAuthority, trusted.publicKey, authority),
    good: issue(),
    bad: {
      selfSigned: issue({ name, privateKey: server.privateKey }),
      unknownAuthority: issue({ ...authority, privateKey: stranger.privateKey }),
      wrongHost: issue(authority, elsewhere),
      expired: issue(authority, undefined, [-365, -1]),
      notYetValid: issue(authority, undefined, [1, 365]),
    },
  };
}

let serialNumber = 1;

/** Valid for a year to either side of today, unless other days are given. */
function sign(
  name: string,
  extension: object,
  publicKey: string,
  issuer: Issuer,
  [from, to]: readonly [number, number] = [-365, 365],
): string {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = (serialNumber++).toString(16).padStart(4, '0');
  certificate.validity.notBefore = new Date(Date.now() + from * dayMs);
  certificate.validity.notAfter = new Date(Date.now() + to * dayMs);
  certificate.setSubject([{ name: 'commonName', value: name }]);
  certificate.setIssuer([{ name: 'commonName', value: issuer.name }]);
  certificate.setExtensions([extension]);
  certificate.sign(signerWith(issuer.privateKey), forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate);
}

/** What says in a signature of PKCS #1 that a SHA-256 follows. */
const sha256Prefix = Buffer.from('3031300d060960864801650304020105000420', 'hex');

/** As forge's own key, but with Node.js's arithmetic, which is fifty times as fast. */
function signerWith(privateKey: string): forge.pki.rsa.PrivateKey {
  const sign = (digest: forge.md.MessageDigest): string => {
    const hash = Buffer.from(digest.digest().getBytes(), 'latin1');
    const key = { key: privateKey, padding: constants.RSA_PKCS1_PADDING };
    return privateEncrypt(key, Buffer.concat([sha256Prefix, hash])).toString('latin1');
  };
  return { sign } as unknown as forge.pki.rsa.PrivateKey;
}
