import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readCertificateLife } from '../../src/doctor/probes/readCertificateLife.ts';
import { createTestCertificates, type TestCertificates } from '../support/certificates.ts';

let folder: string;
let certificates: TestCertificates;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'certificate-'));
  certificates = createTestCertificates();
});
afterAll(() => rm(folder, { recursive: true }));

async function lifeOf(...pem: string[]): Promise<number | undefined> {
  const path = join(folder, 'client.pem');
  await writeFile(path, pem.join('\n'));
  return readCertificateLife({
    kind: 'certificate',
    path,
    passphrase: undefined,
    sendsChain: false,
  });
}

const daysFromNow = (endsAtMs: number | undefined): number =>
  Math.round(((endsAtMs ?? Number.NaN) - Date.now()) / 86_400_000);

describe('the life of a client certificate', () => {
  it('is the one of the certificate that belongs to the key, wherever it stands in the file', async () => {
    const { good, bad, authority } = certificates;
    expect(daysFromNow(await lifeOf(authority, good.key, good.cert))).toBe(365);
    expect(daysFromNow(await lifeOf(bad.expired.cert, authority, bad.expired.key))).toBe(-1);
  });

  it('is not known where the file has no key, no certificate or is not there', async () => {
    const { good } = certificates;
    const missing = {
      kind: 'certificate',
      path: join(folder, 'none'),
      passphrase: undefined,
      sendsChain: false,
    } as const;
    expect(await lifeOf(good.cert)).toBeUndefined();
    expect(await lifeOf(good.key)).toBeUndefined();
    expect(await readCertificateLife(missing)).toBeUndefined();
  });
});
