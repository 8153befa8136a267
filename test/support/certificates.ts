import { generateKeyPairSync } from 'node:crypto';
import forge from 'node-forge';

/** A key and its certificate, with those in between, as PEM texts: what a TLS server needs. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

/** What can be wrong with a certificate. `unknownAuthority` has the trusted one's name and another key. */
export type BadCertificate =
  | 'selfSigned'
  | 'unknownAuthority'
  | 'wrongHost'
  | 'expired'
  | 'notYetValid';

/** One good certificate for loopback and all the bad ones. */
export interface TestCertificates {
  /** What a client has to trust to accept the good one. */
  readonly authority: string;
  readonly good: ServerCertificate;
  readonly bad: Readonly<Record<BadCertificate, ServerCertificate>>;
}

interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

interface Traits {
  readonly name: string;
  readonly extensions: readonly object[];
  /** Days from today; a year to either side where absent. */
  readonly validDays?: readonly [from: number, to: number];
}

interface Issuer {
  readonly name: string;
  readonly privateKey: string;
}

const dayMs = 86_400_000;
const ipAddress = 7;
const dnsName = 2;

const loopback = [
  { type: dnsName, value: 'localhost' },
  { type: ipAddress, ip: '127.0.0.1' },
];

/** Makes the certificates: no network, no files, but some tenths of a second, so once for a test file. */
export function createTestCertificates(): TestCertificates {
  const trusted = createKeys();
  const stranger = createKeys();
  const server = createKeys();
  const authority = { name: 'Test authority', privateKey: trusted.privateKey };
  const serverTraits = { name: 'Test server', extensions: [subjectAltName(loopback)] };
  const issue = (traits: Partial<Traits>, issuer: Issuer = authority): ServerCertificate => ({
    key: server.privateKey,
    cert: sign({ ...serverTraits, ...traits }, server.publicKey, issuer),
  });
  const authorityTraits = {
    name: authority.name,
    extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
  };
  return {
    authority: sign(authorityTraits, trusted.publicKey, authority),
    good: issue({}),
    bad: {
      selfSigned: issue({}, { name: serverTraits.name, privateKey: server.privateKey }),
      unknownAuthority: issue({}, { ...authority, privateKey: stranger.privateKey }),
      wrongHost: issue({
        extensions: [subjectAltName([{ type: dnsName, value: 'elsewhere.example' }])],
      }),
      expired: issue({ validDays: [-365, -1] }),
      notYetValid: issue({ validDays: [1, 365] }),
    },
  };
}

const subjectAltName = (altNames: readonly object[]): object => ({
  name: 'subjectAltName',
  altNames,
});

function createKeys(): KeyPair {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
}

let serialNumber = 1;

function sign(traits: Traits, publicKey: string, issuer: Issuer): string {
  const [from, to] = traits.validDays ?? [-365, 365];
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = (serialNumber++).toString(16).padStart(4, '0');
  certificate.validity.notBefore = new Date(Date.now() + from * dayMs);
  certificate.validity.notAfter = new Date(Date.now() + to * dayMs);
  certificate.setSubject([{ name: 'commonName', value: traits.name }]);
  certificate.setIssuer([{ name: 'commonName', value: issuer.name }]);
  certificate.setExtensions([...traits.extensions]);
  certificate.sign(forge.pki.privateKeyFromPem(issuer.privateKey), forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate);
}
