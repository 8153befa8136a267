import type { InboundConfig } from '../config/identity.ts';
import { createDocumentReader, DocumentError, keyTenantOf, loadKeySet } from '../identity/keys.ts';
import {
  type EndpointFacts,
  type ProbeParts,
  probeEndpoint,
  reasonOf,
  unreachedFinding,
  withinTimeout,
} from './endpoint.ts';
import { type Finding, findingsOf } from './finding.ts';

/** Asks the authority in both ways at once: step by step, and for the keys as the gateway does. */
export async function checkAuthority(
  { authorityHost, tenantIds }: InboundConfig,
  parts: ProbeParts,
) {
  const tenant = keyTenantOf(tenantIds);
  const path = `/${encodeURIComponent(tenant)}/v2.0/.well-known/openid-configuration`;
  const url = new URL(path, authorityHost);
  const [endpoint, keyProblem] = await Promise.all([
    probeEndpoint({ url }, parts),
    findKeyProblem(new URL(authorityHost), tenant, parts),
  ]);
  return { endpoint, finding: authorityFinding(url, endpoint, keyProblem) };
}

async function findKeyProblem(
  authority: URL,
  tenant: string,
  parts: ProbeParts,
): Promise<string | undefined> {
  const read = createDocumentReader(parts);
  try {
    await withinTimeout(parts, (signal) => loadKeySet({ authority, tenant }, read, signal));
    return undefined;
  } catch (error) {
    return error instanceof DocumentError ? error.problem : reasonOf(error);
  }
}

function authorityFinding(
  url: URL,
  endpoint: EndpointFacts,
  keyProblem: string | undefined,
): Finding {
  const { ok, problem } = findingsOf('authority');
  if (keyProblem === undefined) {
    return ok(`${url.host} answers; its issuer is as expected, its keys are readable.`);
  }
  if (endpoint.kind === 'unreached') {
    return unreachedFinding('authority', url, endpoint);
  }
  return problem(
    `The metadata or keys of ${url.host} cannot be used: ${keyProblem}.`,
    endpoint.status === 400 || endpoint.status === 404
      ? 'The tenant is not known there: check AZURE_TENANT_ID, AUTH_TENANTS and GRAPH_CLOUD.'
      : 'Check AZURE_AUTHORITY_HOST and GRAPH_CLOUD, and proxies and firewalls between this machine and it.',
  );
}
