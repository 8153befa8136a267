import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { makeKeyPair } from '../keyPairs.ts';
import { ofTestFile } from '../ofTestFile.ts';

/** A key pair with the id under which its public half is published. */
export type AuthorityKey = ReturnType<typeof makeAuthorityKey>;

const keys: AuthorityKey[] = [];
const lent = ofTestFile(() => ({ count: 0 }));

/** Gives a key that nothing else in this test file has. Making them would be a tenth of the time of all tests. */
export function createAuthorityKey(): AuthorityKey {
  const number = lent().count++;
  keys[number] ??= makeAuthorityKey();
  return keys[number];
}

function makeAuthorityKey() {
  const pair = makeKeyPair();
  const publicKey = createPublicKey(pair.publicKey);
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const kid = createHash('sha1').update(n).digest('base64url');
  const jwk = { kty: 'RSA', use: 'sig', kid, x5t: kid, n, e };
  return { kid, privateKey: createPrivateKey(pair.privateKey), publicKey, jwk };
}
