import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { type LentKeyPair, lendKeyPair, takeKeyPairBack } from '../keyPairs.ts';

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
  /** Lets the next authority have them. */
  giveBack(): void;
}

/** Makes an unpublished key pair. */
export const createAuthorityKey = (): AuthorityKey => authorityKeyOf(lendKeyPair());

function authorityKeyOf(pair: LentKeyPair): AuthorityKey {
  const privateKey = createPrivateKey(pair.privateKey);
  const publicKey = createPublicKey(pair.publicKey);
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
  const lent: LentKeyPair[] = [];
  const create = (): AuthorityKey => {
    const pair = lendKeyPair();
    lent.push(pair);
    return authorityKeyOf(pair);
  };
  let published: readonly [AuthorityKey, ...AuthorityKey[]] = [create()];
  return {
    get current() {
      return published[0];
    },
    get published() {
      return published;
    },
    rotate(dropOld = false) {
      const key = create();
      published = [key, ...(dropOld ? [] : published)];
      return key;
    },
    giveBack() {
      lent.splice(0).forEach(takeKeyPairBack);
    },
  };
}
