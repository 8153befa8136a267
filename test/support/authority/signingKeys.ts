import { createHash, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';

/** A key pair with the id under which its public half is published. */
export interface AuthorityKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** The public half as the key document has it. */
  readonly jwk: JsonWebKey;
}

/** The keys of an authority, the current one first. */
export interface AuthorityKeys {
  readonly current: AuthorityKey;
  readonly published: readonly AuthorityKey[];
  /** Signs with a new key from now on; the old ones stay published unless they are dropped. */
  rotate(dropOld?: boolean): AuthorityKey;
}

/** Makes a key pair that nobody publishes. */
export function createAuthorityKey(): AuthorityKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { n, e } = publicKey.export({ format: 'jwk' });
  const kid = createHash('sha1')
    .update(n ?? '')
    .digest('base64url');
  return {
    kid,
    privateKey,
    publicKey,
    jwk: { kty: 'RSA', use: 'sig', kid, x5t: kid, ...(n && { n }), ...(e && { e }) },
  };
}

/** Makes the first key. */
export function createAuthorityKeys(): AuthorityKeys {
  let published: readonly [AuthorityKey, ...AuthorityKey[]] = [createAuthorityKey()];
  return {
    get current() {
      return published[0];
    },
    get published() {
      return published;
    },
    rotate(dropOld = false) {
      const key = createAuthorityKey();
      published = [key, ...(dropOld ? [] : published)];
      return key;
    },
  };
}
