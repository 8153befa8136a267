import type { InboundConfig } from '../config/identity.ts';
import { createDocumentReader, DocumentError } from '../identity/documentClient.ts';
import { loadKeySet } from '../identity/keySet.ts';
import { keyTenantOf } from '../identity/startIdentity.ts';
import {
  type EndpointFacts,
  type ProbeParts,
  probeEndpoint,
  reasonOf,
  unreachedFinding,
  withinTimeout,
} from './endpoint.ts';
import { type Finding, ok, problem } from './finding.ts';

/** Whether the gateway could load the keys that it checks callers' tokens with. */
type KeyFacts =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'unusable'; readonly problem: string };

/** What was found out about the authority. */
export interface AuthorityFacts {
  /** The answer to a request for its metadata. */
  readonly endpoint: EndpointFacts;
  readonly keys: KeyFacts;
}

/** Where the metadata of the authority are: the tenant's own if there is one, those of all organizations else. */
export function metadataUrlOf(inbound: InboundConfig): URL {
  const path = `/${encodeURIComponent(keyTenantOf(inbound.tenantIds))}/v2.0/.well-known/openid-configuration`;
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
  const source = { authority, tenant: keyTenantOf(inbound.tenantIds) };
  try {
    await withinTimeout(parts, (signal) => loadKeySet(source, createDocumentReader(parts), signal));
    return { kind: 'loaded' };
  } catch (error) {
    const problem = error instanceof DocumentError ? error.problem : reasonOf(error);
    return { kind: 'unusable', problem };
  }
}

/** Judges whether callers' tokens could be checked: the authority is reached, and is the one it says it is. */
export function authorityFindings(
  url: URL,
  { endpoint, keys }: AuthorityFacts,
): readonly Finding[] {
  if (keys.kind === 'loaded') {
    return [
      ok('authority', `${url.host} answers; its issuer is as expected, its keys are readable.`),
    ];
  }
  if (endpoint.kind === 'unreached') {
    return [unreachedFinding('authority', url, endpoint)];
  }
  const message = `The metadata or keys of ${url.host} cannot be used: ${keys.problem}.`;
  const isTenant = endpoint.status === 400 || endpoint.status === 404;
  return [
    problem(
      'authority',
      message,
      isTenant
        ? 'The tenant is not known there: check AZURE_TENANT_ID, AUTH_TENANTS and GRAPH_CLOUD.'
        : 'Check AZURE_AUTHORITY_HOST and GRAPH_CLOUD, and proxies and firewalls between this machine and it.',
    ),
  ];
}
