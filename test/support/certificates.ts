import { constants, privateEncrypt } from 'node:crypto';
import forge from 'node-forge';
import { makeKeyPair } from './keyPairs.ts';
import { ofTestFile } from './ofTestFile.ts';

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
  // Found by a test's own proxy only, so that a connection past it is seen.
  { type: dnsName, value: '*.example.test' },
];

const nextSet = ofTestFile(() => ({ number: 0 }));
const sets: TestCertificates[] = [];

/** Gives certificates that nothing else in this test file has. It takes no network and no files. */
export function createTestCertificates(): TestCertificates {
  const number = nextSet().number++;
  const set = sets[number] ?? makeCertificates();
  sets[number] = set;
  return set;
}

export function makeCertificates(): TestCertificates {
  const [trusted, stranger, server] = [makeKeyPair(), makeKeyPair(), makeKeyPair()];
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
