import { generateKeyPairSync } from 'node:crypto';
import { ofTestFile } from './ofTestFile.ts';

/** An RSA key pair as PEM texts. */
export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

export interface LentKeyPair extends KeyPair {
  readonly number: number;
}

const lent = ofTestFile(() => new Set<number>());
const pairs: KeyPair[] = [];

/** Lends one that is unused in this test file. Making them would be a tenth of the time of all tests. */
export function lendKeyPair(): LentKeyPair {
  let number = 0;
  while (lent().has(number)) {
    number += 1;
  }
  lent().add(number);
  const pair = pairs[number] ?? makeKeyPair();
  pairs[number] = pair;
  return { ...pair, number };
}

/** Makes it free for other uses in this test file. */
export function takeKeyPairBack({ number }: LentKeyPair): void {
  lent().delete(number);
}

export function makeKeyPair(): KeyPair {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
}
