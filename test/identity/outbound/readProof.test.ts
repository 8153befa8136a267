import { createHash, createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ClientCredential } from '../../../src/identity/outbound/client/clientProof.ts';
import { readCertificate } from '../../../src/identity/outbound/client/readCertificate.ts';
import { createReadProof } from '../../../src/identity/outbound/client/readProof.ts';
import { OutboundIdentityError } from '../../../src/identity/outbound/tokenFacts.ts';
import { Secret } from '../../../src/secret.ts';
import { createTestCertificates } from '../../support/certificates.ts';

const { good, bad, authority } = createTestCertificates();
const another = createTestCertificates().good;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'proof-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the proof of who the client is', () => {
  it('is the secret', async () => {
    const readProof = createReadProof({ kind: 'secret', secret: new Secret('s3cret') });
    expect(await readProof()).toEqual({ clientSecret: 's3cret' });
  });

  it('is the token in the file, as it is at the moment', async () => {
    const path = join(folder, 'token');
    const readProof = createReadProof({ kind: 'federated-token', path });
    await writeFile(path, 'a.b.c\n');
    expect(await readProof()).toEqual({ clientAssertion: 'a.b.c' });
    await writeFile(path, 'd.e.f');
    expect(await readProof()).toEqual({ clientAssertion: 'd.e.f' });
  });

  it('is the certificate in the file, as it is at the moment, and parsed again only where it changed', async () => {
    const path = join(folder, 'certificate.pem');
    const readProof = createReadProof({ kind: 'certificate', path });
    await writeFile(path, good.key + good.cert);
    const first = await readProof();
    expect(first).toEqual({ clientCertificate: readCertificate(good.key + good.cert) });
    expect(await readProof()).toBe(first);
    await writeFile(path, another.key + another.cert);
    expect(await readProof()).toEqual({
      clientCertificate: readCertificate(another.key + another.cert),
    });
  });

  it.each<[string, ClientCredential['kind'], string | undefined, RegExp]>([
    ['is missing', 'federated-token', undefined, /federated token cannot be read/],
    ['is empty', 'federated-token', '', /holds no token/],
    ['holds something else', 'federated-token', '<html>canary</html>', /holds no token/],
    ['is missing', 'certificate', undefined, /client certificate cannot be read/],
    ['holds something else', 'certificate', 'canary', /has no private key/],
  ])('tells that its file %s (%s)', async (_what, kind, text, sentence) => {
    const path = join(folder, `bad-${kind}`);
    await rm(path, { force: true });
    if (text !== undefined) {
      await writeFile(path, text);
    }
    const readProof = createReadProof({ kind, path, secret: new Secret('') });
    const error: unknown = await readProof().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OutboundIdentityError);
    expect(error).toMatchObject({
      message: expect.stringMatching(sentence),
      facts: text === undefined ? { systemCode: 'ENOENT' } : {},
    });
    expect(String(error)).not.toMatch(/canary|bad-/);
  });
});

describe('readCertificate', () => {
  const der = new X509Certificate(good.cert).raw;
  const thumbprintSha256 = createHash('sha256').update(der).digest('hex').toUpperCase();

  it.each([
    ['key first', good.key + good.cert],
    ['certificate first', good.cert + good.key],
    ['an authority before the leaf', good.key + authority + good.cert],
    ['lines of Windows', (good.key + good.cert).replaceAll('\n', '\r\n')],
    ['words around', `Bag Attributes\n${good.key}subject=x\n${good.cert}`],
  ])('finds key and leaf in a file with %s', (_what, pem) => {
    expect(readCertificate(pem)).toEqual({ thumbprintSha256, privateKey: good.key });
  });

  it('sends the chain where it is wanted, the leaf first', () => {
    const { x5c } = readCertificate(good.key + authority + good.cert, { sendsChain: true });
    const sent = (x5c ?? '').match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
    expect(sent.map((pem) => new X509Certificate(pem).fingerprint256)).toEqual(
      [good.cert, authority].map((pem) => new X509Certificate(pem).fingerprint256),
    );
  });

  it('opens a key with its passphrase, and with no other', () => {
    const pem = lock(good.key, 'open sesame') + good.cert;
    const opened = readCertificate(pem, { passphrase: new Secret('open sesame') });
    expect(opened.privateKey).toBe(good.key);
    expect(() => readCertificate(pem)).toThrow(/cannot be read/);
    expect(() => readCertificate(pem, { passphrase: new Secret('canary') })).toThrow(
      /^(?!.*canary).*cannot be read/,
    );
  });

  it.each([
    ['no key', good.cert, /no private key/],
    ['no certificate', good.key, /no certificate that belongs to its key/],
    ['the certificate of another key', good.key + authority, /no certificate that belongs/],
    ['a broken certificate', `${good.key}${good.cert.replace('MII', 'AAA')}`, /cannot be read/],
    ['a broken key', good.key.replace('MII', 'AAA') + good.cert, /cannot be read/],
    ['a key that is not of RSA', `${ellipticKey()}${bad.selfSigned.cert}`, /not of RSA/],
  ])('refuses a file with %s', (_what, pem, sentence) => {
    expect(() => readCertificate(pem)).toThrow(sentence);
    expect(() => readCertificate(pem)).toThrow(OutboundIdentityError);
  });
});

function ellipticKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function lock(key: string, passphrase: string): string {
  const cipher = 'aes-256-cbc';
  return createPrivateKey(key)
    .export({ type: 'pkcs8', format: 'pem', cipher, passphrase })
    .toString();
}
