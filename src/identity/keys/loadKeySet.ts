import { isJsonObject } from '../../graph/json.ts';
import { isLoopback } from '../../loopback.ts';
import type { ReadDocument } from '../documentClient.ts';
import { isGuid } from '../guid.ts';
import { type IssuerRoots, issuerOf } from '../issuers.ts';
import { type KeySet, readKeySet } from '../keySet.ts';
import { DocumentError } from './documentError.ts';

/** Where the keys come from. */
export interface KeySource {
  readonly authority: URL;
  /** A tenant's id, or `organizations` for all of them. */
  readonly tenant: string;
  readonly issuerRoots: IssuerRoots;
  /** Origins beside the authority's own from which its keys may come. */
  readonly keyOrigins?: readonly string[] | undefined;
}

/** Loads the keys that the metadata of the authority point to. @throws DocumentError where they cannot be believed. */
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
