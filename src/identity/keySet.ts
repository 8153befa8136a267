import { type CryptoKey, importJWK } from 'jose';
import type { EndSignal } from '../shared/clock.ts';
import { isGuid } from '../shared/forms.ts';
import { isJsonObject } from '../shared/json.ts';
import { isLoopback } from '../shared/proxy.ts';
import { DocumentError, type ReadDocument } from './documentClient.ts';
import { issuerOf, issuerRootsOf } from './issuers.ts';

/** A public key of the authority's. */
export interface SigningKey {
  readonly key: CryptoKey;
  /** The issuer that it is for, if the authority says it. */
  readonly issuer: string | undefined;
}

/** Keys by their ids. */
export type KeySet = ReadonlyMap<string, SigningKey>;

const maximumKeys = 100;

/**
 * Makes keys of a key document. What is not for RS256 is left out, because other keys may stand beside those.
 * @throws DocumentError if nothing is left, or two keys have one id.
 */
export async function readKeySet(document: unknown): Promise<KeySet> {
  const entries = isJsonObject(document) ? document['keys'] : undefined;
  if (!Array.isArray(entries) || entries.length > maximumKeys) {
    throw new DocumentError('it has no list of keys, or an endless one');
  }
  const keys = new Map<string, SigningKey>();
  for (const entry of entries.filter(isJsonObject)) {
    const { kid, issuer } = entry;
    const isNamed = typeof kid === 'string' && kid !== '';
    const key = await importKey(entry);
    if (isNamed && key && (issuer === undefined || typeof issuer === 'string')) {
      if (keys.has(kid)) {
        throw new DocumentError('two of its keys have one id');
      }
      keys.set(kid, { key, issuer });
    }
  }
  if (keys.size === 0) {
    throw new DocumentError('it has no key for RS256');
  }
  return keys;
}

async function importKey(entry: Readonly<Record<string, unknown>>): Promise<CryptoKey | undefined> {
  const { kty, use = 'sig', alg = 'RS256', n, e } = entry;
  const isForRs256 = kty === 'RSA' && use === 'sig' && alg === 'RS256';
  if (!isForRs256 || typeof n !== 'string' || typeof e !== 'string') {
    return undefined;
  }
  // Only the public half of what is published is taken, whatever else stands there.
  const key = await importJWK({ kty, n, e }, 'RS256').catch(() => undefined);
  return key instanceof Uint8Array || key === undefined || !isStrong(key) ? undefined : key;
}

function isStrong({ algorithm }: CryptoKey): boolean {
  return 'modulusLength' in algorithm && Number(algorithm.modulusLength) >= 2048;
}

/** Where the keys come from. */
export interface KeySource {
  readonly authority: URL;
  /** A tenant's id, or `organizations` for all of them. */
  readonly tenant: string;
}

/** Loads the keys that the metadata of the authority point to. @throws DocumentError if they cannot be believed. */
export async function loadKeySet(
  source: KeySource,
  read: ReadDocument,
  end: EndSignal,
): Promise<KeySet> {
  const path = `/${encodeURIComponent(source.tenant)}/v2.0/.well-known/openid-configuration`;
  const metadata = await read(new URL(path, source.authority), end);
  return readKeySet(await read(keyAddressOf(metadata, source), end));
}

/** The address of the keys, which is the authority's to say, but not as far as to send the gateway anywhere. */
function keyAddressOf(metadata: unknown, { authority, tenant }: KeySource): URL {
  const { issuer, jwks_uri: address } = isJsonObject(metadata) ? metadata : {};
  const roots = issuerRootsOf(authority);
  if (issuer !== issuerOf(roots, '2.0', isGuid(tenant) ? tenant.toLowerCase() : undefined)) {
    throw new DocumentError('the metadata are those of another issuer');
  }
  const url = typeof address === 'string' && URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !isSafe(url) || ![authority.origin, roots.v2].includes(url.origin)) {
    throw new DocumentError('the metadata say that the keys are somewhere else');
  }
  return url;
}

function isSafe({ protocol, hostname, username, password }: URL): boolean {
  const isPrivate = protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
  return isPrivate && username === '' && password === '';
}
