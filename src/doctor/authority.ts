import type { InboundConfig } from '../config/identity.ts';
import { createDocumentClient } from '../identity/documentClient.ts';
import { issuerRootsOf } from '../identity/issuers.ts';
import { DocumentError } from '../identity/keys/documentError.ts';
import { loadKeySet } from '../identity/keys/loadKeySet.ts';
import { type EndpointFacts, probeEndpoint } from './endpoint.ts';
import { type ProbeParts, reasonOf, withinTimeout } from './probes/probeParts.ts';

/** Whether the gateway could load the keys that it checks callers' tokens with. */
export type KeyFacts =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'unusable'; readonly problem: string };

/** What was found out about the authority. */
export interface AuthorityFacts {
  /** The answer to a request for its metadata. */
  readonly endpoint: EndpointFacts;
  readonly keys: KeyFacts;
}

/** Where the metadata of the authority are: the tenant's own where there is one, those of all organizations else. */
export function metadataUrlOf(inbound: InboundConfig): URL {
  const path = `/${encodeURIComponent(tenantOf(inbound))}/v2.0/.well-known/openid-configuration`;
  return new URL(path, inbound.authorityHost);
}

/** Asks the authority in both ways at once: step by step, and as the gateway does. */
export async function probeAuthority(
  inbound: InboundConfig,
  parts: ProbeParts,
): Promise<AuthorityFacts> {
  const [endpoint, keys] = await Promise.all([
    probeEndpoint({ url: metadataUrlOf(inbound) }, parts),
    probeKeys(inbound, parts),
  ]);
  return { endpoint, keys };
}

async function probeKeys(inbound: InboundConfig, parts: ProbeParts): Promise<KeyFacts> {
  const authority = new URL(inbound.authorityHost);
  const client = createDocumentClient(parts);
  const source = { authority, tenant: tenantOf(inbound), issuerRoots: issuerRootsOf(authority) };
  try {
    await withinTimeout(parts, (signal) => loadKeySet(source, client.read, signal));
    return { kind: 'loaded' };
  } catch (error) {
    const problem = error instanceof DocumentError ? error.problem : reasonOf(error);
    return { kind: 'unusable', problem };
  } finally {
    await client.close();
  }
}

function tenantOf({ tenantIds: [first, ...others] }: InboundConfig): string {
  return first === undefined || others.length > 0 ? 'organizations' : first;
}
