import type { AuthorityFacts } from '../authority.ts';
import { type Finding, ok, problem } from '../finding.ts';
import { unreachedFinding } from './unreachedFinding.ts';

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
        : 'Check AZURE_AUTHORITY_HOST and GRAPH_CLOUD, and what stands between this machine and it.',
    ),
  ];
}
