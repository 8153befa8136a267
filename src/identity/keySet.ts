import { type CryptoKey, importJWK } from 'jose';
import { isGuid } from '../shared/guid.ts';
import { isJsonObject } from '../shared/json.ts';
import { isLoopback } from '../shared/proxy.ts';
import { DocumentError, type ReadDocument } from './documentClient.ts';
import { type IssuerRoots, issuerOf } from './issuers.ts';

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

/** Where the keys come from. */
export interface KeySource {
  readonly authority: URL;
  /** A tenant's id, or `organizations` for all of them. */
  readonly tenant: string;
  readonly issuerRoots: IssuerRoots;
  /** Origins beside the authority's own from which its keys may come. */
  readonly keyOrigins?: readonly string[] | undefined;
}

/** Loads the keys that the metadata of the authority point to. @throws DocumentError if they cannot be believed. */
export async function loadKeySet(
  source: KeySource,
  read: ReadDocument,
  signal: AbortSignal,
): Promise<KeySet> {
  const path = `/${encodeURIComponent(source.tenant)}/v2.0/.well-known/openid-configuration`;
  const metadata = await read(new URL(path, source.authority), signal);
  return readKeySet(await read(keyAddressOf(metadata, source), signal));
}

/** The address of the keys, which is the authority's to say, but not as far as to send the gateway anywhere. */
function keyAddressOf(metadata: unknown, source: KeySource): URL {
  const { issuer, jwks_uri: address } = isJsonObject(metadata) ? metadata : {};
  const { tenant, issuerRoots } = source;
  if (issuer !== issuerOf(issuerRoots, '2.0', isGuid(tenant) ? tenant.toLowerCase() : undefined)) {
    throw new DocumentError('the metadata are those of another issuer');
  }
  const url = typeof address === 'string' && URL.canParse(address) ? new URL(address) : undefined;
  const origins = [source.authority.origin, issuerRoots.v2, ...(source.keyOrigins ?? [])];
  if (url === undefined || !isSafe(url) || !origins.includes(url.origin)) {
    throw new DocumentError('the metadata say that the keys are somewhere else');
  }
  return url;
}

function isSafe({ protocol, hostname, username, password }: URL): boolean {
  const isPrivate = protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
  return isPrivate && username === '' && password === '';
}
