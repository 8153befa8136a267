import { type CryptoKey, importJWK } from 'jose';
import { isJsonObject } from '../graph/json.ts';
import { DocumentError } from './keys/documentError.ts';

/** A public key of the authority's. */
export interface SigningKey {
  readonly key: CryptoKey;
  /** The issuer that it is for, where the authority says it. */
  readonly issuer: string | undefined;
}

/** Keys by their ids. */
export type KeySet = ReadonlyMap<string, SigningKey>;

const maximumKeys = 100;

/**
 * Makes keys of a key document. What is not for RS256 is left out, because other keys may stand beside those.
 * @throws DocumentError where nothing is left, or two keys have one id.
 */
export async function readKeySet(document: unknown): Promise<KeySet> {
  const entries = isJsonObject(document) ? document['keys'] : undefined;
  if (!Array.isArray(entries) || entries.length > maximumKeys) {
    throw new DocumentError('it has no list of keys, or an endless one');
  }
  const keys = new Map<string, SigningKey>();
  for (const entry of entries) {
    const [kid, key] = (await readKey(entry)) ?? [];
    if (kid !== undefined && key !== undefined) {
      if (keys.has(kid)) {
        throw new DocumentError('two of its keys have one id');
      }
      keys.set(kid, key);
    }
  }
  if (keys.size === 0) {
    throw new DocumentError('it has no key for RS256');
  }
  return keys;
}

async function readKey(entry: unknown): Promise<readonly [string, SigningKey] | undefined> {
  if (!isJsonObject(entry)) {
    return undefined;
  }
  const { kty, use = 'sig', alg = 'RS256', kid, n, e, issuer } = entry;
  const isForRs256 = kty === 'RSA' && use === 'sig' && alg === 'RS256';
  if (!isForRs256 || typeof n !== 'string' || typeof e !== 'string') {
    return undefined;
  }
  if (
    typeof kid !== 'string' ||
    kid === '' ||
    (issuer !== undefined && typeof issuer !== 'string')
  ) {
    return undefined;
  }
  // Only the public half of what is published is taken, whatever else stands there.
  const key = await importJWK({ kty, n, e }, 'RS256').catch(() => undefined);
  return key instanceof Uint8Array || key === undefined || !isStrong(key)
    ? undefined
    : [kid, { key, issuer }];
}

function isStrong({ algorithm }: CryptoKey): boolean {
  return (
    'modulusLength' in algorithm &&
    typeof algorithm.modulusLength === 'number' &&
    algorithm.modulusLength >= 2048
  );
}
