import { hostedSandbox } from '../config/http.ts';
import { type EndpointFacts, probeEndpoint } from './endpoint.ts';
import type { ProbeParts } from './probes/probeParts.ts';

/** How a running gateway answers. */
export interface GatewayFacts {
  readonly readiness: EndpointFacts;
  /** To a small query without a token. */
  readonly query: EndpointFacts;
  readonly introspection: EndpointFacts;
  /** To a browser at the hosted Sandbox that asks whether it may send one. */
  readonly preflight: EndpointFacts;
}

/** Asks a running gateway, as a browser at the hosted Sandbox would. */
export async function probeGateway(url: URL, parts: ProbeParts): Promise<GatewayFacts> {
  const root = url.href.replace(/\/(graphql)?\/?$/, '');
  const graphql = new URL(`${root}/graphql`);
  const headers = { 'content-type': 'application/json', origin: hostedSandbox };
  const post = (query: string): Promise<EndpointFacts> =>
    probeEndpoint(
      { url: graphql, method: 'POST', headers, body: JSON.stringify({ query }) },
      parts,
    );
  const [readiness, query, introspection, preflight] = await Promise.all([
    probeEndpoint({ url: new URL(`${root}/readyz`) }, parts),
    post('{ __typename }'),
    post('{ __schema { queryType { name } } }'),
    probeEndpoint(
      {
        url: graphql,
        method: 'OPTIONS',
        headers: {
          origin: hostedSandbox,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type',
        },
      },
      parts,
    ),
  ]);
  return { readiness, query, introspection, preflight };
}
